"""The state machine, written down a second time by hand: every action in every status, by its own people and by others."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from services.intake.suggestions import rules
from services.intake.suggestions.settings import Status
from tests import kit
from tests.intake.suggestions.conftest import AT_CONGRESS, LEAD, SECOND, Open, adviser, deputy, office, refusal, township
from tests.intake.suggestions.machine import CHANGES, DOORS, ENDS, ONLY_BILLS, PATHS, expected, knock, reached


def test_the_table_by_hand_and_the_table_of_the_code_are_the_same() -> None:
    of_code = {(status, "withdraw" if t.action == "ask_withdrawal" else t.action): (t.next, t.event.__name__)
               for t in rules.TRANSITIONS for status in t.statuses}  # fmt: skip
    assert of_code == ENDS
    assert set(PATHS) == set(Status.__args__)  # type: ignore[attr-defined]


@pytest.mark.parametrize("status", list(PATHS))
async def test_each_action_does_what_the_table_says_and_tells_it_or_is_refused_and_changes_nothing(
    opened: Open, clock: Any, status: str
) -> None:
    clock.move_to(AT_CONGRESS)
    service = await opened(**CHANGES)
    for action in DOORS:
        paper = await reached(service, status)
        assert paper.status == status
        before, told = await service.rows(), await paper.names()
        version, kind = paper.shown["version"], paper.shown["kind"]
        answer = await knock(paper, action)
        wanted = expected(status, action, kind, told)
        if wanted is None:
            assert 400 <= answer.status_code < 500, (status, action, answer.text)
            assert (await service.rows(), await paper.names()) == (before, told), (status, action)
        else:
            assert answer.status_code == 200, (status, action, answer.text)
            assert paper.status == wanted[0]
            assert [*told, wanted[1]] == await paper.names()
            assert paper.shown["version"] == version + 1
            assert [one["action"] for one in paper.shown["steps"]][-1] in (action, "ask_withdrawal")


async def test_nobody_does_what_is_another_s_to_do(opened: Open, clock: Any) -> None:
    clock.move_to(AT_CONGRESS)
    service = await opened(**CHANGES)
    strangers = {"lead": deputy(LEAD), "other deputy": deputy(SECOND), "office": office(), "department": adviser()}
    strangers["leader"] = kit.token("leader")
    for status, action in ENDS:
        if action in ONLY_BILLS:
            continue
        paper = await reached(service, status)
        told = await paper.names()
        # The office of the district stands above its towns: it may pass and return as they do.
        own = "lead" if action in ("pre_submit", "take_back", "submit", "withdraw") else "office"
        for name, token in strangers.items():
            if name == own:
                continue
            assert (await knock(paper, action, token)).status_code in (403, 404), (status, action, name)
        elsewhere = township("320412102")
        assert (await knock(paper, action, elsewhere)).status_code in (403, 404), (status, action)
        assert (paper.status, await paper.names()) == (status, told)


async def test_of_two_who_decide_at_once_one_is_told_that_the_other_was_first(opened: Open, clock: Any) -> None:
    clock.move_to(AT_CONGRESS)
    service = await opened(**CHANGES)
    paper = await reached(service, "submitted")
    version = paper.shown["version"]
    answers = await asyncio.gather(knock(paper, "check", version=version), knock(paper, "withdraw", version=version))
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    late = next(answer for answer in answers if answer.status_code == 409)
    assert refusal(late)[1] == "StaleVersion"
    assert len([one for one in await paper.names() if one in ("SuggestionChecked", "SuggestionWithdrawn")]) == 1
