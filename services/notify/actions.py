"""The verbs on notices: telling an audience, and marking as read."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from typing import Any

from pydantic_core import to_json
from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from services.notify import rules
from services.notify.errors import NoticeUnknown
from services.notify.models import Notice, ReadMark
from services.notify.queries import addressed_to
from shared.clock import now
from shared.db import Tx
from shared.events import Event, derived_id
from shared.events.notify import NoticePosted
from shared.identity import Caller
from shared.live import live
from shared.outbox import emit
from shared.restored import restored_at
from shared.tables import bulk_insert, table_of

_NOTICE_FIELDS = ("id", "site", "notice_class", "audience_kind", "audience", "params", "cause", "occurred_at", "told_before")
_INSERT_NOTICES = bulk_insert(table_of(Notice), _NOTICE_FIELDS, returning=["id", "position"])

# A stream reads "positions after the last one I sent". Were positions given out concurrently, a transaction with a lower
# one could commit after a reader had passed it, and that notice would never be sent. Every writer takes this lock before
# the first position and holds it to the commit: so positions become visible in their order. (Gaps from rolled-back
# transactions do no harm.)
_POSITION_LOCK = 0x0071CE


async def post(tx: Tx, events: Sequence[Event]) -> None:
    """Tells each audience of each event, once. Open streams hear of the audience and the position, nothing else.

    What people have been told before a restore is put into the inbox and pushed to nobody.
    """
    restored = await restored_at(tx)
    rows: dict[uuid.UUID, dict[str, Any]] = {}
    for event in sorted(events, key=lambda one: one.occurred_at):
        before = rules.told_before(event, tx.begun_at(event), restored)
        rows |= {row["id"]: {**row, "told_before": before} for row in _rows(tx.site, event)}
    await tx.run("SELECT pg_advisory_xact_lock($1)", _POSITION_LOCK)
    entered = await tx.run(_INSERT_NOTICES, *([row[name] for row in rows.values()] for name in _NOTICE_FIELDS))
    causes = {event.id: event for event in events}
    for notice_id, position in entered:
        row = rows[notice_id]
        posted = NoticePosted(
            notice_id=notice_id,
            notice_class=row["notice_class"],
            audience_kind=row["audience_kind"],
            audience=row["audience"],
            cause=row["cause"],
            told_before=row["told_before"],
        )
        emit(tx, posted, cause=causes[row["cause"]])
        if not row["told_before"]:
            live(tx, "notice", f"{row['audience_kind']}:{row['audience']}@{position}")


def _rows(site: str, event: Event) -> Iterator[dict[str, Any]]:
    audiences, params = rules.told_of(event)
    for audience in audiences:
        yield {
            "id": derived_id(event.id, audience.key),
            "site": site,
            "notice_class": event.event_name(),
            "audience_kind": audience.kind,
            "audience": audience.id,
            "params": to_json(params).decode(),
            "cause": event.id,
            "occurred_at": event.occurred_at,
        }


async def mark_read(tx: Tx, notice_id: uuid.UUID, caller: Caller) -> None:
    """The caller has read a notice of theirs; a second time changes nothing. Raises NoticeUnknown."""
    if await tx.scalar(select(col(Notice.id)).where(col(Notice.id) == notice_id, addressed_to(caller))) is None:
        raise NoticeUnknown()
    mark = insert(ReadMark).values(account_id=caller.account_id, notice_id=notice_id, read_at=now())
    await tx.execute(mark.on_conflict_do_nothing())


# The oldest by position, which its index gives at once: where none of them is old enough, nothing else is looked at.
_OLD = """
    SELECT id FROM (SELECT id, occurred_at FROM notice ORDER BY position LIMIT :batch) oldest
    WHERE occurred_at < now() - make_interval(days => :days)
"""
_FORGET_MARKS = text(f"DELETE FROM read_mark WHERE notice_id IN ({_OLD})")  # noqa: S608 - put together of constants
_FORGET = text(f"DELETE FROM notice WHERE id IN ({_OLD})")  # noqa: S608 - put together of constants


async def forget_old(tx: Tx) -> int:
    """Deletes notices of `notice_days` ago with who has read them, up to `notice_batch` at once. Returns how many."""
    await tx.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _POSITION_LOCK + 1})
    which = {"days": tx.settings.notice_days, "batch": tx.settings.notice_batch}
    await tx.execute(_FORGET_MARKS, which)
    return int((await tx.execute(_FORGET, which)).rowcount)  # type: ignore[attr-defined]
