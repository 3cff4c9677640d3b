"""Doors of deputies: drafts on a phone, files, contact, co-signers, pre-submission, submission, withdrawal."""

from __future__ import annotations

import uuid
from typing import Annotated
from urllib.parse import unquote

from fastapi import Body, Header, status
from pydantic import BaseModel, Field

from services.intake.suggestions import queries, views
from services.intake.suggestions.actions import drafting, signing, submitting, withdrawing
from services.intake.suggestions.api.shown import shown
from services.intake.suggestions.content import SuggestionForm
from services.intake.suggestions.errors import NotTheLead
from shared.http import IfMatch, InTx, Lang, RequestModel, service_router
from shared.identity import Caller, requires

router = service_router(tags=["suggestions"])

Deputy = Annotated[Caller, requires("suggestion.raise")]
Id = uuid.UUID
FileName = Annotated[str, Header(alias="X-File-Name", min_length=1, max_length=600, description="percent-encoded, with its ending")]


class LeadContactIn(RequestModel):
    """How the lead may be reached. Kept sealed, each field optional."""

    phone: str | None = Field(default=None, pattern=r"^\+?[0-9][0-9 \-]{4,22}[0-9]$")
    address: str | None = Field(default=None, min_length=1, max_length=200)
    postcode: str | None = Field(default=None, pattern=r"^[0-9]{6}$")
    card: str | None = Field(default=None, min_length=1, max_length=40, description="number of the deputy's card (代表证号)")


class LeadContactOut(BaseModel):
    """The lead's contact data."""

    phone: str | None
    address: str | None
    postcode: str | None
    card: str | None


class InvitationIn(RequestModel):
    """The deputies who are asked to sign, by mandate."""

    deputies: list[Id] = Field(min_length=1, max_length=100)


class SignatureIn(RequestModel):
    """Yes or no to the text of this version."""

    agreed: bool
    content_version: int = Field(ge=1, le=10**6)


class WithdrawIn(RequestModel):
    """Why, in writing."""

    reason: str | None = Field(default=None, min_length=2, max_length=1000)


class AgreementIn(RequestModel):
    """Whether a co-signer agrees to the withdrawal."""

    agreed: bool


@router.post("/suggestions", status_code=status.HTTP_201_CREATED)
async def begin(form: SuggestionForm, tx: InTx, lang: Lang, caller: Deputy) -> views.SuggestionDetail:
    """Begins a draft. Everything may be left out; what is given must be of the place's catalogues."""
    begun = await drafting.begin(tx, caller, form)
    return await shown(tx, caller, begun.id, lang)


@router.put("/suggestions/{suggestion_id}/form")
async def save(suggestion_id: Id, form: SuggestionForm, tx: InTx, lang: Lang, version: IfMatch, caller: Deputy) -> views.SuggestionDetail:
    """Saves the draft, as often as the phone likes: what did not change makes no version."""
    await drafting.save(tx, suggestion_id, caller, version, form)
    return await shown(tx, caller, suggestion_id, lang)


@router.post("/suggestions/{suggestion_id}/attachments", status_code=status.HTTP_201_CREATED)
async def attach(
    *,
    suggestion_id: Id,
    data: Annotated[bytes, Body(media_type="application/octet-stream")],
    name: FileName,
    tx: InTx,
    lang: Lang,
    version: IfMatch,
    caller: Deputy,
) -> views.SuggestionDetail:
    """Adds a PDF, JPEG, PNG or DOCX to the draft: its bytes are the body."""
    await drafting.attach(tx, suggestion_id, caller, version, unquote(name)[:200], data)
    return await shown(tx, caller, suggestion_id, lang)


@router.delete("/suggestions/{suggestion_id}/attachments/{attachment_id}")
async def detach(suggestion_id: Id, attachment_id: Id, tx: InTx, lang: Lang, version: IfMatch, caller: Deputy) -> views.SuggestionDetail:
    """Takes a file off the draft."""
    await drafting.detach(tx, suggestion_id, caller, version, attachment_id)
    return await shown(tx, caller, suggestion_id, lang)


