"""Doors of everybody who reads, of the township, of the congress's office and of advisers."""

from __future__ import annotations

import uuid
from typing import Annotated
from urllib.parse import quote

from fastapi import Query, Response, status
from pydantic import BaseModel, Field

from services.intake.disclosing import PurposeIn
from services.intake.suggestions import queries, views
from services.intake.suggestions.actions import advising, checking, drafting, submitting
from services.intake.suggestions.api.deputies import LeadContactOut
from services.intake.suggestions.api.shown import listed, shown
from services.intake.suggestions.settings import Status
from shared.events.intake_suggestions import Kind, Point, RaisedIn
from shared.http import IfMatch, InTx, Lang, Page, Paging, RequestModel, page_of, service_router
from shared.identity import Caller, requires

router = service_router(tags=["suggestions"])

Reader = Annotated[Caller, requires("suggestion.raise", "suggestion.gate", "suggestion.check", "suggestion.read", "suggestion.advise")]
Township = Annotated[Caller, requires("suggestion.gate")]
Office = Annotated[Caller, requires("suggestion.check")]
Id = uuid.UUID
Code = Annotated[str, Field(min_length=1, max_length=40)]
Reason = Annotated[str, Field(min_length=2, max_length=2000)]


class ReasonIn(RequestModel):
    """Why; the deputy reads it."""

    reason: Reason


class CheckIn(RequestModel):
    """The category under which it is handed over; the deputy's own when left out (审查分类)."""

    category: Code | None = None


class RefusalIn(RequestModel):
    """A ground of the place's list and the reason in words."""

    ground: Code
    reason: Reason


class OrganisationIn(RequestModel):
    """An organisation, by its id."""

    organisation: Code


class AdviceIn(RequestModel):
    """An opinion on one of the three points (合法性、必要性、可操作性)."""

    point: Point
    favourable: bool
    comment: Annotated[str, Field(min_length=2, max_length=4000)]


class GivenOut(BaseModel):
    """An opinion as it was kept, and on which text."""

    id: Id
    point: Point
    favourable: bool
    content_version: int


@router.get("/suggestions")
async def suggestions(
    *,
    tx: InTx,
    lang: Lang,
    paging: Paging,
    caller: Reader,
    status: Status | None = None,
    kind: Annotated[Kind | None, Query()] = None,
    raised_in: Annotated[RaisedIn | None, Query()] = None,
) -> Page[views.SuggestionOut]:
    """What the caller may see, the newest first: own and signed ones, those handed to the office, those one was asked about."""
    after = paging.after(uuid.UUID)
    found = await queries.page(tx, caller, queries.Wanted(status, kind, raised_in), after[0] if after else None, paging.limit)
    items, cursor = page_of(found, paging.limit, key=lambda seen: (seen.suggestion.id,))
    return Page(items=await listed(tx, items, lang), next_cursor=cursor)


@router.get("/suggestions/{suggestion_id}")
async def suggestion(suggestion_id: Id, tx: InTx, lang: Lang, caller: Reader) -> views.SuggestionDetail:
    """One suggestion, in the text that is the caller's to see."""
    return await shown(tx, caller, suggestion_id, lang)


@router.get("/suggestions/{suggestion_id}/versions")
async def versions(suggestion_id: Id, tx: InTx, caller: Reader) -> list[views.VersionOut]:
    """The texts the caller may compare, the newest first: signers all, offices each one they were handed."""
    seen = await queries.one(tx, caller, suggestion_id)
    return [views.version_out(one, seen.relation) for one in await queries.versions_for(tx, seen)]


@router.get("/suggestions/{suggestion_id}/attachments/{attachment_id}", response_class=Response)
async def attachment(suggestion_id: Id, attachment_id: Id, tx: InTx, caller: Reader) -> Response:
    """A file of a text the caller may see; always a download, never shown in the page."""
    file = await queries.attachment(tx, await queries.one(tx, caller, suggestion_id), attachment_id)
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(file.name, safe='')}",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-store",
    }
    return Response(file.data, media_type=file.media_type, headers=headers)


@router.post("/suggestions/{suggestion_id}/pass")
async def pass_(suggestion_id: Id, tx: InTx, lang: Lang, version: IfMatch, caller: Township) -> views.SuggestionDetail:
    """The township passes a pre-submission."""
    await submitting.pass_on_to_congress(tx, suggestion_id, caller, version)
    return await shown(tx, caller, suggestion_id, lang)


