"""The verbs of lanes: an instant matter is handed over and done; the fast lane's plan and effect are recorded, and told when late."""

from __future__ import annotations

import uuid
from typing import Any

from services.routing import rules as machine
from services.routing.actions.handling import answer, assign, led, take_on
from services.routing.actions.held import hold, hold_all, write
from services.routing.actions.steps import actor, tell
from services.routing.actions.together import mark
from services.routing.errors import CaseHandledTogether, CaseNotFound
from services.routing.lanes import queries, rules
from services.routing.lanes.errors import NotAnInstantMatter, NotOnFastLane, StepAlreadyDone
from services.routing.models import CaseState
from services.routing.splitting.queries import answers_of_parts
from services.routing.suggestions.queries import words_told
from shared.clock import now
from shared.db import Tx
from shared.events.routing_assigning import CasePutOnLane, FastLaneStepDone, FastLaneStepLate
from shared.identity import Caller
from shared.workdays import official_calendar


async def hand_over_instant(
    tx: Tx, case_id: uuid.UUID, caller: Caller, version: int, *, lead: str, co_handlers: list[str], category: str | None
) -> CaseState:
    """Hands a case over as an instant matter (即时交办处理事项) with the place's short clock.

    Raises as `assign` does, and PlaceHasNoInstantMatters, CaseHandledTogether.
    """
    rules.check_instant(tx.policy.clocks, await _number_of_one_by_itself(tx, case_id, caller))
    case = await assign(tx, case_id, caller, version, lead=lead, co_handlers=co_handlers, category=category, lane="instant")
    _tell_lane(tx, case, {})
    return case


async def hand_over_fast(
    tx: Tx, case_id: uuid.UUID, caller: Caller, version: int, *, lead: str, co_handlers: list[str], category: str | None
) -> CaseState:
    """Hands a case over on the fast lane: plan, reply and visible effect, each due by its own clock from now.

    Raises as `assign` does, and PlaceHasNoFastLane, CaseHandledTogether.
    """
    lane = rules.fast_lane_of(tx.policy.clocks, await _number_of_one_by_itself(tx, case_id, caller))
    case = await assign(tx, case_id, caller, version, lead=lead, co_handlers=co_handlers, category=category, lane="fast")
    assert case.handed_over_at is not None
    dues = {step: rules.step_due(lane, step, case.handed_over_at, official_calendar()).at for step in rules.STEPS}
    await tx.run(_OWE, case.id, case.handed_over_at, list(dues), list(dues.values()))
    _tell_lane(tx, case, {f"{step}_due_at": at for step, at in dues.items()})
    return case


_OWE = "INSERT INTO fast_lane_step (case_id, handed_over_at, step, due_at) SELECT $1, $2, * FROM unnest($3::text[], $4::timestamptz[])"


def _tell_lane(tx: Tx, case: CaseState, dues: dict[str, Any]) -> None:
    facts = {"plan_due_at": None, "effect_due_at": None, **dues}
    tell(tx, case, CasePutOnLane, department=case.lead, lane=case.lane, reply_due_at=case.reply_due_at, **facts)


async def _number_of_one_by_itself(tx: Tx, case_id: uuid.UUID, caller: Caller) -> str:
    held = await hold(tx, case_id)
    if held is None or not caller.sees_region(held.case.region):
        raise CaseNotFound
    if held.case.handled_with is not None:
        raise CaseHandledTogether(number=held.case.number, current=held.case.version)
    return held.case.number


async def done(tx: Tx, case_id: uuid.UUID, caller: Caller, version: int, text: str) -> CaseState:
    """The lead has done an instant matter and says so in a short text, without a formal reply document: nobody signs.

    It accepts the matter by doing it. Raises as `reply` does, and NotAnInstantMatter.
    """
    held = await led(tx, case_id, caller, version)
    case = held.case
    if case.lane != "instant" or case.round > 1:
        raise NotAnInstantMatter(number=case.number, lane=case.lane, current=case.version)
    others = await answers_of_parts(tx, case)
    at, by = now(), actor(caller)
    if case.status == "assigned":
        await take_on(tx, held, by, at)
    machine.transition(case.status, "reply", number=case.number, version=case.version)
    await answer(tx, held, by, at, rules.done_class(tx.policy.result_classes), text, "", others)
    return case


async def record(tx: Tx, case_id: uuid.UUID, caller: Caller, version: int, step: rules.Step, evidence: str) -> CaseState:
    """The lead says with evidence that there is a plan, or that the effect can be seen.

    Raises CaseNotFound, NotTheLead, StaleVersion, NotOnFastLane, PlanAfterReply, EffectBeforeReply, StepAlreadyDone.
    """
    held = await led(tx, case_id, caller, version)
    case = held.case
    rules.check_step(case, step)
    owed = next((row for row in await queries.steps_of(tx, case) if row["step"] == step), None)
    if owed is None:
        raise NotOnFastLane(number=case.number, lane=case.lane, current=case.version)
    if owed["done_at"] is not None:
        raise StepAlreadyDone(number=case.number, current=case.version)
    at = now()
    await tx.run(_DONE, case.id, case.handed_over_at, step, at, evidence, case.lead)
    mark(tx, held, f"fast_{step}", actor(caller), at, note=evidence)
    facts = {
        "department": case.lead,
        "step": step,
        "evidence": await words_told(tx, case, evidence),
        "done_at": at,
        "due_at": owed["due_at"],
    }
    tell(tx, case, FastLaneStepDone, on_time=at <= owed["due_at"], **facts)
    await write(tx, held)
    return case


_DONE = """
    UPDATE fast_lane_step SET done_at = $4, evidence = $5, by_organisation = $6
    WHERE case_id = $1 AND handed_over_at = $2 AND step = $3
    """


async def tell_late(tx: Tx) -> int:
    """Tells of each step that was not there in time, once, the longest overdue first; passes over those owed no longer. Says how many
    it looked at."""
    late = await tx.run(_LATE, now(), tx.settings.overdue_batch)
    cases = {held.case.id: held.case for held in await hold_all(tx, "id = ANY($1)", [row["case_id"] for row in late])}
    for row in sorted(late, key=lambda one: one["due_at"]):
        case = cases[row["case_id"]]
        if case.status != "withdrawn" and case.lane == "fast" and case.handed_over_at == row["handed_over_at"]:
            tell(tx, case, FastLaneStepLate, department=case.lead, step=row["step"], due_at=row["due_at"])
    return len(late)


_LATE = """
    UPDATE fast_lane_step s SET late_told_at = $1 FROM (
        SELECT case_id, handed_over_at, step FROM fast_lane_step WHERE done_at IS NULL AND late_told_at IS NULL AND due_at < $1
        ORDER BY due_at LIMIT $2 FOR UPDATE SKIP LOCKED
    ) AS late WHERE (s.case_id, s.handed_over_at, s.step) = (late.case_id, late.handed_over_at, late.step)
    RETURNING s.case_id, s.handed_over_at, s.step, s.due_at
    """
