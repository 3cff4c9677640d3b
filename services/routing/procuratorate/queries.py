"""Reads of transfers, within the caller's region."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, tuple_
from sqlmodel import col

from services.routing.procuratorate import rules
from services.routing.procuratorate.errors import TransferNotFound
from services.routing.procuratorate.models import Transfer
from shared.db import Tx
from shared.http import PageQuery
from shared.identity import Caller


async def find(tx: Tx, caller: Caller, transfer_id: uuid.UUID, *, lock: bool = False) -> Transfer:
    """The transfer if it is of the caller's region. Raises TransferNotFound."""
    wanted = select(Transfer).where(col(Transfer.id) == transfer_id, col(Transfer.region).startswith(caller.region, autoescape=True))
    found = await tx.scalar(wanted.with_for_update() if lock else wanted)
    if found is None:
        raise TransferNotFound
    return found


async def list_transfers(
    tx: Tx, caller: Caller, page: PageQuery, direction: rules.Direction | None, state: rules.State | None, case_id: uuid.UUID | None
) -> Sequence[Transfer]:
    """Up to `limit + 1` transfers, the newest first. Raises CursorNotReadable."""
    query = select(Transfer).where(col(Transfer.region).startswith(caller.region, autoescape=True))
    for column, wanted in ((Transfer.direction, direction), (Transfer.state, state), (Transfer.case_id, case_id)):
        if wanted is not None:
            query = query.where(col(column) == wanted)
    if (after := page.after(datetime, uuid.UUID)) is not None:
        query = query.where(tuple_(col(Transfer.at), col(Transfer.id)) < tuple_(*after))
    return list(await tx.scalars(query.order_by(col(Transfer.at).desc(), col(Transfer.id).desc()).limit(page.limit + 1)))


async def tied(tx: Tx, case_id: uuid.UUID, reference: str) -> bool:
    """Whether a suggestion of the procuratorate is tied to a case."""
    wanted = select(col(Transfer.id)).where(
        col(Transfer.case_id) == case_id, col(Transfer.direction) == "in", col(Transfer.reference) == reference
    )
    return await tx.scalar(wanted) is not None


async def under_way(tx: Tx, case_id: uuid.UUID) -> bool:
    """Whether a lead of a case is with the procuratorate."""
    states = ("handed_over", "accepted", "documented")
    return await tx.scalar(select(col(Transfer.id)).where(col(Transfer.case_id) == case_id, col(Transfer.state).in_(states))) is not None
