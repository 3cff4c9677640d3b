"""Long walks of an opinion at random, on the real service: its sender, a deputy and routing knock at any door at any time."""

from __future__ import annotations

import asyncio
import os
from datetime import timedelta
from typing import Any, ClassVar

import httpx
import time_machine
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from services.intake.course.rules import closing_of
from shared.events import derived_id
from shared.events.intake import OpinionRated
from shared.events.intake_opinions import OpinionAnsweredByRep, OpinionSupplemented, OpinionWithdrawn, RepAnswerJudged
from tests import kit
from tests.intake import golden, people
from tests.intake.conftest import Place
from tests.intake.course.test_course import sent
from tests.intake.people import deputy

WALKS = int(os.environ.get("WALKS", "2"))
"""WALKS=6 for more of them."""
# What routing tells, and what may follow it: the status that the sender then sees, and the steps after.
ROUTING = {
    "": ("accepted", ("opened",)),
    "opened": ("classified", ("assigned",)),
    "assigned": ("assigned", ("objected", "accepted", "replied", "overdue")),
    "objected": ("reassigning", ("assigned",)),
    "accepted": ("in_handling", ("replied", "overdue")),
    "overdue": (None, ("replied",)),
    "replied": ("replied", ("reopened", "closed")),
    "reopened": ("reopened", ("accepted", "replied")),
    "closed": ("closed", ()),
}
BEFORE_REPLY = {"accepted", "classified", "assigned", "reassigning", "in_handling"}
OVER = {"closed", "withdrawn", "answered_by_rep"}
TOLD = (OpinionAnsweredByRep, OpinionRated, OpinionSupplemented, OpinionWithdrawn, RepAnswerJudged)
MOST_SUPPLEMENTS, MOST_ROUNDS = 5, 3


class Walk(RuleBasedStateMachine):
    """An opinion that came by a deputy's code, against a model by hand."""

    runner: ClassVar[asyncio.Runner]
    place: ClassVar[Place]
    reached: ClassVar[set[str]]

    def run(self, work: Any) -> Any:
        return self.runner.run(work)

    @initialize()
    def begin(self) -> None:
        self.run(self._begin())

    async def _begin(self) -> None:
        await kit.wipe(self.place.service.database)
        await self.place.service.deliver(*people.WORLD)
        self.matter = await sent(self.place)
        self.status, self.step, self.version = "accepted", "", 0
        self.round, self.case_round, self.replied = 1, 1, 0
        self.rep: str | None = None
        self.supplements, self.rated = 0, set[int]()
        self.told: list[str] = []

    async def _settle(self, answer: httpx.Response | None = None, expected: bool | None = None, event: str = "") -> None:
        """What was asked went as the model says; everybody sees its status; each change was told exactly once."""
        if answer is not None:
            assert (answer.status_code < 300) == expected, (self.status, answer.status_code, answer.text)
            assert expected or answer.status_code == 409, answer.text
            self.told += [event] if expected else []
        tracked = await self.matter.track()
        assert tracked["status"] == self.status
        assert tracked["closing"] == closing_of(self.status)
        assert tracked["can_rate"] == self._ratable()
        heard = [type(one).__name__ for one in await self.place.service.outbox() if isinstance(one, TOLD)]
        assert sorted(heard) == sorted(self.told)
        self.reached.add(self.status)

    def _before_reply(self) -> bool:
        return self.status not in OVER and self.replied < self.round

    def _ratable(self) -> bool:
        return self.status not in OVER and self.replied == self.round and self.round not in self.rated

    # Twice among the rules: else a walk seldom comes to a reply.
    @precondition(lambda self: ROUTING[self.step][1])
    @rule(data=st.data())
    def routing_goes_on(self, data: Any) -> None:
        self.run(self._route(data.draw(st.sampled_from(ROUTING[self.step][1]))))

    @precondition(lambda self: ROUTING[self.step][1])
    @rule(data=st.data())
    def routing_goes_on_again(self, data: Any) -> None:
        self.run(self._route(data.draw(st.sampled_from(ROUTING[self.step][1]))))

    async def _route(self, name: str) -> None:
        if name == "reopened" and self.round == MOST_ROUNDS:
            name = "closed"
        self.version += 1
        self.step, own = name, self.status in ("withdrawn", "answered_by_rep")
        case_round = self.case_round + 1 if name == "reopened" else self.case_round
        plain = getattr(golden, name)(self.matter.id)
        moment = golden.START + timedelta(minutes=self.version)
        known = {"id": derived_id(self.matter.id, str(self.version)), "occurred_at": moment, "case_version": self.version}
        await self.place.service.deliver(plain.model_copy(update={**known, "round": case_round}))
        self.case_round = case_round
        if name == "replied":
            self.replied = case_round
        if not own:
            self.round = case_round if ROUTING[name][0] else self.round
            self.status = ROUTING[name][0] or self.status
        await self._settle()

    @rule()
    def supplement(self) -> None:
        self.run(self._supplement())

    async def _supplement(self) -> None:
        may = self._before_reply() and self.status in BEFORE_REPLY | {"reopened"} and self.supplements < MOST_SUPPLEMENTS
        self.supplements += may
        await self._settle(await self.matter.post("supplements", {"text": "还有一盏也坏了"}), may, "OpinionSupplemented")

    @rule()
    def withdraw(self) -> None:
        self.run(self._withdraw())

    async def _withdraw(self) -> None:
        may = self._before_reply() and self.status in BEFORE_REPLY
        answer = await self.matter.post("withdrawal")
        self.status = "withdrawn" if may else self.status
        await self._settle(answer, may, "OpinionWithdrawn")

    @rule()
    def deputy_answers(self) -> None:
        self.run(self._answer())

    async def _answer(self) -> None:
        may = self.rep is None and self._before_reply() and self.status in BEFORE_REPLY
        answer = await self.matter.answer(deputy())
        self.rep = "answered" if may else self.rep
        await self._settle(answer, may, "OpinionAnsweredByRep")

    @rule(accepted=st.booleans())
    def judge(self, accepted: bool) -> None:
        self.run(self._judge(accepted))

    async def _judge(self, accepted: bool) -> None:
        may = self.rep == "answered" and self._before_reply() and self.status in BEFORE_REPLY
        answer = await self.matter.post("rep-answer/judgement", {"accepted": accepted})
        if may:
            self.rep = "judged"
            self.status = "answered_by_rep" if accepted else self.status
        await self._settle(answer, may, "RepAnswerJudged")

    @rule(level=st.sampled_from(["satisfied", "dissatisfied"]))
    def rate(self, level: str) -> None:
        self.run(self._rate(level))

    async def _rate(self, level: str) -> None:
        may = self._ratable()
        answer = await self.matter.post("rating", {"level": level})
        if may:
            self.rated.add(self.round)
        await self._settle(answer, may, "OpinionRated")


def test_no_walk_leads_to_a_status_or_past_an_event_that_the_model_does_not_have(servers: Any) -> None:
    with asyncio.Runner() as runner, time_machine.travel(people.at("2026-06-01"), tick=True) as clock:
        service = runner.run(kit.build("intake", servers.database_url("intake")))
        Walk.runner, Walk.place, Walk.reached = runner, Place(service, clock), set()
        # Without shrinking, as in the walks of suggestions.
        rounds = settings(
            max_examples=10 * WALKS,
            stateful_step_count=14,
            deadline=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        try:
            run_state_machine_as_test(Walk, settings=rounds)
        finally:
            runner.run(kit.close(service))
    assert Walk.reached >= {"accepted", "classified", "assigned", "reassigning", "in_handling", "replied", "withdrawn", "answered_by_rep"}
