"""The doors of lanes: instant matters (即时交办处理事项) and the fast lane (即事即提、即办即回)."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from services.routing import queries as cases
from services.routing.api import AssignIn, Reader
from services.routing.lanes import actions, queries, rules
from services.routing.models import CaseState
from services.routing.reports.api import Department, Year
from services.routing.reports.rules import rate, year_of
from services.routing.reports.views import RateOut
from services.routing.settings import Lane, Status
from shared.clock import now
from shared.http import IfMatch, InTx, RequestModel, service_router
from shared.identity import Caller, requires

router = service_router(tags=["lanes"])

Desk = Annotated[Caller, requires("case.assign")]
Unit = Annotated[Caller, requires("case.handle")]


class DoneIn(RequestModel):
    """What was done, in a few words."""

    text: str = Field(min_length=1, max_length=1000)


class EvidenceIn(RequestModel):
    """What the plan is, or where the effect can be seen."""

    evidence: str = Field(min_length=1, max_length=4000)


class StepOut(BaseModel):
    """A step of the fast lane. `late`: it was not there when it was due."""

    step: Literal["plan", "reply", "effect"]
    due_at: datetime
    done_at: datetime | None
    evidence: str | None
    late: bool


class LaneOut(BaseModel):
    """How a case is handled. `steps` of the fast lane in their order, the case's own reply among them; empty on other lanes."""

    case_id: uuid.UUID
    number: str
    status: Status
    version: int
    department: str | None
    lane: Lane
    reply_due_at: datetime | None
    steps: list[StepOut]


class InstantOut(BaseModel):
    """Instant matters opened in the year. `withdrawn` and `done` of `received`; `on_time` of those done; `overdue` are still owed."""

    year: int
    received: int
    withdrawn: int
    done: int
    overdue: int
    on_time: RateOut


async def _out(tx: InTx, case: CaseState) -> LaneOut:
    owed = {row["step"]: row for row in await queries.steps_of(tx, case)}
    steps = []
    if owed and case.reply_due_at is not None:
        past = await cases.past_of(tx, case.id)
        replied = next((datetime.fromisoformat(one["replied_at"]) for one in past.replies if one["round"] == case.round), None)
        reply: dict[str, Any] = {"step": "reply", "due_at": case.reply_due_at, "done_at": replied, "evidence": None}
        for row in (owed["plan"], reply, owed["effect"]):
            late = row["due_at"] < (row["done_at"] or now())
            steps.append(StepOut(**{name: row[name] for name in ("step", "due_at", "done_at", "evidence")}, late=late))
    plain = {name: getattr(case, name) for name in ("number", "status", "version", "department", "lane", "reply_due_at")}
    return LaneOut(case_id=case.id, **plain, steps=steps)


@router.get("/cases/{case_id}/lane")
async def read(case_id: uuid.UUID, tx: InTx, caller: Reader) -> LaneOut:
    """How the case is handled, and how far it is on the fast lane."""
    return await _out(tx, await cases.find_case(tx, caller, case_id))


@router.post("/cases/{case_id}/instant")
async def instant(case_id: uuid.UUID, body: AssignIn, tx: InTx, version: IfMatch, caller: Desk) -> LaneOut:
    """Hands the case over as an instant matter."""
    return await _out(tx, await actions.hand_over_instant(tx, case_id, caller, version, **dict(body)))


@router.post("/cases/{case_id}/done")
async def done(case_id: uuid.UUID, body: DoneIn, tx: InTx, version: IfMatch, caller: Unit) -> LaneOut:
    """The department has done the instant matter: a short text, no class to choose, nobody signs."""
    return await _out(tx, await actions.done(tx, case_id, caller, version, body.text))


@router.post("/cases/{case_id}/fast-lane")
async def fast_lane(case_id: uuid.UUID, body: AssignIn, tx: InTx, version: IfMatch, caller: Desk) -> LaneOut:
    """Hands the case over on the fast lane."""
    return await _out(tx, await actions.hand_over_fast(tx, case_id, caller, version, **dict(body)))


@router.post("/cases/{case_id}/fast-lane/{step}")
async def record(case_id: uuid.UUID, step: rules.Step, body: EvidenceIn, tx: InTx, version: IfMatch, caller: Unit) -> LaneOut:
    """The department records the plan, or the effect; the reply is the case's own."""
    return await _out(tx, await actions.record(tx, case_id, caller, version, step, body.evidence))


@router.get("/reports/instant")
async def instant_figures(tx: InTx, caller: Reader, year: Year, department: Department = None) -> InstantOut:
    """The year's instant matters, which no other figure counts."""
    found = await queries.count_instant(tx, caller, *year_of(year), department)
    share = rate(found.on_time, found.done, tx.policy.reports.decimals)
    on_time = RateOut(n=share.n, of=share.of, percent=share.percent)
    counts = {name: getattr(found, name) for name in ("received", "withdrawn", "done", "overdue")}
    return InstantOut(year=year, **counts, on_time=on_time)
