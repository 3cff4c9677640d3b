"""The verbs on residents: a key for a matter, the box for it, what its sender is told, and forgetting all of it.

Events come in any order: a matter that was erased first stays forgotten, a notice waits for the box or goes without.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from services.notify.residents import rules
from services.notify.residents.models import Reach, ResidentNotice
from services.notify.residents.sealing import seal_key
from services.notify.rules import told_before
from shared.boxes import new_pair
from shared.clock import now
from shared.db import Tx
from shared.events import derived_id
from shared.events.intake_privacy import ContactLeft, ContactSealed, MatterErased
from shared.events.notify import ContactKeyMade
from shared.outbox import emit
from shared.restored import restored_at

_AT_ONCE = 500
_FORGETTING = 0xF026E7
_HAND_OVER = text(
    """
    UPDATE resident_notice n SET state = 'ready', channel = :channel FROM (
        SELECT w.id FROM resident_notice w JOIN reach r ON r.matter_id = w.matter_id AND r.box IS NOT NULL
        WHERE w.state = 'waiting' ORDER BY w.id LIMIT :batch FOR UPDATE OF w SKIP LOCKED
    ) due WHERE n.id = due.id
    """
)


async def make_keys(tx: Tx, events: Sequence[ContactLeft]) -> None:
    """Makes a key pair for each matter that has none, and tells its public half; none for what was erased."""
    causes = {event.matter_id: event for event in events}
    pairs = {matter_id: new_pair() for matter_id in sorted(causes)}
    rows = [
        {"matter_id": one, "public_key": public, "private_key": seal_key(tx.settings.reach_key, one, private)}
        for one, (private, public) in pairs.items()
    ]
    made = insert(Reach).values(rows).on_conflict_do_nothing().returning(col(Reach.matter_id))
    for matter_id in await tx.scalars(made):
        event = causes[matter_id]
        key = ContactKeyMade(matter_id=matter_id, matter_kind=event.matter_kind, public_key=pairs[matter_id][1])
        emit(tx, key, cause=event)


async def keep_boxes(tx: Tx, events: Sequence[ContactSealed]) -> None:
    """Keeps each box that was sealed for the key of its matter; a box for another key, which nobody can open, is dropped."""
    for event in sorted(events, key=lambda one: one.matter_id):
        mine = col(Reach.matter_id) == event.matter_id, col(Reach.public_key) == event.public_key, col(Reach.box).is_(None)
        await tx.execute(update(Reach).where(*mine).values(box=event.box))


async def tell(tx: Tx, events: Sequence[rules.Telling]) -> None:
    """Notes what senders are to be told, once for each event, unless their matter was erased; of a split matter by its first case."""
    events = [event for event in events if event.matter == "opinion"]
    if not events:
        return
    restored = await restored_at(tx)
    rows = [
        {
            "id": derived_id(event.id, "resident"),
            "matter_id": event.opinion_id,
            "notice_class": event.event_name(),
            "number": event.number,
            "round": event.round,
            "state": rules.state_of(before=told_before(event, tx.begun_at(event), restored)),
            "cause": event.id,
            "occurred_at": event.occurred_at,
        }
        for event in events
        if event.part_of is None
    ]
    forgotten = await _forgotten(tx, {event.opinion_id for event in events})
    if entering := [row for row in rows if row["matter_id"] not in forgotten]:
        await tx.execute(insert(ResidentNotice).on_conflict_do_nothing(), entering)


async def _forgotten(tx: Tx, matters: set[uuid.UUID]) -> set[uuid.UUID]:
    # Held to the commit: what forgets a matter waits for the notices that are being noted, or was seen here.
    await tx.run("SELECT pg_advisory_xact_lock_shared($1)", _FORGETTING)
    known = select(col(Reach.matter_id)).where(col(Reach.matter_id).in_(matters), col(Reach.forgotten_at).is_not(None))
    return set(await tx.scalars(known))


async def forget(tx: Tx, event: MatterErased) -> None:
    """Destroys key and box of an erased matter and all that its sender was to be told; what comes after finds that it was erased."""
    await tx.run("SELECT pg_advisory_xact_lock($1)", _FORGETTING)
    gone = {"public_key": None, "private_key": None, "box": None, "forgotten_at": event.occurred_at}
    forgetting = insert(Reach).values(matter_id=event.matter_id, **gone)
    first = {**gone, "forgotten_at": func.least(col(Reach.forgotten_at), forgetting.excluded.forgotten_at)}
    await tx.execute(forgetting.on_conflict_do_update(index_elements=["matter_id"], set_=first))
    await tx.execute(delete(ResidentNotice).where(col(ResidentNotice.matter_id) == event.matter_id))


async def hand_over(tx: Tx) -> int:
    """Makes notices ready whose sender can be reached. Returns how many."""
    return int((await tx.execute(_HAND_OVER, {"channel": rules.OUTBOX, "batch": _AT_ONCE})).rowcount)  # type: ignore[attr-defined]


async def forget_old(tx: Tx) -> int:
    """Deletes notices that had their time, those to nobody after a few days, and marks of erasures. Returns how many."""
    notice, moment = ResidentNotice, now()
    kept = moment - timedelta(days=tx.settings.notice_days)
    waited = moment - timedelta(days=tx.settings.reach_waits_days)
    unheard = (col(notice.state) == "waiting") & (col(notice.occurred_at) < waited)
    batch = tx.settings.notice_batch
    old = select(col(notice.id)).where((col(notice.occurred_at) < kept) | unheard).limit(batch)
    gone = await tx.scalars(delete(notice).where(col(notice.id).in_(old)).returning(col(notice.id)))
    marks = select(col(Reach.matter_id)).where(col(Reach.forgotten_at) < kept).limit(batch)
    unmarked = await tx.scalars(delete(Reach).where(col(Reach.matter_id).in_(marks)).returning(col(Reach.matter_id)))
    return len(gone.all()) + len(unmarked.all())
