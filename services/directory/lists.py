"""Keyset pages of a table: one statement, in the order of a key that is unique."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, select, true, tuple_
from sqlalchemy.orm import Mapped

from shared.db import Tx
from shared.http import PageQuery, page_of

Row = TypeVar("Row")


def equal(column: Mapped[Any], value: object) -> ColumnElement[bool]:
    """The condition that a column has a value; without a value, no condition."""
    return true() if value is None else column == value


def inside(column: Mapped[str], region: str | None) -> ColumnElement[bool]:
    """The condition that a region's code lies in the subtree of `region`; without one, no condition."""
    return true() if region is None else column.startswith(region, autoescape=True)


async def page(
    tx: Tx, table: type[Row], key: Mapping[str, type], paging: PageQuery, *conditions: ColumnElement[bool]
) -> tuple[Sequence[Row], str | None]:
    """The rows of a page in the order of the columns of `key`, with their types, and the cursor of the next.

    Raises CursorNotReadable.
    """
    columns = [getattr(table, name) for name in key]
    chosen = select(table).where(*conditions).order_by(*columns).limit(paging.limit + 1)
    if (after := paging.after(*key.values())) is not None:
        chosen = chosen.where(tuple_(*columns) > tuple_(*after))
    rows = (await tx.scalars(chosen)).all()
    return page_of(rows, paging.limit, lambda row: [getattr(row, name) for name in key])
