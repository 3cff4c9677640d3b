"""Long walks through the state machine at random, on the real service, against a model by hand."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest
import time_machine
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from services.intake.suggestions import rules
from tests import kit
from tests.intake.suggestions.conftest import AT_CONGRESS, FIRST, LEAD, begun, deputy, directory, profile
from tests.intake.suggestions.machine import CHANGES, DOORS, ENDS, PATHS, expected, knock

WALKS = int(os.environ.get("WALKS", "2"))
"""WALKS=6 for more of them."""
STARTS = {**PATHS, "withdrawal proposed": ("submit", "withdraw")}


class Walk(RuleBasedStateMachine):
    """A paper, its lead, one co-signer, a township and an office, who knock at any door at any time."""

    runner: asyncio.Runner
    service: kit.Running
    start: str
    reached: set[str]

    def run(self, work: Any) -> Any:
        return self.runner.run(work)

    @initialize(bill=st.booleans(), joint=st.booleans())
    def begin(self, bill: bool, joint: bool) -> None:
        """Walks begin anywhere: those that begin with a draft seldom come far."""
        bill = self.start == "on_agenda" or (bill and self.start != "checked")
        self.run(self._begin("bill" if bill else "suggestion"))
        if joint or self.start == "withdrawal proposed":
            self.run(self._invite())
            self.run(self._sign(True))
        for action in STARTS[self.start]:
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


@pytest.mark.parametrize("start", list(STARTS))
def test_no_walk_leads_to_a_status_or_past_an_event_that_the_table_does_not_have(servers: Any, tmp_path: Path, start: str) -> None:
    with asyncio.Runner() as runner, time_machine.travel(AT_CONGRESS):
        service = runner.run(kit.build("intake", servers.database_url("intake"), profile=profile(tmp_path, **CHANGES)))
        Walk.runner, Walk.service, Walk.start, Walk.reached = runner, service, start, set()
        # Without shrinking: twelve steps are read at a glance, and each try of a shorter walk costs half a second of database.
        rounds = settings(
            max_examples=WALKS,
            stateful_step_count=12,
            deadline=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        try:
            run_state_machine_as_test(Walk, settings=rounds)
        finally:
            runner.run(kit.close(service))
    assert ("SuggestionWithdrawalProposed" if start == "withdrawal proposed" else start) in Walk.reached
