"""Opens and closes dissatisfied matters as routing tells of them, in whatever order it is heard."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Table, case, func, or_
from sqlalchemy.dialects.postgresql import insert

from services.supervision.matters.models import DissatisfiedMatter
from shared.db import Tx
from shared.events.routing import CaseClosed, CaseReopened
from shared.events.routing_evaluation import OpinionFormNotReturned
from shared.live import live

_MATTER: Table = DissatisfiedMatter.__table__  # type: ignore[attr-defined]
_NEWEST = ("department", "round", "status", "case_version", "closed_at")


async def note_reopened(tx: Tx, event: CaseReopened) -> None:
    """A rating of not satisfied made the case a matter of supervision."""
    await _note(tx, event, status="open", opened_at=event.occurred_at, closed_at=None)


async def note_closed(tx: Tx, event: CaseClosed | OpinionFormNotReturned) -> None:
    """The case was closed. One closed in its first round has never been reopened, and is no matter of this list."""
    if event.round > 1:
        await _note(tx, event, status="closed", opened_at=None, closed_at=event.occurred_at)


async def _note(tx: Tx, event: CaseReopened | CaseClosed | OpinionFormNotReturned, **values: Any) -> None:
    entering = insert(_MATTER).values(
        case_id=event.case_id, site=tx.site, department=event.department, round=event.round, case_version=event.case_version, **values
    )
    newer = entering.excluded.case_version > _MATTER.c.case_version
    kept: dict[str, ColumnElement[Any]] = {name: case((newer, entering.excluded[name]), else_=_MATTER.c[name]) for name in _NEWEST}
    # LEAST passes over NULL: the first reopening that is ever heard of sets the day, and an earlier one moves it back.
    kept["opened_at"] = func.least(_MATTER.c.opened_at, entering.excluded.opened_at)
    changes = or_(newer, _MATTER.c.opened_at.is_distinct_from(kept["opened_at"]))
    entering = entering.on_conflict_do_update(index_elements=["case_id"], set_=kept, where=changes)
    if (await tx.execute(entering.returning(_MATTER.c.case_id))).first() is not None:
        live(tx, "matter", str(event.case_id))