@router.put("/suggestions/{suggestion_id}/contact", status_code=status.HTTP_204_NO_CONTENT)
async def keep_contact(suggestion_id: Id, contact: LeadContactIn, tx: InTx, version: IfMatch, caller: Deputy) -> None:
    """Says how the lead may be reached."""
    await drafting.keep_contact(tx, suggestion_id, caller, version, contact.model_dump())


@router.get("/suggestions/{suggestion_id}/contact")
async def own_contact(suggestion_id: Id, tx: InTx, caller: Deputy) -> LeadContactOut:
    """The lead's own contact data."""
    if (await queries.one(tx, caller, suggestion_id)).relation != "lead":
        raise NotTheLead
    return LeadContactOut(**await drafting.contact_of(tx, suggestion_id))


@router.post("/suggestions/{suggestion_id}/co-signers")
async def invite(suggestion_id: Id, body: InvitationIn, tx: InTx, lang: Lang, version: IfMatch, caller: Deputy) -> views.SuggestionDetail:
    """Asks deputies to sign the present text."""
    await signing.invite(tx, suggestion_id, caller, version, body.deputies)
    return await shown(tx, caller, suggestion_id, lang)


@router.delete("/suggestions/{suggestion_id}/co-signers/{deputy_id}")
async def release(suggestion_id: Id, deputy_id: Id, tx: InTx, lang: Lang, version: IfMatch, caller: Deputy) -> views.SuggestionDetail:
    """Takes a deputy off the suggestion."""
    await signing.release(tx, suggestion_id, caller, version, deputy_id)
    return await shown(tx, caller, suggestion_id, lang)


@router.put("/suggestions/{suggestion_id}/signature", status_code=status.HTTP_204_NO_CONTENT)
async def sign(suggestion_id: Id, body: SignatureIn, tx: InTx, caller: Deputy) -> None:
    """An invited deputy signs, or does not."""
    await signing.answer(tx, suggestion_id, caller, agreed=body.agreed, content_version=body.content_version)


@router.post("/suggestions/{suggestion_id}/pre-submission")
async def pre_submit(suggestion_id: Id, tx: InTx, lang: Lang, version: IfMatch, caller: Deputy) -> views.SuggestionDetail:
    """Hands the draft to the township (预提交)."""
    await submitting.pre_submit(tx, suggestion_id, caller, version)
    return await shown(tx, caller, suggestion_id, lang)


@router.delete("/suggestions/{suggestion_id}/pre-submission")
async def take_back(suggestion_id: Id, tx: InTx, lang: Lang, version: IfMatch, caller: Deputy) -> views.SuggestionDetail:
    """Takes a pre-submission back to work on it."""
    await submitting.take_back(tx, suggestion_id, caller, version)
    return await shown(tx, caller, suggestion_id, lang)


@router.post("/suggestions/{suggestion_id}/submission")
async def submit(suggestion_id: Id, tx: InTx, lang: Lang, version: IfMatch, caller: Deputy) -> views.SuggestionDetail:
    """Formally submits: at the congress on its days, in recess at any time."""
    await submitting.submit(tx, suggestion_id, caller, version)
    return await shown(tx, caller, suggestion_id, lang)


@router.post("/suggestions/{suggestion_id}/withdrawal")
async def withdraw(suggestion_id: Id, body: WithdrawIn, tx: InTx, lang: Lang, version: IfMatch, caller: Deputy) -> views.SuggestionDetail:
    """Withdraws, or asks the co-signers to agree."""
    await withdrawing.withdraw(tx, suggestion_id, caller, version, body.reason)
    return await shown(tx, caller, suggestion_id, lang)


@router.put("/suggestions/{suggestion_id}/withdrawal/agreement")
async def agree(suggestion_id: Id, body: AgreementIn, tx: InTx, lang: Lang, caller: Deputy) -> views.SuggestionDetail:
    """A co-signer agrees to the withdrawal, or not."""
    await withdrawing.answer_withdrawal(tx, suggestion_id, caller, agreed=body.agreed)
    return await shown(tx, caller, suggestion_id, lang)
