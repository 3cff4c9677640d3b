"""The doors of look-backs (回头看专项行动): the desk begins, enters findings and closes; who reads cases reads the figures."""

from __future__ import annotations

import uuid
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

from fastapi import Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from services.routing.look_backs import actions, queries, rules
from services.routing.look_backs.models import LookBack
from services.routing.supervising.settings import Finding
from shared.db import Tx
from shared.http import Blank, IfMatch, InTx, Page, Paging, RequestModel, page_of, service_router
from shared.identity import Caller, requires
from shared.shares import largest_remainder

router = service_router(tags=["look-backs"])

Desk = Annotated[Caller, requires("case.supervise")]
Reader = Annotated[Caller, requires("case.read")]


class SelectionIn(RequestModel):
    """What to look back at: replies of a class and a year, promises that are overdue, or a list of cases."""

    kind: Literal["class", "overdue_promises", "cases"]
    result_class: str | None = Field(default=None, alias="class", min_length=1, max_length=16)
    year: int | None = Field(default=None, ge=2000, le=2100)
    department: str | None = Field(default=None, pattern=r"^[a-z][a-z0-9_]{1,39}$")
    cases: list[uuid.UUID] = Field(default=[], max_length=1000)

    @model_validator(mode="after")
    def _says_what_its_kind_needs(self) -> SelectionIn:
        needs = {"class": ("result_class", "year"), "overdue_promises": (), "cases": ("cases",)}[self.kind]
        takes = {"class": ("department",), "overdue_promises": ("year", "department"), "cases": ()}[self.kind]
        said = {name for name in ("result_class", "year", "department", "cases") if getattr(self, name)}
        if set(needs) - said or said - {*needs, *takes}:
            raise ValueError(f"{self.kind} needs {', '.join(needs) or 'nothing'} and may have {', '.join(takes) or 'nothing'} besides")
        return self

    def chosen(self) -> rules.Selection:
        """As the verbs know it."""
        return rules.Selection(self.kind, self.result_class, self.year, self.department, tuple(dict.fromkeys(self.cases)))


class LookBackIn(RequestModel):
    """A campaign: its name and what it looks back at."""

    name: str = Field(min_length=1, max_length=100)
    selection: SelectionIn


class FindingIn(RequestModel):
    """What was found, what shows it, the office of who looked (not a private person), and when. `delivered_at`: since when it is done."""

    finding: Finding
    evidence: str = Field(min_length=1, max_length=2000)
    looked_by: str = Field(min_length=1, max_length=100)
    looked_at: AwareDatetime
    delivered_at: AwareDatetime | None = None
    supervise: bool = False

    def found(self) -> rules.Found:
        """As the verbs know it."""
        return rules.Found(self.finding, self.evidence, self.looked_by, self.looked_at, self.delivered_at, self.supervise)


class _Out(BaseModel):
    model_config = ConfigDict(from_attributes=True, populate_by_name=True)


class LookBackLine(_Out):
    """A campaign in the list."""

    id: uuid.UUID
    name: str
    state: rules.State
    version: int
    made_at: datetime
    closed_at: datetime | None


class FindingShare(BaseModel):
    """Items with a finding, and their share of all that were looked at."""

    finding: Finding
    count: int
    share: Decimal


class LookBackOut(LookBackLine):
    """A campaign with its figures: `base` items were looked at, `unseen` were not; the shares are of the base."""

    items: int
    base: int
    unseen: int
    findings: list[FindingShare]


class LookBackItemOut(_Out):
    """A case that is looked back at, and the newest finding."""

    case_id: uuid.UUID
    number: str
    department: str | None
    result_class: str | None = Field(alias="class")
    finding: Finding | None
    version: int


class FindingOut(_Out):
    """A finding of an item."""

    version: int
    finding: Finding
    evidence: str
    looked_by: str
    looked_at: datetime
    delivered_at: datetime | None
    supervised: bool


async def _whole(tx: Tx, look_back: LookBack) -> LookBackOut:
    await tx.flush()
    counted = await queries.count(tx, look_back.id)
    found = {finding: counted.by_finding.get(finding, 0) for finding in rules.FINDINGS}
    shares = largest_remainder(list(found.values()), tx.policy.reports.decimals)
    findings = [FindingShare(finding=one, count=found[one], share=share) for one, share in zip(found, shares, strict=True)]
    unseen = counted.by_finding.get(None, 0)
    plain = LookBackLine.model_validate(look_back).model_dump()
    return LookBackOut(**plain, items=counted.items, base=counted.items - unseen, unseen=unseen, findings=findings)


@router.post("/look-backs", status_code=201)
async def begin(body: LookBackIn, tx: InTx, caller: Desk) -> LookBackOut:
    """Begins a look-back; its items are gathered in the background, `state` says when all are there."""
    return await _whole(tx, await actions.begin(tx, caller, body.name, body.selection.chosen()))


@router.get("/look-backs")
async def list_look_backs(tx: InTx, caller: Reader, page: Paging) -> Page[LookBackLine]:
    """Campaigns, the newest first."""
    rows, cursor = page_of(await queries.list_look_backs(tx, caller, page), page.limit, key=lambda one: (one.made_at, one.id))
    return Page(items=[LookBackLine.model_validate(row) for row in rows], next_cursor=cursor)


@router.get("/look-backs/{look_back_id}")
async def read(look_back_id: uuid.UUID, tx: InTx, caller: Reader) -> LookBackOut:
    """A campaign and its figures."""
    return await _whole(tx, await queries.find(tx, caller, look_back_id))


@router.get("/look-backs/{look_back_id}/items")
async def list_items(
    look_back_id: uuid.UUID,
    tx: InTx,
    caller: Reader,
    page: Paging,
    finding: Annotated[Annotated[Finding | None, Query()], Blank] = None,
    unseen: Annotated[bool | None, Blank] = None,
) -> Page[LookBackItemOut]:
    """Its items in a fixed order, also those that nobody has looked at."""
    look_back = await queries.find(tx, caller, look_back_id)
    rows, cursor = page_of(await queries.list_items(tx, look_back.id, page, finding, unseen), page.limit, key=lambda one: (one.case_id,))
    return Page(items=[LookBackItemOut.model_validate(row) for row in rows], next_cursor=cursor)


@router.get("/look-backs/{look_back_id}/items/{case_id}/findings")
async def list_findings(look_back_id: uuid.UUID, case_id: uuid.UUID, tx: InTx, caller: Reader) -> list[FindingOut]:
    """All that was found of an item, in order."""
    look_back = await queries.find(tx, caller, look_back_id)
    return [FindingOut.model_validate(row) for row in await queries.findings_of(tx, look_back.id, case_id)]


@router.post("/look-backs/{look_back_id}/items/{case_id}/finding")
async def find_out(
    look_back_id: uuid.UUID, case_id: uuid.UUID, body: FindingIn, tx: InTx, version: IfMatch, caller: Desk
) -> LookBackItemOut:
    """Enters what was found of an item; its version counts the findings, from 0."""
    return LookBackItemOut.model_validate(await actions.find_out(tx, look_back_id, case_id, caller, version, body.found()))


@router.post("/look-backs/{look_back_id}/close")
async def close(look_back_id: uuid.UUID, tx: InTx, version: IfMatch, caller: Desk) -> LookBackOut:
    """Ends a look-back."""
    return await _whole(tx, await actions.close(tx, look_back_id, caller, version))
