"""The doors of supervision (督办): the desk enters the council's decisions and who supervises; committees read and push."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Literal

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from services.routing import rules as cases
from services.routing.labels import Named
from services.routing.models import CaseState
from services.routing.queries import find_case
from services.routing.supervising import actions, queries, rules
from services.routing.supervising.models import Supervisor
from shared.db import Tx
from shared.http import Blank, IfMatch, InTx, Lang, Page, Paging, RequestModel, page_of, service_router
from shared.identity import Caller, requires

router = service_router(tags=["supervising"])

Desk = Annotated[Caller, requires("case.supervise")]
Pusher = Annotated[Caller, requires("case.push")]
Reader = Annotated[Caller, requires("case.read", "case.read.own", "case.read.counterpart")]
Overseer = Annotated[Caller, requires("case.read")]
Committee = Annotated[Caller, requires("case.read.counterpart")]
Organisation = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,39}$")]
Code = Annotated[str, Field(min_length=1, max_length=40)]
Year = Annotated[int, Query(ge=2000, le=2100)]


class HolderIn(RequestModel):
    """A public office and, if it is to be known, its holder's name."""

    kind: Code
    office: str = Field(min_length=1, max_length=100)
    name: str | None = Field(default=None, min_length=1, max_length=60)
    organisation: Organisation | None = None

    def holder(self) -> rules.Holder:
        """As the verbs know it."""
        return rules.Holder(self.kind, self.office, self.name, self.organisation)


class _DecisionIn(RequestModel):
    decision_number: str | None = Field(default=None, min_length=1, max_length=60)
    decided_on: date | None = None


class FlagIn(_DecisionIn):
    """The council's decision (代表法 52), its ground, who leads the handling (领办) and who supervises (督办)."""

    ground: Code
    led_by: list[HolderIn] = Field(min_length=1, max_length=10)
    supervised_by: list[HolderIn] = Field(min_length=1, max_length=10)


class UnflagIn(_DecisionIn):
    """The council's decision, and why."""

    reason: str = Field(min_length=1, max_length=2000)


class JoinIn(RequestModel):
    """A body that supervises beside others, in a role of the profile."""

    organisation: Organisation
    role: Code


class NoteIn(RequestModel):
    """A push that the lead hears of, or a follow-up."""

    kind: rules.NoteKind
    text: str = Field(min_length=1, max_length=2000)


