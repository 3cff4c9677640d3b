"""The verbs on promises: each changes rows and emits the event in one transaction; none changes the case."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import select
from sqlmodel import col

from services.routing.actions.steps import tell
from services.routing.models import CaseState
from services.routing.promises import queries, rules
from services.routing.promises.models import Promise, PromiseChange, PromiseRating
from services.routing.promises.rules import Pledge
from services.routing.queries import state_by_id
from services.routing.suggestions.queries import words_told
from shared.clock import now
from shared.db import Tx
from shared.events import derived_id, new_id
from shared.events.intake import RatingLevel
from shared.events.routing_supervising import (
    PromiseChanged,
    PromiseEnded,
    PromiseEvent,
    PromiseFellDue,
    PromiseKept,
    PromiseMade,
    PromiseOverdue,
    PromiseRated,
)
from shared.http import check_version
from shared.identity import Caller
from shared.live import live
from shared.masking import mask
from shared.outbox import emit


async def replied(tx: Tx, case: CaseState, pledge: Pledge | None, at: datetime) -> None:
    """Enters what a case's reply promises; what its earlier replies promised is owed no more."""
    if case.round > 1:
        await _end(tx, case, "replied_again", at, source="reply")
    if pledge is not None:
        assert case.lead is not None
        made = derived_id(case.id, f"promise-{case.round}")
        await _enter(tx, made, case, pledge, department=case.lead, at=at)


async def promised_at_meeting(tx: Tx, case: CaseState, meeting_id: uuid.UUID, pledge: Pledge, *, department: str, at: datetime) -> Promise:
    """Enters what a department promises on a case at a meeting (直办会)."""
    return await _enter(tx, new_id(), case, pledge, department=department, at=at, meeting_id=meeting_id)


async def _enter(
    tx: Tx, promise_id: uuid.UUID, case: CaseState, pledge: Pledge, *, department: str, at: datetime, meeting_id: uuid.UUID | None = None
) -> Promise:
    source: Literal["reply", "meeting"] = "meeting" if meeting_id else "reply"
    promise = Promise(
        id=promise_id,
        case_id=case.id,
        number=case.number,
        region=case.region,
        department=department,
        round=case.round,
        source=source,
        meeting_id=meeting_id,
        promised=pledge.promised,
        promised_by=pledge.promised_by,
        due_at=rules.end_of(pledge.promised_by),
        made_at=at,
        profile_version=tx.policy.profile_version,
    )
    tx.add(promise)
    _tell(tx, case, promise, PromiseMade, source=source, promised=await words_told(tx, case, pledge.promised))
    return promise


async def withdrawn(tx: Tx, case: CaseState, at: datetime) -> None:
    """Ends what is owed on a case that its sender took back."""
    await _end(tx, case, "withdrawn", at)


async def _end(tx: Tx, case: CaseState, because: Literal["replied_again", "withdrawn"], at: datetime, *, source: str | None = None) -> None:
    owed = select(Promise).where(col(Promise.case_id) == case.id, col(Promise.state).in_(rules.OWED)).order_by(col(Promise.id))
    if source is not None:
        owed = owed.where(col(Promise.source) == source)
    for promise in await tx.scalars(owed.with_for_update()):
        promise.state, promise.ended_because, promise.settled_at = "ended", because, at
        promise.version += 1
        _tell(tx, case, promise, PromiseEnded, because=because)


async def keep(tx: Tx, promise_id: uuid.UUID, caller: Caller, version: int, *, delivered_at: datetime, evidence: str) -> Promise:
    """What was promised is there (落实). Raises PromiseNotFound, StaleVersion, PromiseSettled, DeliveryNotPossible."""
    promise = await queries.find(tx, caller, promise_id, lock=True)
    check_version(promise.version, version)
    rules.check_owed(promise)
    return await _keep(tx, promise, delivered_at, evidence, now())


async def found_done(tx: Tx, case_id: uuid.UUID, *, delivered_at: datetime, evidence: str, at: datetime) -> None:
    """A look-back found a case done: what is owed on it is kept. Raises DeliveryNotPossible."""
    owed = select(Promise).where(col(Promise.case_id) == case_id, col(Promise.state).in_(rules.OWED)).order_by(col(Promise.id))
    for promise in await tx.scalars(owed.with_for_update()):
        await _keep(tx, promise, delivered_at, evidence, at)


