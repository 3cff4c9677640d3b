"""Reads of look-backs: campaigns of the caller's region, their items, and how many have which finding."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, tuple_
from sqlmodel import col

from services.routing.look_backs.errors import LookBackNotFound
from services.routing.look_backs.models import LookBack, LookBackFinding, LookBackItem
from services.routing.supervising.settings import Finding
from shared.db import Tx
from shared.http import PageQuery
from shared.identity import Caller


@dataclass(frozen=True, slots=True)
class Counted:
    """Items of a look-back, and how many have each finding; `None` are those nobody has looked at yet."""

    items: int
    by_finding: dict[str | None, int]


async def list_look_backs(tx: Tx, caller: Caller, page: PageQuery) -> Sequence[LookBack]:
    """Up to `limit + 1` campaigns, the newest first. Raises CursorNotReadable."""
    query = select(LookBack).where(col(LookBack.region).startswith(caller.region, autoescape=True))
    if (after := page.after(datetime, uuid.UUID)) is not None:
        query = query.where(tuple_(col(LookBack.made_at), col(LookBack.id)) < tuple_(*after))
    return list(await tx.scalars(query.order_by(col(LookBack.made_at).desc(), col(LookBack.id).desc()).limit(page.limit + 1)))


async def find(tx: Tx, caller: Caller, look_back_id: uuid.UUID, *, lock: bool = False) -> LookBack:
    """The campaign if it is of the caller's region. Raises LookBackNotFound."""
    wanted = select(LookBack).where(col(LookBack.id) == look_back_id, col(LookBack.region).startswith(caller.region, autoescape=True))
    found = await tx.scalar(wanted.with_for_update(read=True) if lock else wanted)
    if found is None:
        raise LookBackNotFound
    return found


async def find_item(tx: Tx, look_back_id: uuid.UUID, case_id: uuid.UUID) -> LookBackItem:
    """An item, locked. Raises LookBackNotFound."""
    wanted = select(LookBackItem).where(col(LookBackItem.look_back_id) == look_back_id, col(LookBackItem.case_id) == case_id)
    found = await tx.scalar(wanted.with_for_update())
    if found is None:
        raise LookBackNotFound
    return found


async def list_items(
    tx: Tx, look_back_id: uuid.UUID, page: PageQuery, finding: Finding | None, unseen: bool | None
) -> Sequence[LookBackItem]:
    """Up to `limit + 1` items in order of their cases. Raises CursorNotReadable."""
    query = select(LookBackItem).where(col(LookBackItem.look_back_id) == look_back_id)
    if finding is not None:
        query = query.where(col(LookBackItem.finding) == finding)
    if unseen is not None:
        query = query.where(col(LookBackItem.finding).is_(None) if unseen else col(LookBackItem.finding).is_not(None))
    if (after := page.after(uuid.UUID)) is not None:
        query = query.where(col(LookBackItem.case_id) > after[0])
    return list(await tx.scalars(query.order_by(col(LookBackItem.case_id)).limit(page.limit + 1)))


async def findings_of(tx: Tx, look_back_id: uuid.UUID, case_id: uuid.UUID) -> Sequence[LookBackFinding]:
    """All findings of an item, in order."""
    wanted = select(LookBackFinding).where(col(LookBackFinding.look_back_id) == look_back_id, col(LookBackFinding.case_id) == case_id)
    return list(await tx.scalars(wanted.order_by(col(LookBackFinding.version))))


async def count(tx: Tx, look_back_id: uuid.UUID) -> Counted:
    """How many items there are, and with which finding."""
    query = (
        select(col(LookBackItem.finding), func.count())
        .where(col(LookBackItem.look_back_id) == look_back_id)
        .group_by(col(LookBackItem.finding))
    )
    found = dict((await tx.execute(query)).tuples().all())
    return Counted(sum(found.values()), found)
