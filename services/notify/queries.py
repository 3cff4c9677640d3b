"""Reads of the inbox: always of one caller."""

from __future__ import annotations

from sqlalchemy import ColumnElement, exists, func, select, tuple_
from sqlmodel import col

from services.notify.models import Notice, ReadMark
from services.notify.rules import audiences_of
from shared.db import Tx
from shared.identity import Caller

COUNTED_AT_MOST = 1000


def addressed_to(caller: Caller) -> ColumnElement[bool]:
    """Notices for an audience that the caller belongs to."""
    return tuple_(col(Notice.audience_kind), col(Notice.audience)).in_([(one.kind, one.id) for one in audiences_of(caller)])


def read_by(caller: Caller) -> ColumnElement[bool]:
    """Notices that the caller has read."""
    return exists().where(col(ReadMark.notice_id) == col(Notice.id), col(ReadMark.account_id) == caller.account_id)


async def page_of_notices(tx: Tx, caller: Caller, *, unread: bool, before: int | None, limit: int) -> list[tuple[Notice, bool]]:
    """The caller's notices and whether each is read, the newest first, from the one before position `before` on."""
    page = select(Notice, read_by(caller)).where(addressed_to(caller)).order_by(col(Notice.position).desc()).limit(limit)
    if unread:
        page = page.where(~read_by(caller))
    if before is not None:
        page = page.where(col(Notice.position) < before)
    return list((await tx.execute(page)).tuples())


async def count_unread(tx: Tx, caller: Caller) -> int:
    """How many notices the caller has not read; more than `COUNTED_AT_MOST` are not counted."""
    some = select(col(Notice.id)).where(addressed_to(caller), ~read_by(caller)).limit(COUNTED_AT_MOST).subquery()
    return await tx.scalar(select(func.count()).select_from(some)) or 0


async def since(tx: Tx, caller: Caller, position: int, limit: int) -> list[Notice]:
    """The caller's notices after a position, in order of delivery, without what people had been told before a restore."""
    new = col(Notice.position) > position, ~col(Notice.told_before)
    page = select(Notice).where(addressed_to(caller), *new).order_by(col(Notice.position))
    return list(await tx.scalars(page.limit(limit)))


async def last_position(tx: Tx) -> int:
    """The newest position that anybody can see."""
    return await tx.scalar(select(func.max(col(Notice.position)))) or 0