@router.post("/suggestions/{suggestion_id}/return")
async def return_(suggestion_id: Id, body: ReasonIn, tx: InTx, lang: Lang, version: IfMatch, caller: Township) -> views.SuggestionDetail:
    """The township returns a pre-submission (置回)."""
    await submitting.return_to_lead(tx, suggestion_id, caller, version, body.reason)
    return await shown(tx, caller, suggestion_id, lang)


@router.post("/suggestions/{suggestion_id}/check")
async def check(suggestion_id: Id, body: CheckIn, tx: InTx, lang: Lang, version: IfMatch, caller: Office) -> views.SuggestionDetail:
    """The congress's office finds it in order: it is handed over."""
    await checking.check(tx, suggestion_id, caller, version, body.category)
    return await shown(tx, caller, suggestion_id, lang)


@router.post("/suggestions/{suggestion_id}/refusal")
async def refuse(suggestion_id: Id, body: RefusalIn, tx: InTx, lang: Lang, version: IfMatch, caller: Office) -> views.SuggestionDetail:
    """The congress's office refuses it, with a ground and a reason."""
    await checking.refuse(tx, suggestion_id, caller, version, body.ground, body.reason)
    return await shown(tx, caller, suggestion_id, lang)


@router.post("/suggestions/{suggestion_id}/letter")
async def letter(suggestion_id: Id, body: OrganisationIn, tx: InTx, lang: Lang, version: IfMatch, caller: Office) -> views.SuggestionDetail:
    """A refused one goes to an organisation as a deputy's letter (代表来信)."""
    await checking.pass_on_as_letter(tx, suggestion_id, caller, version, body.organisation)
    return await shown(tx, caller, suggestion_id, lang)


@router.post("/suggestions/{suggestion_id}/agenda")
async def agenda(suggestion_id: Id, tx: InTx, lang: Lang, version: IfMatch, caller: Office) -> views.SuggestionDetail:
    """A bill was put on the agenda."""
    await checking.put_on_agenda(tx, suggestion_id, caller, version)
    return await shown(tx, caller, suggestion_id, lang)


@router.post("/suggestions/{suggestion_id}/turn")
async def turn(suggestion_id: Id, body: ReasonIn, tx: InTx, lang: Lang, version: IfMatch, caller: Office) -> views.SuggestionDetail:
    """A bill that is not put on the agenda goes on as a suggestion."""
    await checking.turn_into_suggestion(tx, suggestion_id, caller, version, body.reason)
    return await shown(tx, caller, suggestion_id, lang)


# A reading that must be audited is a POST; its answer holds personal data and is therefore not kept for a repeated key.
@router.post("/suggestions/{suggestion_id}/contact-readings", openapi_extra={"x-idempotent": False})
async def read_contact(suggestion_id: Id, body: PurposeIn, tx: InTx, version: IfMatch, caller: Office) -> LeadContactOut:
    """The lead's contact data, for a purpose."""
    return LeadContactOut(**await drafting.read_contact(tx, suggestion_id, caller, version, body.purpose))


@router.post("/suggestions/{suggestion_id}/pre-checks")
async def ask(
    *,
    suggestion_id: Id,
    body: OrganisationIn,
    tx: InTx,
    lang: Lang,
    version: IfMatch,
    caller: Annotated[Caller, requires("suggestion.raise", "suggestion.gate", "suggestion.check")],
) -> views.SuggestionDetail:
    """Asks an organisation for its opinion on the three points."""
    await advising.ask(tx, suggestion_id, caller, version, body.organisation)
    return await shown(tx, caller, suggestion_id, lang)


@router.post("/suggestions/{suggestion_id}/opinions", status_code=status.HTTP_201_CREATED)
async def give(suggestion_id: Id, body: AdviceIn, tx: InTx, caller: Annotated[Caller, requires("suggestion.advise")]) -> GivenOut:
    """An adviser's opinion on one point."""
    kept = await advising.give(tx, suggestion_id, caller, point=body.point, favourable=body.favourable, comment=body.comment)
    return GivenOut(id=kept.id, point=body.point, favourable=kept.favourable, content_version=kept.content_version)
