"""Doors to deputies. Their names and mandates are public information (代表法 58); numbers and cards are the administrator's."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Self, cast
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlmodel import col

from services.directory.deputies import actions
from services.directory.deputies.actions import MandateFields
from services.directory.deputies.rules import MandateStatus
from services.directory.lists import equal, inside, page
from services.directory.models import Mandate, Person
from shared.db import Tx
from shared.errors import NotFound
from shared.events.directory import MandateLevel
from shared.http import IfMatch, InTx, Page, Paging, RequestModel, service_router
from shared.identity import Caller, public, requires

router = service_router(tags=["deputies"])

Anyone = Annotated[Caller | None, public()]
Writer = Annotated[Caller, requires("master.write")]


class MandateIn(RequestModel):
    """A mandate as the system administrator enters it. `card` is the number of the deputy's card (代表证号)."""

    name: str = Field(min_length=1, max_length=40)
    card: str = Field(min_length=1, max_length=40)
    level: MandateLevel
    region: str = Field(max_length=20)
    group: str = Field(default="", max_length=60)
    starts_on: date
    ends_on: date | None = None

    def fields(self) -> MandateFields:
        return MandateFields(**self.model_dump(include=set(MandateFields.__slots__)))


class NewMandateIn(MandateIn):
    """A first or further mandate of a person; `person` is the person's number in the site's list."""

    person: str = Field(min_length=1, max_length=40)


class StatusIn(RequestModel):
    """The status that a mandate passes into."""

    status: MandateStatus


class DeputyOut(BaseModel):
    """A deputy's mandate; `person` and `card` are null for those who do not keep the list."""

    id: UUID
    person_id: UUID
    name: str
    level: MandateLevel
    region: str
    group: str
    status: MandateStatus
    starts_on: date
    ends_on: date | None
    version: int
    person: str | None = None
    card: str | None = None

    @classmethod
    def of(cls, row: Mandate, person: Person, caller: Caller | None) -> Self:
        keeps_list = caller is not None and caller.may("master.read")
        return cls.model_validate(
            {
                **row.model_dump(exclude={"card"}),
                "name": person.name,
                "version": row.version_no,
                "person": person.number if keeps_list else None,
                "card": row.card if keeps_list else None,
            }
        )


@router.get("/deputies")
async def deputies(
    tx: InTx,
    paging: Paging,
    caller: Anyone,
    *,
    region: Annotated[str | None, Query(max_length=20)] = None,
    level: MandateLevel | None = None,
    group: Annotated[str | None, Query(max_length=60)] = None,
    status: MandateStatus = "active",
) -> Page[DeputyOut]:
    """Mandates in the order of region and entry; with `region`, those in its subtree. `status` other than active: staff only."""
    shown = status if caller is not None else "active"
    conditions = (
        equal(col(Mandate.status), shown),
        inside(col(Mandate.region), region),
        equal(col(Mandate.level), level),
        equal(col(Mandate.group), group),
    )
    rows, cursor = await page(tx, Mandate, {"region": str, "id": UUID}, paging, *conditions)
    holders = await tx.scalars(select(Person).where(col(Person.id).in_({row.person_id for row in rows})))
    people = {person.id: person for person in holders}
    return Page(items=[DeputyOut.of(row, people[row.person_id], caller) for row in rows], next_cursor=cursor)


@router.get("/deputies/{deputy_id}")
async def deputy(deputy_id: UUID, tx: InTx, caller: Anyone) -> DeputyOut:
    """One mandate; anyone sees those in force."""
    row = await tx.get(Mandate, deputy_id)
    if row is None or (caller is None and row.status != "active"):
        raise NotFound(where="deputy_id")
    return await _out(tx, row, caller)


@router.post("/deputies", status_code=201)
async def enter(body: NewMandateIn, tx: InTx, caller: Writer) -> DeputyOut:
    """Enters a mandate, and the person when the number is new."""
    return await _out(tx, await actions.enter(tx, body.person, body.name, body.fields(), caller), caller)


@router.put("/deputies/{deputy_id}")
async def change(deputy_id: UUID, body: MandateIn, tx: InTx, version: IfMatch, caller: Writer) -> DeputyOut:
    """Changes a mandate; another name is told for all mandates of the person."""
    return await _out(tx, await actions.change(tx, deputy_id, body.name, body.fields(), caller=caller, version=version), caller)


@router.post("/deputies/{deputy_id}/status")
async def set_status(deputy_id: UUID, body: StatusIn, tx: InTx, version: IfMatch, caller: Writer) -> DeputyOut:
    """Suspends, resumes or ends a mandate."""
    return await _out(tx, await actions.set_status(tx, deputy_id, body.status, caller, version), caller)


async def _out(tx: Tx, row: Mandate, caller: Caller | None) -> DeputyOut:
    return DeputyOut.of(row, cast(Person, await tx.get_one(Person, row.person_id)), caller)