class _Out(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class SupervisorOut(_Out):
    """Who leads or supervises: an office with its holder, or an organisation."""

    id: uuid.UUID
    kind: str
    organisation: str | None
    office: str | None
    name: str | None
    since: datetime


class SupervisionNoteOut(_Out):
    """A note and the body that wrote it."""

    kind: rules.NoteKind
    body: str
    text: str
    at: datetime


class KeyDecisionOut(_Out):
    """A decision of the council."""

    action: Literal["flag", "unflag"]
    decision_number: str
    decided_on: date
    reason: str
    at: datetime


class SupervisionOut(BaseModel):
    """What is known of a case's supervision; `version` is what its verbs go by, 0 before the first."""

    case_id: uuid.UUID
    version: int
    key: bool
    decision_number: str | None
    decided_on: date | None
    ground: str | None
    led_by: list[SupervisorOut]
    supervised_by: list[SupervisorOut]
    joint: list[SupervisorOut]
    notes: list[SupervisionNoteOut]
    decisions: list[KeyDecisionOut]


class SupervisedCase(_Out):
    """A case in a committee's list."""

    case_id: uuid.UUID
    number: str
    title: str
    status: cases.Status
    department: str | None
    reply_due_at: datetime | None


class KeyCaseLine(SupervisedCase):
    """A key case, and how many notes there are on it."""

    decision_number: str
    decided_on: date
    ground: str
    notes: int


class KindCount(BaseModel):
    """Key cases with a leader or supervisor of a kind."""

    code: str
    label: str
    count: int


class KeyCaseCounts(BaseModel):
    """The key cases decided on in a year, by kinds of leaders and of supervisors."""

    year: int
    base: int
    led_by: list[KindCount]
    supervised_by: list[KindCount]


async def _whole(tx: Tx, case: CaseState) -> SupervisionOut:
    await tx.flush()
    known = await queries.supervision_of(tx, case)
    there = await queries.supervisors_of(tx, case.id)
    return SupervisionOut(
        case_id=case.id,
        version=known.version,
        key=known.key_since is not None,
        decision_number=known.decision_number,
        decided_on=known.decided_on,
        ground=known.ground,
        led_by=_of("led_by", there),
        supervised_by=_of("supervised_by", there),
        joint=_of("joint", there),
        notes=[SupervisionNoteOut.model_validate(one) for one in await queries.notes_of(tx, case.id)],
        decisions=[KeyDecisionOut.model_validate(one) for one in await queries.decisions_of(tx, case.id)],
    )


def _of(part: rules.Part, there: Sequence[Supervisor]) -> list[SupervisorOut]:
    return [SupervisorOut.model_validate(one) for one in there if one.part == part]


@router.get("/cases/{case_id}/supervision")
async def read(case_id: uuid.UUID, tx: InTx, caller: Reader) -> SupervisionOut:
    """Who supervises a case, with the council's decisions and all notes."""
    return await _whole(tx, await find_case(tx, caller, case_id))


@router.post("/cases/{case_id}/key")
async def flag(case_id: uuid.UUID, body: FlagIn, tx: InTx, version: IfMatch, caller: Desk) -> SupervisionOut:
    """Makes a case a key one by a decision of the chairpersons' council; `If-Match` is the supervision's version."""
    holders = {name: [one.holder() for one in getattr(body, name)] for name in ("led_by", "supervised_by")}
    return await _whole(tx, await actions.flag(tx, case_id, caller, version, **(dict(body) | holders)))


@router.post("/cases/{case_id}/unkey")
async def unflag(case_id: uuid.UUID, body: UnflagIn, tx: InTx, version: IfMatch, caller: Desk) -> SupervisionOut:
    """Ends that a case is a key one, by another decision."""
    return await _whole(tx, await actions.unflag(tx, case_id, caller, version, **dict(body)))


@router.post("/cases/{case_id}/supervisors")
async def join(case_id: uuid.UUID, body: JoinIn, tx: InTx, version: IfMatch, caller: Desk) -> SupervisionOut:
    """Has a body supervise a case beside others (联督联促)."""
    return await _whole(tx, await actions.join(tx, case_id, caller, version, **dict(body)))


@router.post("/cases/{case_id}/supervisors/{supervisor_id}/leave")
async def leave(case_id: uuid.UUID, supervisor_id: uuid.UUID, tx: InTx, version: IfMatch, caller: Desk) -> SupervisionOut:
    """Ends that a body supervises a case beside others."""
    return await _whole(tx, await actions.leave(tx, case_id, supervisor_id, caller, version))


@router.post("/cases/{case_id}/notes", status_code=201)
async def note(case_id: uuid.UUID, body: NoteIn, tx: InTx, caller: Pusher) -> SupervisionOut:
    """Writes a push or a follow-up on a case that the caller may see."""
    return await _whole(tx, await actions.note(tx, case_id, caller, **dict(body)))


@router.get("/key-cases")
async def list_key_cases(
    tx: InTx, caller: Overseer, page: Paging, year: Annotated[Annotated[int, Field(ge=2000, le=2100)] | None, Blank] = None
) -> Page[KeyCaseLine]:
    """Key cases, the newest flag first; `year` is that of the decision."""
    rows, cursor = page_of(await queries.key_cases(tx, caller, page, year), page.limit, key=lambda one: (one["key_since"], one["case_id"]))
    return Page(items=[KeyCaseLine(**row) for row in rows], next_cursor=cursor)


@router.get("/key-cases/counts")
async def count_key_cases(tx: InTx, caller: Overseer, lang: Lang, year: Year) -> KeyCaseCounts:
    """A year's key cases by kinds of leaders and of supervisors."""
    base, counts = await queries.count_kinds(tx, caller, year)
    policy = tx.policy.supervising.key_cases

    def of(part: rules.Part, kinds: tuple[Named, ...]) -> list[KindCount]:
        return [KindCount(code=one.code, label=getattr(one.label, lang), count=counts.get((part, one.code), 0)) for one in kinds]

    return KeyCaseCounts(year=year, base=base, led_by=of("led_by", policy.leaders), supervised_by=of("supervised_by", policy.supervisors))


@router.get("/supervised-cases")
async def list_supervised(tx: InTx, caller: Committee, page: Paging) -> Page[SupervisedCase]:
    """The cases of the departments that a committee supervises, and those it joined, the newest first."""
    rows, cursor = page_of(await queries.supervised_cases(tx, caller, page), page.limit, key=lambda one: (one["opened_at"], one["case_id"]))
    return Page(items=[SupervisedCase(**row) for row in rows], next_cursor=cursor)
