"""The promise ledger (承诺事项台账): what a reply must promise, what becomes of it, and who hears."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine

from services.routing.clock import overdue_promises
from services.routing.promises import rules
from services.routing.settings import Label, ResultClass
from shared.events.intake_opinions import OpinionWithdrawn
from shared.events.routing_supervising import (
    PromiseChanged,
    PromiseEnded,
    PromiseFellDue,
    PromiseKept,
    PromiseMade,
    PromiseOverdue,
    PromiseRated,
)
from shared.workdays import CHINA
from tests import kit
from tests.routing import golden
from tests.routing.conftest import REPLY, Routing, ago, answering, ok, refused


def housing() -> dict[str, str]:
    """Its token of now: the clock is turned in these tests."""
    return kit.token("department")


def transport() -> dict[str, str]:
    return kit.token("department", organisation="transport")


def day(days: int) -> str:
    """A day in China, so many after today."""
    return (datetime.now(CHINA).date() + timedelta(days=days)).isoformat()


async def promised(routing: Routing, name: str, days: int = 90) -> dict[str, Any]:
    """The promise of a case of this name that was answered with class B."""
    case = await routing.handled(name, until="accepted")
    body = {**REPLY, "class": "B", "promised": "更换路灯，电话 13812345678", "promised_by": day(days)}
    ok(await routing.act(name, "reply", case["version"], body))
    (line,) = ok(await routing.get("/promises", case_id=case["id"]))["items"]
    return ok(await routing.get(f"/promises/{line['id']}"))


async def delivered(routing: Routing, promise: dict[str, Any], who: dict[str, str] | None = None, **changes: Any) -> Any:
    body = {"delivered_at": datetime.now(UTC).isoformat(), "evidence": "现场照片 12 张", **changes}
    return await routing.post(f"/promises/{promise['id']}/keep", body, promise["version"], who or housing())


async def swept(routing: Routing) -> int:
    async with routing.service.tx() as tx:
        return await overdue_promises(tx)


@pytest.mark.parametrize(
    ("body", "fact", "where"),
    [
        ({"class": "B"}, "PromiseMissing", "promised_by"),
        ({"class": "B", "promised": "年底前完成"}, "PromiseMissing", "promised_by"),
        ({"class": "B", "promised_by": "2099-01-01"}, "PromiseMissing", "promised"),
        ({"class": "A", "promised_by": "2099-01-01"}, "PromiseNotNeeded", "promised_by"),
        ({"class": "C", "promised": "年底前完成"}, "PromiseNotNeeded", "promised"),
        ({"class": "B", "promised": "年底前完成", "promised_by": "2020-01-01"}, "PromiseNotLater", "promised_by"),
        ({"class": "B", "promised": "年底前完成", "promised_by": "soon"}, "InvalidRequest", "body.promised_by"),
    ],
)
async def test_a_reply_promises_if_and_only_if_its_class_does_and_else_nothing_is_saved(routing, body, fact, where):
    case = await routing.handled("a", until="accepted")
    before = await routing.service.rows()
    assert refused(await routing.act("a", "reply", case["version"], REPLY | body), 422, fact)["where"] == where
    assert await routing.service.rows() == before


async def test_a_promise_for_the_day_of_the_reply_is_none(routing):
    case = await routing.handled("a", until="accepted")
    body = {**REPLY, "class": "B", "promised": "当天", "promised_by": day(0)}
    assert refused(await routing.act("a", "reply", case["version"], body), 422, "PromiseNotLater")["after"] == day(0)


async def test_a_promise_enters_the_ledger_with_its_reply_and_its_text_is_told_masked(routing):
    promise = await promised(routing, "a")
    assert (promise["state"], promise["department"], promise["source"], promise["round"]) == ("open", "housing", "reply", 1)
    assert (promise["promised_by"], promise["overdue"], promise["version"]) == (day(90), False, 1)
    (told,) = await routing.told(PromiseMade)
    assert (str(told.promise_id), told.opinion_id, told.promised_by.isoformat()) == (promise["id"], golden.opinion_id("a"), day(90))
    assert "13812345678" not in told.promised
    assert "13812345678" in promise["promised"]


async def test_a_kept_promise_carries_evidence_and_the_time_of_delivery_and_is_told(routing):
    promise = await promised(routing, "a")
    refused(await delivered(routing, promise, evidence=" "), 422, "InvalidRequest")
    refused(await delivered(routing, promise, delivered_at=(datetime.now(UTC) + timedelta(days=1)).isoformat()), 422, "DeliveryNotPossible")
    refused(await delivered(routing, promise, delivered_at=ago(days=3).isoformat()), 422, "DeliveryNotPossible")
    refused(await delivered(routing, promise, transport()), 404, "PromiseNotFound")
    refused(await delivered(routing, promise, kit.token("leader")), 403, "NotPermitted")
    refused(await delivered(routing, {**promise, "version": 2}), 409, "StaleVersion")
    kept = ok(await delivered(routing, promise))
    assert (kept["state"], kept["version"], kept["evidence"]) == ("kept", 2, "现场照片 12 张")
    (told,) = await routing.told(PromiseKept)
    assert (told.on_time, told.department, told.opinion_id) == (True, "housing", golden.opinion_id("a"))
    assert refused(await delivered(routing, kept), 409, "PromiseSettled")["state"] == "kept"
    case = await routing.case("a")
    assert (case["status"], case["version"]) == ("replied", 4)  # the case is as its reply left it


async def test_a_changed_promise_keeps_the_days_before_with_reason_and_who_agreed(routing):
    promise = await promised(routing, "a")
    body = {"promised_by": day(120), "reason": "汛期停工，联系 13812345678", "agreed_by": "区人大常委会代表工委"}
    path = f"/promises/{promise['id']}/change"
    refused(await routing.post(path, body | {"promised_by": day(90)}, 1, housing()), 422, "PromiseDayUnchanged")
    refused(await routing.post(path, body | {"promised_by": day(0)}, 1, housing()), 422, "PromiseNotLater")
    refused(await routing.post(path, body | {"agreed_by": ""}, 1, housing()), 422, "InvalidRequest")
    ok(await routing.post(path, body, 1, housing()))
    changed = ok(await routing.post(path, body | {"promised_by": day(100)}, 2, housing()))
    assert (changed["state"], changed["promised_by"], changed["version"]) == ("changed", day(100), 3)
    assert [(one["before"], one["promised_by"]) for one in changed["changes"]] == [(day(90), day(120)), (day(120), day(100))]
    assert {one["agreed_by"] for one in changed["changes"]} == {"区人大常委会代表工委"}
    told = await routing.told(PromiseChanged)
    assert [one.promised_by.isoformat() for one in told] == [day(120), day(100)]
    assert all("13812345678" not in one.reason for one in told)


async def test_a_kept_or_changed_promise_is_rated_again_once_for_each_news(routing):
    promise = await promised(routing, "a")
    path, body = f"/promises/{promise['id']}/rating", {"by": "lead_deputy", "level": "dissatisfied", "comment": "又推迟了"}
    assert refused(await routing.post(path, body, 1), 409, "NothingToRate")["state"] == "open"
    ok(
        await routing.post(
            f"/promises/{promise['id']}/change", {"promised_by": day(99), "reason": "r", "agreed_by": "代表工委"}, 1, housing()
        )
    )
    refused(await routing.post(path, body, 2, housing()), 403, "NotPermitted")
    ok(await routing.post(path, body, 2))
    refused(await routing.post(path, body, 3), 409, "NothingToRate")
    ok(await delivered(routing, {**promise, "version": 3}))
    rated = ok(await routing.post(path, {"by": "resident", "level": "satisfied"}, 4))
    assert [(one["by"], one["level"]) for one in rated["ratings"]] == [("lead_deputy", "dissatisfied"), ("resident", "satisfied")]
    assert [(one.by, one.level) for one in await routing.told(PromiseRated)] == [("lead_deputy", "dissatisfied"), ("resident", "satisfied")]


async def test_an_overdue_promise_is_told_once_the_longest_overdue_first_and_again_only_for_another_day(routing):
    names = {"late": 20, "later": 10, "in_time": 60}
    promises = {name: await promised(routing, name, days) for name, days in names.items()}
    assert await swept(routing) == 0
    now = datetime.now(UTC)
    with time_machine.travel(now + timedelta(days=30)):
        assert [await swept(routing) for _ in range(2)] == [2, 0]
        told = await routing.told(PromiseOverdue)
        assert [str(one.promise_id) for one in told] == [promises["later"]["id"], promises["late"]["id"]]
        assert [one.organisation for one in await routing.told(PromiseFellDue)] == ["housing", "housing"]
        assert len(ok(await routing.get("/promises", overdue=True))["items"]) == 2
        body = {"promised_by": day(5), "reason": "设备到货延迟", "agreed_by": "代表工委"}
        ok(await routing.post(f"/promises/{promises['late']['id']}/change", body, 1, housing()))
        assert await swept(routing) == 0
    with time_machine.travel(now + timedelta(days=40)):
        assert await swept(routing) == 1
        assert str((await routing.told(PromiseOverdue))[-1].promise_id) == promises["late"]["id"]


async def test_two_replicas_tell_of_each_overdue_promise_once(routing):
    for name in "abc":
        await promised(routing, name, 5)
    with time_machine.travel(datetime.now(UTC) + timedelta(days=10)):
        async with routing.service.tx() as one, routing.service.tx() as other:
            assert sorted([await overdue_promises(one), await overdue_promises(other)]) == [0, 3]
    assert len({one.promise_id for one in await routing.told(PromiseOverdue)}) == len(await routing.told(PromiseOverdue)) == 3


async def test_what_is_promised_by_a_day_is_not_late_on_that_day(routing):
    await promised(routing, "a", 5)
    last = datetime.combine(date.fromisoformat(day(5)), datetime.max.time(), CHINA)
    with time_machine.travel(last - timedelta(seconds=5), tick=False):
        assert await swept(routing) == 0
    with time_machine.travel(last + timedelta(seconds=5), tick=False):
        assert await swept(routing) == 1


async def test_the_reply_of_another_round_ends_what_the_one_before_promised(routing):
    promise = await promised(routing, "a")
    case = await routing.rate("a", 1, "dissatisfied")
    ok(await routing.act("a", "accept", case["version"]))
    ok(await routing.act("a", "reply", case["version"] + 1, answering(routing.service.database.policy, "B")))
    ended = ok(await routing.get(f"/promises/{promise['id']}"))
    assert (ended["state"], ended["ended_because"]) == ("ended", "replied_again")
    assert [(one.because, one.round) for one in await routing.told(PromiseEnded)] == [("replied_again", 2)]
    assert [one["round"] for one in ok(await routing.get("/promises", state="open"))["items"]] == [2]


async def test_a_withdrawn_case_owes_nothing(routing):
    promise = await promised(routing, "a")
    await routing.service.deliver(OpinionWithdrawn(opinion_id=golden.opinion_id("a"), number="n"))
    ended = ok(await routing.get(f"/promises/{promise['id']}"))
    assert (ended["state"], ended["ended_because"]) == ("ended", "withdrawn")


async def test_the_ledger_is_by_due_day_in_pages_and_each_sees_its_own(routing):
    promises = [await promised(routing, name, days) for name, days in (("a", 30), ("b", 10), ("c", 20))]
    first = ok(await routing.get("/promises", limit=2))
    rest = ok(await routing.get("/promises", limit=2, cursor=first["next_cursor"]))
    assert [one["id"] for one in first["items"] + rest["items"]] == [promises[i]["id"] for i in (1, 2, 0)]
    assert rest["next_cursor"] is None
    assert len(ok(await routing.get("/promises", housing()))["items"]) == 3
    assert ok(await routing.get("/promises", transport()))["items"] == []
    assert ok(await routing.get("/promises", department="transport"))["items"] == []
    assert ok(await routing.get("/promises", kit.token("desk", region="320412002")))["items"] == []
    refused(await routing.get(f"/promises/{promises[0]['id']}", transport()), 404, "PromiseNotFound")
    refused(await routing.get("/promises", kit.token("deputy")), 403, "NotPermitted")


async def test_what_is_owed_is_carried_over_into_the_next_years_and_what_was_kept_is_not(routing):
    year = datetime.now(CHINA).year
    owed, kept = await promised(routing, "owed", 400), await promised(routing, "kept")
    ok(await delivered(routing, kept))
    for asked, ids, carried in ((year, {owed["id"], kept["id"]}, 0), (year + 1, {owed["id"]}, 1), (year - 1, set(), 0)):
        lines = ok(await routing.get("/promises", year=asked))["items"]
        assert {one["id"] for one in lines} == ids
        assert sum(one["carried_over"] for one in lines) == carried
        counts = ok(await routing.get("/promises/counts", year=asked))
        assert (counts["base"], counts["carried_over"], counts["kept"]) == (len(ids), carried, int(asked == year))


def test_a_class_that_counts_as_a_promise_is_the_profiles_to_say():
    label = Label(zh="类", en="Class")
    plain = ResultClass(code="B", label=label, counts_as_done=False, counts_as_promise=False)
    at = datetime(2026, 3, 2, 16, 30, tzinfo=UTC)  # 00:30 of the 3rd in China
    assert rules.pledged(plain, None, None, at) is None
    promising = plain.model_copy(update={"counts_as_promise": True})
    assert rules.pledged(promising, "修", date(2026, 3, 4), at) == rules.Pledge("修", date(2026, 3, 4))
    with pytest.raises(rules.PromiseNotLater):
        rules.pledged(promising, "修", date(2026, 3, 3), at)
