"""Reads of petitions: the petitioner by lookup code, the deputy the own ones, staff those of their region."""

from __future__ import annotations

import uuid

from sqlalchemy import ColumnElement, false, select
from sqlmodel import col

from services.intake import lookup, numbers
from services.intake.petitions.errors import NotYourPetition, PetitionUnknown, TransferUnknown
from services.intake.petitions.models import Petition, Transfer
from shared.db import Tx
from shared.identity import Caller


def _within(caller: Caller) -> ColumnElement[bool]:
    if caller.may("petition.read"):
        return col(Petition.region).startswith(caller.region, autoescape=True)
    return col(Petition.deputy_id) == caller.deputy_id if caller.deputy_id else false()


async def petition(tx: Tx, petition_id: uuid.UUID, caller: Caller, *, lock: bool = False) -> Petition:
    """One petition that the caller may see. Raises PetitionUnknown."""
    wanted = select(Petition).where(col(Petition.id) == petition_id, _within(caller))
    found = await tx.scalar(wanted.with_for_update() if lock else wanted)
    if found is None:
        raise PetitionUnknown()
    return found


async def petition_to_act_in(tx: Tx, petition_id: uuid.UUID, caller: Caller) -> Petition:
    """A petition, locked, in which the caller acts: its deputy, or staff for the deputy. Raises PetitionUnknown, NotYourPetition."""
    found = await petition(tx, petition_id, caller, lock=True)
    if found.deputy_id != caller.deputy_id and not caller.may("petition.enter"):
        raise NotYourPetition()
    return found


async def petition_of(tx: Tx, number: str, lookup_code: str, *, lock: bool = False) -> Petition:
    """The petition of whoever has its number and lookup code. Raises PetitionUnknown, for both reasons alike."""
    wanted = select(Petition).where(col(Petition.number) == numbers.as_number(number))
    found = await tx.scalar(wanted.with_for_update() if lock else wanted)
    if not lookup.opens(found, lookup_code) or found is None:
        raise PetitionUnknown(where="number")
    return found


async def page_of_petitions(tx: Tx, caller: Caller, state: str | None, after: uuid.UUID | None, limit: int) -> list[Petition]:
    """Petitions, newest first."""
    page = select(Petition).where(_within(caller)).order_by(col(Petition.id).desc()).limit(limit + 1)
    if state is not None:
        page = page.where(col(Petition.state) == state)
    if after is not None:
        page = page.where(col(Petition.id) < after)
    return list(await tx.scalars(page))


async def transfers(tx: Tx, petition_id: uuid.UUID) -> list[Transfer]:
    """The transfers of a petition, oldest first."""
    return list(await tx.scalars(select(Transfer).where(col(Transfer.petition_id) == petition_id).order_by(col(Transfer.id))))


async def transfer(tx: Tx, petition_id: uuid.UUID, transfer_id: uuid.UUID) -> Transfer:
    """One transfer of a petition. Raises TransferUnknown."""
    found = await tx.get(Transfer, transfer_id)
    if found is None or found.petition_id != petition_id:
        raise TransferUnknown()
    return found
