"""Verbs on people and their mandates. A person may hold several mandates, each scored apart."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import cast
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from services.directory.codes.ending import end_codes_of
from services.directory.deputies import rules
from services.directory.deputies.rules import MandateStatus
from services.directory.errors import CardTaken, PersonNameDiffers
from services.directory.locks import alone
from services.directory.models import Mandate, Person
from services.directory.scope import check_inside, region_of
from shared.clock import now
from shared.db import Tx
from shared.errors import NotFound
from shared.events.base import new_id
from shared.events.directory import MandateChanged, MandateLevel
from shared.http import check_version
from shared.identity import Caller
from shared.outbox import emit
from shared.workdays import CHINA


@dataclass(frozen=True, slots=True)
class MandateFields:
    """What is known of a mandate. `group` is the delegation or group (代表团、代表小组)."""

    card: str
    level: MandateLevel
    region: str
    group: str
    starts_on: date
    ends_on: date | None


async def enter(tx: Tx, number: str, name: str, fields: MandateFields, caller: Caller) -> Mandate:
    """Enters a mandate of the person with that number, whom it enters too when unknown.

    Raises CardTaken, PersonNameDiffers, DatesNotValid, RegionUnknown or OutsideYourRegion.
    """
    await alone(tx, "master")
    rules.check_dates(fields.starts_on, fields.ends_on)
    await region_of(tx, fields.region, caller)
    if await with_card(tx, fields.card) is not None:
        raise CardTaken(where="card")
    person: Person | None = await tx.scalar(select(Person).where(col(Person.number) == number))
    if person is None:
        person = Person(id=new_id(), number=number, name=name)
        tx.add(person)
        await tx.flush()
    elif person.name != name:
        raise PersonNameDiffers(where="name", number=number)
    row = Mandate(
        id=new_id(),
        person_id=person.id,
        card=fields.card,
        level=fields.level,
        region=fields.region,
        group=fields.group,
        status="active",
        starts_on=fields.starts_on,
        ends_on=fields.ends_on,
        version_no=1,
    )
    tx.add(row)
    await tx.flush()
    _tell(tx, row, person)
    return row


async def change(tx: Tx, deputy_id: UUID, name: str, fields: MandateFields, *, caller: Caller, version: int | None) -> Mandate:
    """Changes a mandate, and the person's name, which is told for each of the person's mandates.

    Raises NotFound, StaleVersion, CardTaken, DatesNotValid, RegionUnknown or OutsideYourRegion.
    """
    await alone(tx, "master")
    row = await _locked(tx, deputy_id, caller)
    if version is not None:
        check_version(row.version_no, version)
    rules.check_dates(fields.starts_on, fields.ends_on)
    await region_of(tx, fields.region, caller)
    other = await with_card(tx, fields.card)
    if other is not None and other.id != row.id:
        raise CardTaken(where="card")
    person = await tx.get_one(Person, row.person_id)
    if person.name != name:
        person.name = name
        await _tell_the_others(tx, person, row.id)
        changed = True
    else:
        changed = False
    for field in ("card", "level", "region", "group", "starts_on", "ends_on"):
        if getattr(row, field) != getattr(fields, field):
            setattr(row, field, getattr(fields, field))
            changed = True
    if changed:
        row.version_no += 1
        await tx.flush()
        _tell(tx, row, person)
    return row


async def set_status(tx: Tx, deputy_id: UUID, status: MandateStatus, caller: Caller, version: int) -> Mandate:
    """Suspends, resumes or ends a mandate (代表法 61, 62); the end is dated today and ends the deputy's codes.

    Raises NotFound, StaleVersion, MandateStatusForbids or OutsideYourRegion.
    """
    await alone(tx, "master")
    row = await _locked(tx, deputy_id, caller)
    rules.check_status(cast(MandateStatus, row.status), status)
    check_version(row.version_no, version)
    row.status = status
    if status == "ended":
        row.ends_on = today()
        await end_codes_of(tx, row.id)
    row.version_no += 1
    await tx.flush()
    _tell(tx, row, await tx.get_one(Person, row.person_id))
    return row


async def end_due(tx: Tx) -> int:
    """Ends the mandates whose last day has passed (代表法 2: a term is 5 years). Returns how many."""
    rows = (
        await tx.scalars(
            select(Mandate)
            .where(col(Mandate.status) != "ended", col(Mandate.ends_on) < today())
            .order_by(col(Mandate.id))
            .limit(100)
            .with_for_update(skip_locked=True)
        )
    ).all()
    for row in rows:
        row.status = "ended"
        row.version_no += 1
        await end_codes_of(tx, row.id)
        _tell(tx, row, await tx.get_one(Person, row.person_id))
    return len(rows)


def today() -> date:
    """The day it is in the place."""
    return now().astimezone(CHINA).date()


async def with_card(tx: Tx, card: str) -> Mandate | None:
    """The mandate with that card number: its natural key."""
    found: Mandate | None = await tx.scalar(select(Mandate).where(col(Mandate.card) == card))
    return found


async def _locked(tx: Tx, deputy_id: UUID, caller: Caller) -> Mandate:
    row = await tx.get(Mandate, deputy_id, with_for_update=True)
    if row is None:
        raise NotFound(where="deputy_id")
    check_inside(row.region, caller)
    return row


async def _tell_the_others(tx: Tx, person: Person, but: UUID) -> None:
    for row in await tx.scalars(select(Mandate).where(col(Mandate.person_id) == person.id, col(Mandate.id) != but)):
        row.version_no += 1
        _tell(tx, row, person)


def _tell(tx: Tx, row: Mandate, person: Person) -> None:
    emit(
        tx,
        MandateChanged(
            deputy_id=row.id,
            person_id=row.person_id,
            name=person.name,
            level=cast(MandateLevel, row.level),
            region=row.region,
            group=row.group,
            status=cast(MandateStatus, row.status),
            starts_on=row.starts_on,
            ends_on=row.ends_on,
            version_no=row.version_no,
        ),
    )
