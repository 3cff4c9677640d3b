"""The doors of contacts and links for deputies and staff. The public's is in `public.py`."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, Field

from services.intake import actions as opinions
from services.intake.api import ContactIn, ReceiptOut
from services.intake.civil import day_of
from services.intake.contacts import actions, queries
from services.intake.contacts.models import Entry, Link
from services.intake.places import own_mandate
from shared.clock import now
from shared.events.intake_contacts import LinkKind, Measure, Period
from shared.events.intake_receptions import MeetingChannel
from shared.http import IfMatch, InTx, Lang, Page, Paging, RequestModel, page_of, service_router
from shared.identity import Caller, requires

router = service_router(tags=["contacts"])

Reader = Annotated[Caller, requires("contact.read", "contact.log")]
RegionCode = Annotated[str, Field(min_length=2, max_length=24, pattern=r"^[0-9a-z]+$")]
Kind = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,39}$")]


class SaidIn(RequestModel):
    """A matter that came up, and how its sender may be reached."""

    title: str = Field(min_length=1, max_length=200)
    text: str = Field(min_length=1, max_length=20_000)
    category: str | None = Field(default=None, max_length=40)
    contact: ContactIn | None = None


class EntryIn(RequestModel):
    """A contact with people. `region`: where; for a grid its village, community or zone."""

    kind: Kind
    on: date
    channel: MeetingChannel
    persons: int = Field(ge=1, le=100_000)
    region: RegionCode
    link_id: uuid.UUID | None = None
    note: str | None = Field(default=None, min_length=1, max_length=5_000)
    matters: list[SaidIn] = Field(default_factory=list, max_length=20)


class OnBehalfIn(EntryIn):
    """A contact that staff enter for a deputy."""

    deputy_id: uuid.UUID


class ReasonIn(RequestModel):
    """Why an entry is struck out."""

    reason: str = Field(min_length=2, max_length=500)


class LinkIn(RequestModel):
    """A link to make. `to_deputy_id` for a link with a deputy; a link with people has their region only."""

    kind: LinkKind
    from_deputy_id: uuid.UUID
    to_deputy_id: uuid.UUID | None = None
    region: RegionCode
    starts_on: date


class EndIn(RequestModel):
    """The last day of a link."""

    ends_on: date


class EntryOut(BaseModel):
    """An entry of the log."""

    id: uuid.UUID
    deputy_id: uuid.UUID
    kind: str
    measures: list[Measure]
    on: date
    channel: MeetingChannel
    persons: int
    region: str
    link_id: uuid.UUID | None
    meeting_id: uuid.UUID | None
    matters: int
    note: str | None
    struck_because: str | None


class LoggedOut(BaseModel):
    """An entry with what the senders of its matters take away."""

    entry: EntryOut
    receipts: list[ReceiptOut]


class LinkOut(BaseModel):
    """A link."""

    id: uuid.UUID
    kind: LinkKind
    kind_label: str
    from_deputy_id: uuid.UUID
    to_deputy_id: uuid.UUID | None
    region: str
    starts_on: date
    ends_on: date | None
    version: int


class StandingOut(BaseModel):
    """`done` of `owed` in the year, and in how many of its `periods` the minimum was met."""

    measure: Measure
    label: str
    period: Period
    done: int
    owed: int
    met: int
    periods: int


class DeputyStandingOut(BaseModel):
    """How a deputy stands to each minimum."""

    deputy_id: uuid.UUID
    name: str
    standings: list[StandingOut]


class PlaceOut(BaseModel):
    """Opinions of a place. `handed_over` and `closed` are parts of `received`."""

    place: str
    name: str | None
    received: int
    handed_over: int
    closed: int


@router.post("/contacts/own", status_code=201)
async def log_own(body: EntryIn, tx: InTx, caller: Annotated[Caller, requires("contact.log")]) -> LoggedOut:
    """A deputy enters an own contact."""
    mandate = await own_mandate(tx, caller, day_of(now()))
    return await _log(tx, caller, mandate.deputy_id, body)


@router.post("/contacts", status_code=201)
async def log(body: OnBehalfIn, tx: InTx, caller: Annotated[Caller, requires("contact.enter")]) -> LoggedOut:
    """Staff enter a contact for a deputy."""
    return await _log(tx, caller, body.deputy_id, body)


@router.get("/contacts")
async def entries(tx: InTx, caller: Reader, paging: Paging, deputy_id: uuid.UUID | None = None) -> Page[EntryOut]:
    """The contact log, newest first: of the caller's region, or the caller's own."""
    after = paging.after(uuid.UUID)
    rows = await queries.page_of_entries(tx, caller, deputy_id, after[0] if after else None, paging.limit)
    items, cursor = page_of(rows, paging.limit, key=lambda row: (row.id,))
    return Page(items=[_entry(one) for one in items], next_cursor=cursor)


@router.post("/contacts/{entry_id}/strike-out")
async def strike_out(
    entry_id: uuid.UUID, body: ReasonIn, tx: InTx, caller: Annotated[Caller, requires("contact.log", "contact.enter")]
) -> EntryOut:
    """Strikes out an entry that was wrong."""
    return _entry(await actions.strike_out(tx, entry_id, caller, reason=body.reason))


@router.get("/contacts/standings")
async def standings(
    tx: InTx, lang: Lang, caller: Reader, paging: Paging, year: Annotated[int, Query(ge=2000, le=2200)]
) -> Page[DeputyStandingOut]:
    """How deputies stand to the minimums of a year."""
    after = paging.after(uuid.UUID)
    rows = await queries.standings(tx, caller, tx.policy.contacts.minimums, year, after[0] if after else None, paging.limit)
    items, cursor = page_of(rows, paging.limit, key=lambda row: (row.deputy.deputy_id,))
    return Page(items=[_standing(one, lang) for one in items], next_cursor=cursor)


@router.get("/contacts/by-place")
async def by_place(tx: InTx, caller: Annotated[Caller, requires("contact.read")], since: date, until: date) -> list[PlaceOut]:
    """Opinions by the village, community or zone they were sent from, the most first, each with its base."""
    found = await queries.opinions_by_region(tx, caller, since, until)
    return [PlaceOut(**{name: getattr(one, name) for name in PlaceOut.model_fields}) for one in found]


@router.post("/links", status_code=201)
async def link(body: LinkIn, tx: InTx, lang: Lang, caller: Annotated[Caller, requires("link.write")]) -> LinkOut:
    """Links a deputy with another, or with the people of a region."""
    made = await actions.link(tx, caller, body.kind, body.from_deputy_id, body.to_deputy_id, body.region, body.starts_on)
    return _link(tx.policy.contacts.links[body.kind].of(lang), made)


@router.post("/links/{link_id}/end")
async def end_link(
    link_id: uuid.UUID, body: EndIn, tx: InTx, lang: Lang, version: IfMatch, caller: Annotated[Caller, requires("link.write")]
) -> LinkOut:
    """Ends a link."""
    ended = await actions.end_link(tx, link_id, caller, version, ends_on=body.ends_on)
    return _link(tx.policy.contacts.links[ended.kind].of(lang), ended)


@router.get("/links")
async def links(tx: InTx, lang: Lang, caller: Reader, paging: Paging, deputy_id: uuid.UUID | None = None) -> Page[LinkOut]:
    """Links, newest first: of the caller's region, or the caller's own."""
    after = paging.after(uuid.UUID)
    rows = await queries.page_of_links(tx, caller, deputy_id, after[0] if after else None, paging.limit)
    items, cursor = page_of(rows, paging.limit, key=lambda row: (row.id,))
    return Page(items=[_link(tx.policy.contacts.links[one.kind].of(lang), one) for one in items], next_cursor=cursor)


async def _log(tx: InTx, caller: Caller, deputy_id: uuid.UUID, body: EntryIn) -> LoggedOut:
    contact = actions.Contact(**body.model_dump(include={"kind", "on", "channel", "persons", "region", "link_id", "note"}))
    said = [
        actions.Said(one.title, one.text, one.category, opinions.Sender(one.contact.name, one.contact.phone) if one.contact else None)
        for one in body.matters
    ]
    entry, receipts = await actions.log(tx, caller, deputy_id, contact, said)
    shown = [ReceiptOut(number=one.number, lookup_code=one.lookup_code, status=one.status) for one in receipts]
    return LoggedOut(entry=_entry(entry), receipts=shown)


def _entry(entry: Entry) -> EntryOut:
    return EntryOut.model_validate(entry.model_dump(include=set(EntryOut.model_fields)))


def _link(label: str, link: Link) -> LinkOut:
    return LinkOut.model_validate({**link.model_dump(include=set(LinkOut.model_fields)), "kind_label": label})


def _standing(one: queries.DeputyStanding, lang: str) -> DeputyStandingOut:
    shown = [
        StandingOut(measure=m.measure, label=m.label.of(lang), period=m.period, done=s.done, owed=s.owed, met=s.met, periods=s.periods)
        for m, s in one.standings
    ]
    return DeputyStandingOut(deputy_id=one.deputy.deputy_id, name=one.deputy.name, standings=shown)
