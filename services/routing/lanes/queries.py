"""What may be read of lanes: the steps of a case, and instant matters counted apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.routing import rules
from services.routing.errors import PlanMissing
from services.routing.lanes.models import FastLaneStep
from services.routing.models import CaseState
from services.routing.queries import EVERYWHERE
from shared.clock import now
from shared.db import Tx
from shared.identity import Caller

_STEPS = f"""
    SELECT step, due_at, done_at, evidence, by_organisation FROM {FastLaneStep.__tablename__}
    WHERE case_id = $1 AND handed_over_at = $2 ORDER BY due_at
    """  # noqa: S608 - name of our own table


async def steps_of(tx: Tx, case: CaseState) -> Sequence[Any]:
    """The steps owed since the case's newest hand-over."""
    return await tx.run(_STEPS, case.id, case.handed_over_at) if case.lane == "fast" else []


async def check_plan(tx: Tx, case: CaseState) -> None:
    """Passes unless the case is on the fast lane without its plan. Raises PlanMissing."""
    if any(row["step"] == "plan" and row["done_at"] is None for row in await steps_of(tx, case)):
        raise PlanMissing(number=case.number)


@dataclass(frozen=True, slots=True)
class Instant:
    """Instant matters of a window: `done` and `withdrawn` of those received, `on_time` of the answers given, `overdue` still owed."""

    received: int
    withdrawn: int
    done: int
    on_time: int
    overdue: int


_INSTANT = """
    SELECT count(*) AS received, count(*) FILTER (WHERE status = 'withdrawn') AS withdrawn,
        count(*) FILTER (WHERE status <> 'withdrawn' AND r.case_id IS NOT NULL) AS done,
        count(*) FILTER (WHERE status <> 'withdrawn' AND r.on_time) AS on_time,
        count(*) FILTER (WHERE status = ANY($7) AND reply_due_at < $8) AS overdue
    FROM cases LEFT JOIN reply r ON r.case_id = cases.id AND r.round = 1
    WHERE lane = 'instant' AND opened_at >= $5 AND opened_at < $6
        AND (($1 AND starts_with(region, $2)) OR (NOT $1 AND lead = $3)) AND ($4::text IS NULL OR lead = $4)
    """


async def count_instant(tx: Tx, caller: Caller, since: datetime, until: datetime, department: str | None) -> Instant:
    """Instant matters opened in a window within the caller's scope; the answer of the first round counts."""
    scope = (caller.may(EVERYWHERE), caller.region, caller.organisation, department)
    (row,) = await tx.run(_INSTANT, *scope, since, until, list(rules.RUNNING), now())
    return Instant(**dict(row))