async def _keep(tx: Tx, promise: Promise, delivered_at: datetime, evidence: str, at: datetime) -> Promise:
    rules.check_delivery(promise, delivered_at, at)
    promise.state, promise.delivered_at, promise.evidence, promise.settled_at = "kept", delivered_at, evidence, at
    promise.version += 1
    case = await state_by_id(tx, promise.case_id)
    facts = {"delivered_at": delivered_at, "evidence": await words_told(tx, case, evidence), "on_time": delivered_at <= promise.due_at}
    _tell(tx, case, promise, PromiseKept, **facts)
    return promise


async def change(tx: Tx, promise_id: uuid.UUID, caller: Caller, version: int, *, promised_by: date, reason: str, agreed_by: str) -> Promise:
    """Puts another day in force. Raises PromiseNotFound, StaleVersion, PromiseSettled, PromiseDayUnchanged, PromiseNotLater."""
    promise = await queries.find(tx, caller, promise_id, lock=True)
    check_version(promise.version, version)
    at, before = now(), promise.promised_by
    rules.check_change(promise, promised_by, at)
    promise.state, promise.promised_by, promise.due_at = "changed", promised_by, rules.end_of(promised_by)
    promise.overdue_told = False
    promise.version += 1
    kept: dict[str, Any] = {"before": before, "promised_by": promised_by, "reason": reason, "agreed_by": agreed_by, "at": at}
    tx.add(PromiseChange(promise_id=promise.id, version=promise.version, by_account=caller.account_id, **kept))
    case = await state_by_id(tx, promise.case_id)
    facts = {"before": before, "reason": await words_told(tx, case, reason), "agreed_by": mask(agreed_by)}
    _tell(tx, case, promise, PromiseChanged, **facts)
    return promise


async def rate(
    tx: Tx,
    promise_id: uuid.UUID,
    caller: Caller,
    version: int,
    *,
    by: Literal["lead_deputy", "resident"],
    level: RatingLevel,
    comment: str | None,
) -> Promise:
    """Enters a rating given again after a promise was kept or changed. Raises PromiseNotFound, StaleVersion, NothingToRate."""
    promise = await queries.find(tx, caller, promise_id, lock=True)
    check_version(promise.version, version)
    changes = await queries.changes_of(tx, promise_id)
    ratings = await queries.ratings_of(tx, promise_id)
    rules.check_rating(promise, len(changes) + (promise.state == "kept"), len(ratings))
    promise.version += 1
    entered: dict[str, Any] = {"by": by, "level": level, "comment": comment, "at": now(), "entered_by": caller.account_id}
    tx.add(PromiseRating(promise_id=promise.id, version=promise.version, **entered))
    _tell(tx, await state_by_id(tx, promise.case_id), promise, PromiseRated, by=by, level=level)
    return promise


# The condition is that of the index `promise_falling_due`.
_LATE = """
    UPDATE promise SET overdue_told = true WHERE id IN (
        SELECT id FROM promise WHERE state IN ('open', 'changed') AND NOT overdue_told AND due_at < $1
        ORDER BY due_at LIMIT $2 FOR UPDATE SKIP LOCKED
    ) RETURNING id, case_id, department, promised_by, due_at
    """


async def mark_overdue(tx: Tx) -> int:
    """Tells of each promise whose day is over, once for each day promised, the longest overdue first. Says how many."""
    late = sorted(await tx.run(_LATE, now(), tx.settings.promise_batch), key=lambda row: (row["due_at"], row["id"]))
    for row in late:
        case = await state_by_id(tx, row["case_id"])
        facts = {"promise_id": row["id"], "promised_by": row["promised_by"]}
        tell(tx, case, PromiseOverdue, department=row["department"], **facts)
        told = PromiseFellDue(case_id=case.id, number=case.number, organisation=row["department"], **facts)
        emit(tx, told, audience=row["department"])
        live(tx, "promise", str(row["id"]))
    return len(late)


def _tell(tx: Tx, case: CaseState, promise: Promise, kind: type[PromiseEvent], **facts: Any) -> None:
    tell(tx, case, kind, promise_id=promise.id, department=promise.department, promised_by=promise.promised_by, **facts)
    live(tx, "promise", str(promise.id))
