"""The state machine, written down a second time by hand: every action in every status, and long walks at random."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
import time_machine
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from services.intake.suggestions import rules
from services.intake.suggestions.settings import Status
from tests import kit
from tests.intake.suggestions.conftest import (
    AT_CONGRESS,
    FIRST,
    LEAD,
    SECOND,
    Open,
    Paper,
    adviser,
    begun,
    deputy,
    directory,
    office,
    profile,
    refusal,
    township,
)

ENDS: dict[tuple[str, str], tuple[str, str]] = {
    ("draft", "pre_submit"): ("pre_submitted", "SuggestionPreSubmitted"),
    ("returned_to_draft", "pre_submit"): ("pre_submitted", "SuggestionPreSubmitted"),
    ("pre_submitted", "pass"): ("passed", "SuggestionPassed"),
    ("pre_submitted", "return"): ("returned_to_draft", "SuggestionReturned"),
    ("pre_submitted", "take_back"): ("draft", "SuggestionTakenBack"),
    ("passed", "take_back"): ("draft", "SuggestionTakenBack"),
    ("draft", "submit"): ("submitted", "SuggestionSubmitted"),
    ("returned_to_draft", "submit"): ("submitted", "SuggestionSubmitted"),
    ("passed", "submit"): ("submitted", "SuggestionSubmitted"),
    ("submitted", "check"): ("checked", "SuggestionChecked"),
    ("submitted", "refuse"): ("refused", "SuggestionRefused"),
    ("refused", "pass_on"): ("refused", "SuggestionPassedOnAsLetter"),
    ("submitted", "put_on_agenda"): ("on_agenda", "BillPutOnAgenda"),
    ("submitted", "turn"): ("submitted", "BillTurnedIntoSuggestion"),
    ("draft", "withdraw"): ("withdrawn", "SuggestionWithdrawn"),
    ("returned_to_draft", "withdraw"): ("withdrawn", "SuggestionWithdrawn"),
    ("pre_submitted", "withdraw"): ("withdrawn", "SuggestionWithdrawn"),
    ("passed", "withdraw"): ("withdrawn", "SuggestionWithdrawn"),
    ("submitted", "withdraw"): ("withdrawn", "SuggestionWithdrawn"),
    ("checked", "withdraw"): ("checked", "SuggestionWithdrawalAsked"),
}
"""What the handbook says (section 1), by hand and not from the code: where an action leads, and what is told of it."""

ONLY_BILLS, NEVER_BILLS = ("put_on_agenda", "turn"), ("check",)
ONCE = {"pass_on": "SuggestionPassedOnAsLetter", "withdraw": "SuggestionWithdrawalAsked"}
"""Actions that lead to the status they started from are done once."""

DOORS: dict[str, tuple[str, str, Any, Any]] = {
    "pre_submit": ("POST", "/pre-submission", None, lambda: deputy(LEAD)),
    "pass": ("POST", "/pass", None, township),
    "return": ("POST", "/return", {"reason": "请补充数据"}, township),
    "take_back": ("DELETE", "/pre-submission", None, lambda: deputy(LEAD)),
    "submit": ("POST", "/submission", None, lambda: deputy(LEAD)),
    "check": ("POST", "/check", {}, office),
    "refuse": ("POST", "/refusal", {"ground": "own_matter", "reason": "个人问题"}, office),
    "pass_on": ("POST", "/letter", {"organisation": "housing"}, office),
    "put_on_agenda": ("POST", "/agenda", None, office),
    "turn": ("POST", "/turn", {"reason": "未列入议程"}, office),
    "withdraw": ("POST", "/withdrawal", {"reason": "情况已经变化"}, lambda: deputy(LEAD)),
}
PATHS: dict[str, tuple[str, ...]] = {
    "draft": (),
    "pre_submitted": ("pre_submit",),
    "returned_to_draft": ("pre_submit", "return"),
    "passed": ("pre_submit", "pass"),
    "submitted": ("submit",),
    "checked": ("submit", "check"),
    "refused": ("submit", "refuse"),
    "on_agenda": ("submit", "put_on_agenda"),
    "withdrawn": ("withdraw",),
}
CHANGES = {"levels": {"county": {"office_digits": 6, "bill_signers": 1}, "township": {"office_digits": 9, "bill_signers": 1}}}


def expected(status: str, action: str, kind: str, told: list[str]) -> tuple[str, str] | None:
    """Where an action leads and what it tells, or None where it is refused."""
    if (action in ONLY_BILLS and kind != "bill") or (action in NEVER_BILLS and kind == "bill"):
        return None
    found = ENDS.get((status, action))
    return None if found and ONCE.get(action) == found[1] and found[1] in told else found


async def knock(paper: Paper, action: str, who: dict[str, str] | None = None, version: int | None = None) -> Any:
    """Tries an action through its door."""
    method, door, body, usual = DOORS[action]
    return await paper.call(method, door, who or usual(), body, version)


async def reached(service: kit.Running, status: str) -> Paper:
    """A paper in a status; a bill where only a bill comes to it."""
    paper = await begun(service, kind="bill" if status == "on_agenda" else "suggestion", raised_in="congress")
    for action in PATHS[status]:
        answer = await knock(paper, action)
        assert answer.status_code == 200, answer.text
    return paper


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


class Walk(RuleBasedStateMachine):
    """A paper, its lead, one co-signer, a township and an office, who knock at any door at any time."""

    runner: asyncio.Runner
    service: kit.Running
    reached: set[str]

    def run(self, work: Any) -> Any:
        return self.runner.run(work)

    @initialize(bill=st.booleans(), joint=st.booleans(), start=st.sampled_from(sorted(PATHS)))
    def begin(self, bill: bool, joint: bool, start: str) -> None:
        """Walks begin anywhere: those that begin with a draft seldom come far."""
        self.run(self._begin("bill" if bill else "suggestion"))
        if joint:
            self.run(self._invite())
            self.run(self._sign(True))
        for action in PATHS[start]:
            self.run(self._act(action))

    async def _begin(self, kind: str) -> None:
        await kit.wipe(self.service.database)
        await self.service.deliver(*directory())
        self.paper = await begun(self.service, kind=kind, raised_in="congress")
        self.status, self.kind, self.told = "draft", kind, []
        self.signed: int | None = None
        self.asked = self.closing = False

    async def _settle(self) -> None:
        """What everybody can see is what the model says, and each change was told exactly once."""
        self.reached.add(self.status)
        self.reached.update(self.told)
        assert self.paper.status == self.status
        assert await self.paper.names() == self.told
        assert len(self.paper.shown["steps"]) == len([one for one in self.told if one in {event for _, event in ENDS.values()}])

    def _is_joint_now(self, action: str) -> bool:
        return action == "withdraw" and self.status in ("submitted", "checked") and self.signed is not None

    # Many steps go on, else a walk that knocks at random ends withdrawn before anybody has checked anything.
    @precondition(lambda self: self.ways())
    @rule(data=st.data())
    def go_on(self, data: Any) -> None:
        self.run(self._act(data.draw(st.sampled_from(self.ways()))))

    def ways(self) -> list[str]:
        """What leads on from here, but for giving up."""
        return [action for action in sorted(DOORS) if action != "withdraw" and expected(self.status, action, self.kind, self.told)]

    @rule(action=st.sampled_from(sorted(set(DOORS) - {"withdraw"})))
    def act(self, action: str) -> None:
        self.run(self._act(action))

    @precondition(lambda self: self.status != "draft")
    @rule()
    def give_up(self) -> None:
        self.run(self._act("withdraw"))

    @precondition(lambda self: self.asked)
    @rule()
    def sign_what_one_was_asked_to(self) -> None:
        self.run(self._sign(True))

    @precondition(lambda self: self.closing)
    @rule(agreed=st.booleans())
    def answer_the_withdrawal(self, agreed: bool) -> None:
        self.run(self._agree(agreed))

    async def _act(self, action: str) -> None:
        wanted = expected(self.status, action, self.kind, self.told)
        if action == "submit" and self.signed not in (None, self.paper.shown["content_version"]):
            wanted = None
        if self._is_joint_now(action) and wanted:
            wanted = None if self.closing else (self.status, "SuggestionWithdrawalProposed")
        answer = await knock(self.paper, action)
        assert (answer.status_code == 200) == (wanted is not None), (self.status, action, answer.text)
        if wanted is not None:
            self.status = wanted[0]
            self.told.append(wanted[1])
            self.kind = "suggestion" if action == "turn" else self.kind
            self.closing = wanted[1] == "SuggestionWithdrawalProposed" or (self.closing and action in ("check", "turn"))
            self.asked = self.asked and self.status in rules.BEFORE_SUBMISSION
        await self._settle()

    @rule(action=st.sampled_from(sorted(DOORS)))
    def act_on_an_old_version(self, action: str) -> None:
        answer = self.run(knock(self.paper, action, version=self.paper.shown["version"] - 1))
        assert 400 <= answer.status_code < 500
        self.run(self._settle())

    @rule(number=st.integers(0, 3))
    def edit(self, number: int) -> None:
        self.run(self._edit(f"建议第{number}稿"))

    async def _edit(self, title: str) -> None:
        answer = await self.paper.call("PUT", "/form", deputy(LEAD), {**self.paper.shown["form"], "title": title})
        assert (answer.status_code == 200) == (self.status in rules.DRAFTS)
        await self._settle()

    @precondition(lambda self: not self.asked)
    @rule()
    def invite(self) -> None:
        self.run(self._invite())

    async def _invite(self) -> None:
        answer = await self.paper.call("POST", "/co-signers", deputy(LEAD), {"deputies": [str(FIRST)]})
        assert (answer.status_code == 200) == (self.status in rules.BEFORE_SUBMISSION)
        if answer.status_code == 200 and self.signed != self.paper.shown["content_version"]:
            self.asked, self.signed = True, None
            self.told.append("CoSignerInvited")
        await self._settle()

    @rule(agreed=st.booleans())
    def sign(self, agreed: bool) -> None:
        self.run(self._sign(agreed))

    async def _sign(self, agreed: bool) -> None:
        text = self.paper.shown["content_version"]
        may = (self.asked or self.signed is not None) and self.status in rules.BEFORE_SUBMISSION
        answer = await self.paper.call("PUT", "/signature", deputy(FIRST), {"agreed": agreed, "content_version": text})
        assert (answer.status_code == 204) == may, answer.text
        if may and not (agreed and self.signed == text):
            self.told.append("CoSignerAnswered")
        if may:
            self.asked, self.signed = False, text if agreed else None
        await self._settle()

    @rule(agreed=st.booleans())
    def agree_to_withdraw(self, agreed: bool) -> None:
        self.run(self._agree(agreed))

    async def _agree(self, agreed: bool) -> None:
        answer = await self.paper.call("PUT", "/withdrawal/agreement", deputy(FIRST), {"agreed": agreed})
        assert (answer.status_code == 200) == self.closing, answer.text
        if self.closing:
            self.closing = False
            self.told.append("SuggestionWithdrawalAnswered")
            if agreed:
                self.status, event = ENDS[self.status, "withdraw"]
                self.told.append(event)
        await self._settle()


def test_no_walk_leads_to_a_status_or_past_an_event_that_the_table_does_not_have(servers: Any, tmp_path: Path) -> None:
    with asyncio.Runner() as runner, time_machine.travel(AT_CONGRESS):
        service = runner.run(kit.build("intake", servers.database_url("intake"), profile=profile(tmp_path, **CHANGES)))
        try:
            Walk.runner, Walk.service, Walk.reached = runner, service, set()
            run_state_machine_as_test(
                Walk,
                settings=settings(
                    max_examples=40, stateful_step_count=12, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
                ),
            )
            joint = {"CoSignerInvited", "CoSignerAnswered", "SuggestionWithdrawalProposed", "SuggestionWithdrawalAnswered"}
            assert Walk.reached >= set(PATHS) | joint
        finally:
            runner.run(kit.close(service))


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
