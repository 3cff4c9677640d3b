"""Pre-checks: whoever is asked comments on legality, necessity and operability, and can never edit."""

from __future__ import annotations

from typing import Any

from shared.events.intake_suggestions import PreCheckAsked, PreCheckGiven
from tests import kit
from tests.intake.suggestions.conftest import (
    FIRST,
    LEAD,
    Open,
    Paper,
    adviser,
    begun,
    deputy,
    office,
    refusal,
    township,
)

POINTS = ("legality", "necessity", "operability")


async def ask(paper: Paper, organisation: str = "housing") -> Any:
    return await paper.done("POST", "/pre-checks", deputy(LEAD), {"organisation": organisation})


def opinion(point: str = "legality", favourable: bool = True) -> dict[str, Any]:
    return {"point": point, "favourable": favourable, "comment": "符合有关规定，建议补充依据。"}


async def test_an_adviser_who_was_asked_reads_that_text_and_comments_on_it(service: kit.Running) -> None:
    paper = await begun(service, title="征求意见的题目")
    assert refusal(await paper.seen_by(adviser())) == (404, "SuggestionNotFound")
    await ask(paper)
    await paper.save(title="后来的题目")
    seen = (await paper.seen_by(adviser())).json()
    assert (seen["relation"], seen["title"], seen["content_version"]) == ("adviser", "征求意见的题目", 1)
    assert (seen["steps"], seen["co_signers"], seen["form"]["conflicts"]) == ([], [], {})
    kept = await paper.done("POST", "/opinions", adviser(), opinion())
    assert (kept["point"], kept["favourable"], kept["content_version"]) == ("legality", True, 1)
    assert [(one["organisation"], one["point_label"], one["comment"]) for one in paper.shown["opinions"]] == [
        ("housing", "合法性", "符合有关规定，建议补充依据。")
    ]
    asked, given = await paper.events()
    assert isinstance(asked, PreCheckAsked) and isinstance(given, PreCheckGiven)
    assert (asked.organisation, given.point, given.favourable) == ("housing", "legality", True)
    assert "comment" not in given.data()


async def test_the_ask_is_addressed_to_the_organisation_alone(service: kit.Running) -> None:
    from sqlalchemy import text

    await ask(await begun(service))
    async with service.tx() as tx:
        subjects = (await tx.execute(text("SELECT subject FROM kit_outbox"))).scalars().all()
    assert subjects == ["lx.320412.intake.pre_check_asked.v1.housing"]


async def test_an_adviser_never_edits_and_does_nothing_but_advise(service: kit.Running) -> None:
    paper = await begun(service)
    await ask(paper)
    before = await service.rows()
    doors = [("PUT", "/form", paper.shown["form"]), ("POST", "/submission", None), ("POST", "/pre-submission", None),
             ("POST", "/pass", None),
             ("POST", "/return", {"reason": "退回"}), ("POST", "/check", {}),
             ("POST", "/refusal", {"ground": "other", "reason": "不妥"}),
             ("POST", "/withdrawal", {"reason": "撤回"}), ("POST", "/pre-checks", {"organisation": "transport"}),
             ("POST", "/contact-readings", {"purpose": "联系"}), ("PUT", "/signature", {"agreed": True, "content_version": 1})]  # fmt: skip
    for method, door, body in doors:
        assert refusal(await paper.call(method, door, adviser(), body)) == (403, "NotPermitted"), door
    assert await service.rows() == before


async def test_advisers_see_their_own_opinions_only_and_who_was_not_asked_none(service: kit.Running) -> None:
    paper = await begun(service)
    await ask(paper)
    await ask(paper, "transport")
    await paper.done("POST", "/opinions", adviser(), opinion())
    assert (await paper.seen_by(adviser("transport"))).json()["opinions"] == []
    assert len((await paper.seen_by(adviser())).json()["opinions"]) == 1
    assert refusal(await paper.call("POST", "/opinions", adviser("health"), opinion())) == (404, "SuggestionNotFound")
    assert refusal(await paper.call("POST", "/pre-checks", deputy(LEAD), {"organisation": "no_such"})) == (422, "OrganisationUnknown")


async def test_asking_again_is_told_only_when_there_is_a_newer_text(service: kit.Running) -> None:
    paper = await begun(service)
    await ask(paper)
    await ask(paper)
    assert await paper.names() == ["PreCheckAsked"]
    await paper.save(title="改过的题目")
    await ask(paper)
    assert await paper.names() == ["PreCheckAsked", "PreCheckAsked"]
    assert (await paper.seen_by(adviser())).json()["title"] == "改过的题目"


async def test_where_the_place_asks_for_it_all_three_points_are_answered_first_and_a_no_does_not_forbid_it(opened: Open) -> None:
    service = await opened(pre_checks_required_for=["recess"])
    paper = await begun(service)
    await ask(paper)
    for number, point in enumerate(POINTS):
        answer = await paper.call("POST", "/submission", deputy(LEAD))
        assert (*refusal(answer), answer.json()["points"]) == (409, "PreChecksMissing", list(POINTS[number:]))
        await paper.done("POST", "/opinions", adviser(), opinion(point, favourable=point != "operability"))
    await paper.submit()
    assert refusal(await paper.call("POST", "/opinions", adviser(), opinion())) == (409, "SuggestionAlreadySubmitted")


async def test_the_newest_opinion_of_an_organisation_counts_and_earlier_ones_stay(service: kit.Running) -> None:
    paper = await begun(service)
    await ask(paper)
    await paper.done("POST", "/opinions", adviser(), opinion(favourable=False))
    await paper.done("POST", "/opinions", adviser(), opinion(favourable=True))
    assert [one["favourable"] for one in paper.shown["opinions"]] == [False, True]
    assert {one["code"]: one["found"] for one in paper.shown["quality"]["parts"]}["legality"] is True
    await ask(paper, "transport")
    await paper.done("POST", "/opinions", adviser("transport"), opinion(favourable=False))
    assert {one["code"]: one["found"] for one in paper.shown["quality"]["parts"]}["legality"] is False


async def test_an_office_asks_and_advises_on_the_text_it_was_handed(service: kit.Running) -> None:
    paper = await begun(service, title="交出的题目")
    await paper.pre_submit()
    await paper.done("POST", "/pre-checks", township(), {"organisation": "housing"})
    assert (await paper.seen_by(adviser())).json()["title"] == "交出的题目"
    await paper.done("POST", "/opinions", office(), opinion())
    assert refusal(await paper.call("POST", "/opinions", township(), opinion())) == (403, "NotAskedForPreCheck")
    assert [one["organisation"] for one in paper.shown["opinions"]] == ["deputies_committee"]


async def test_a_co_signer_asks_nobody(service: kit.Running) -> None:
    paper = await begun(service)
    await paper.invite(FIRST)
    assert refusal(await paper.call("POST", "/pre-checks", deputy(FIRST), {"organisation": "housing"})) == (403, "NotTheLead")
