"""The verbs on notices: telling an audience, and marking as read."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from typing import Any

from pydantic_core import to_jsonable_python
from sqlalchemy import Table, select, text
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

_NOTICE: Table = Notice.__table__  # type: ignore[attr-defined]

# A stream reads "positions after the last one I sent". Were positions given out concurrently, a transaction with a lower
# one could commit after a reader had passed it, and that notice would never be sent. Every writer takes this lock before
# the first position and holds it to the commit: so positions become visible in their order. (Gaps from rolled-back
# transactions do no harm.)
_POSITION_LOCK = 0x0071CE


async def post(tx: Tx, events: Sequence[Event]) -> None:
    """Tells each audience of each event, once. Open streams hear of the audience and the position, nothing else."""
    rows = {row["id"]: row for event in sorted(events, key=lambda one: one.occurred_at) for row in _rows(tx.site, event)}
    await tx.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _POSITION_LOCK})
    entering = insert(_NOTICE).values(list(rows.values())).on_conflict_do_nothing(index_elements=["id"])
    entered = (await tx.execute(entering.returning(_NOTICE.c.id, _NOTICE.c.position))).all()
    causes = {event.id: event for event in events}
    for notice_id, position in entered:
        row = rows[notice_id]
        posted = NoticePosted(
            notice_id=notice_id,
            notice_class=row["notice_class"],
            audience_kind=row["audience_kind"],
            audience=row["audience"],
            cause=row["cause"],
        )
        emit(tx, posted, cause=causes[row["cause"]])
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
            "params": to_jsonable_python(params),
            "cause": event.id,
            "occurred_at": event.occurred_at,
        }


async def mark_read(tx: Tx, notice_id: uuid.UUID, caller: Caller) -> None:
    """The caller has read a notice of theirs; a second time changes nothing. Raises NoticeUnknown."""
    if await tx.scalar(select(col(Notice.id)).where(col(Notice.id) == notice_id, addressed_to(caller))) is None:
        raise NoticeUnknown()
    mark = insert(ReadMark).values(account_id=caller.account_id, notice_id=notice_id, read_at=now())
    await tx.execute(mark.on_conflict_do_nothing())
