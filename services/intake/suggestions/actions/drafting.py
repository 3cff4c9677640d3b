"""What a lead deputy does with a draft: begins it, saves it again and again, adds files, says how to be reached."""

from __future__ import annotations

import hashlib
import uuid
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from services.intake import numbers
from services.intake.disclosing import check_unmasking
from services.intake.sealing import open_fields, read_master_key, seal_fields
from services.intake.suggestions import files, queries, rules
from services.intake.suggestions.actions.mandates import active
from services.intake.suggestions.actions.steps import check_organisation, in_office, led, newest, policy_of
from services.intake.suggestions.content import Content, SuggestionForm
from services.intake.suggestions.errors import AttachmentNotFound, ContactNotGiven, TooManyAttachments
from services.intake.suggestions.models import (
    Attachment,
    CoSigner,
    Suggestion,
    SuggestionContact,
    SuggestionContactReading,
    SuggestionVersion,
)
from shared.clock import now
from shared.db import Tx
from shared.events import new_id
from shared.identity import Caller
from shared.live import live

CONTACT_FIELDS = ("phone", "address", "postcode", "card")
_NUMBERS_TRIED = 5


async def begin(tx: Tx, caller: Caller, form: SuggestionForm) -> Suggestion:
    """A deputy with an active mandate begins a draft.

    Raises NoMandate, MandateNotActive, LevelRaisesElsewhere, UnknownChoice, OrganisationUnknown.
    """
    mandate = await active(tx, caller.deputy_id)
    _, office = rules.congress_of(policy_of(tx), mandate.level, mandate.region)
    content = Content(**form.model_dump())
    await _check(tx, content)
    at = now()
    suggestion = await _insert_numbered(
        tx,
        site=tx.site,
        deputy_id=mandate.deputy_id,
        level=mandate.level,
        delegation=mandate.group,
        region=mandate.region,
        office=office,
        kind=content.kind,
        raised_in=content.raised_in,
        status="draft",
        version=1,
        content_version=1,
        confidential=content.confidential,
        profile_version=tx.policy.profile_version,
        created_at=at,
    )
    tx.add(_version(suggestion.id, 1, content, at))
    return suggestion


async def _insert_numbered(tx: Tx, **values: Any) -> Suggestion:
    for _ in range(_NUMBERS_TRIED):
        row = Suggestion(id=new_id(), number=numbers.new_number(tx.site, values["created_at"]), **values)
        entering = insert(Suggestion).values(row.model_dump()).on_conflict_do_nothing(index_elements=["number"])
        if await tx.scalar(entering.returning(col(Suggestion.id))):
            return await tx.get_one(Suggestion, row.id)
    raise RuntimeError("no free number was found: the random source repeats itself")


def _version(suggestion_id: uuid.UUID, number: int, content: Content, at: Any, *, read_by_others: bool = False) -> SuggestionVersion:
    return SuggestionVersion(
        suggestion_id=suggestion_id,
        number=number,
        content=content.model_dump(mode="json"),
        confidential=content.confidential,
        read_by_others=read_by_others,
        began_at=at,
        saved_at=at,
    )


async def _check(tx: Tx, content: Content) -> None:
    rules.check_form(policy_of(tx), [one.code for one in tx.policy.categories], content)
    if content.lead_wish:
        await check_organisation(tx, content.lead_wish, "lead_wish")
    for organisation in content.co_wishes:
        await check_organisation(tx, organisation, "co_wishes")


async def save(tx: Tx, suggestion_id: uuid.UUID, caller: Caller, version: int, form: SuggestionForm) -> Suggestion:
    """The lead saves the draft. What did not change makes no version; what others have read is never overwritten.

    Raises SuggestionNotFound, NotTheLead, StaleVersion, what the status forbids, UnknownChoice, OrganisationUnknown.
    """
    suggestion = await led(tx, suggestion_id, caller, version)
    rules.check_in(suggestion.status, rules.DRAFTS)
    current = await newest(tx, suggestion)
    content = Content(**form.model_dump(), attachments=tuple(current.content["attachments"]))
    await _check(tx, content)
    await _keep(tx, suggestion, current, content)
    return suggestion


async def _keep(tx: Tx, suggestion: Suggestion, current: SuggestionVersion, content: Content) -> None:
    plain, at = content.model_dump(mode="json"), now()
    if plain == current.content:
        return
    if rules.goes_on_in_same_version(policy_of(tx), current.began_at, at, read_by_others=current.read_by_others):
        current.content, current.confidential, current.saved_at = plain, content.confidential, at
    else:
        reading = exists().where(col(CoSigner.suggestion_id) == suggestion.id, col(CoSigner.state).in_(queries.SIGNING))
        read_by_others = bool(await tx.scalar(select(reading)))
        suggestion.content_version += 1
        tx.add(_version(suggestion.id, suggestion.content_version, content, at, read_by_others=read_by_others))
    shown = await tx.get_one(SuggestionVersion, (suggestion.id, suggestion.shown_version)) if suggestion.shown_version else None
    suggestion.confidential = content.confidential or (shown is not None and shown.confidential)
    suggestion.kind, suggestion.raised_in = content.kind, content.raised_in
    suggestion.version += 1
    live(tx, "suggestion", str(suggestion.id))


async def attach(tx: Tx, suggestion_id: uuid.UUID, caller: Caller, version: int, name: str, data: bytes) -> Suggestion:
    """The lead adds a file (附件) to the draft, rid of what a camera wrote into it.

    Raises as `save`, TooManyAttachments, AttachmentNotAccepted.
    """
    suggestion = await led(tx, suggestion_id, caller, version)
    rules.check_in(suggestion.status, rules.DRAFTS)
    current = await newest(tx, suggestion)
    content = Content.model_validate(current.content)
    most = policy_of(tx).attachments
    if len(content.attachments) >= most:
        raise TooManyAttachments(most=most)
    media_type, cleaned = await files.accept(data, tx.policy.attachments.pixels)
    file = Attachment(
        id=new_id(),
        suggestion_id=suggestion.id,
        name=name,
        media_type=media_type,
        size=len(cleaned),
        sha256=hashlib.sha256(cleaned).hexdigest(),
        data=cleaned,
        added_at=now(),
    )
    tx.add(file)
    await _keep(tx, suggestion, current, content.model_copy(update={"attachments": (*content.attachments, file.id)}))
    return suggestion


async def detach(tx: Tx, suggestion_id: uuid.UUID, caller: Caller, version: int, attachment_id: uuid.UUID) -> Suggestion:
    """The lead takes a file off the draft; texts that others have read keep theirs. Raises as `save`, AttachmentNotFound."""
    suggestion = await led(tx, suggestion_id, caller, version)
    rules.check_in(suggestion.status, rules.DRAFTS)
    current = await newest(tx, suggestion)
    content = Content.model_validate(current.content)
    if attachment_id not in content.attachments:
        raise AttachmentNotFound
    left = tuple(one for one in content.attachments if one != attachment_id)
    await _keep(tx, suggestion, current, content.model_copy(update={"attachments": left}))
    return suggestion


async def keep_contact(tx: Tx, suggestion_id: uuid.UUID, caller: Caller, version: int, fields: dict[str, str | None]) -> None:
    """The lead says how to be reached: kept sealed under a key of this matter.

    Raises as `led`, and what a withdrawn or refused one forbids.
    """
    suggestion = await led(tx, suggestion_id, caller, version)
    rules.check_in(suggestion.status, (*rules.BEFORE_SUBMISSION, "submitted", "checked"))
    master = read_master_key(tx.settings.master_key.get_secret_value())
    wrapped, boxes = seal_fields(suggestion.id, master, {name: fields.get(name) for name in CONTACT_FIELDS})
    row = {"suggestion_id": suggestion.id, "key_wrapped": wrapped, "given_at": now(), **{f"{n}_box": box for n, box in boxes.items()}}
    entering = insert(SuggestionContact).values(**row)
    await tx.execute(entering.on_conflict_do_update(index_elements=["suggestion_id"], set_={name: entering.excluded[name] for name in row}))


async def read_contact(tx: Tx, suggestion_id: uuid.UUID, caller: Caller, version: int, purpose: str) -> dict[str, str | None]:
    """The congress's office reads the lead's contact data for a purpose, which is kept.

    Raises as `in_office` and `check_unmasking`, ContactNotGiven.
    """
    suggestion = await in_office(tx, suggestion_id, caller, version)
    check_unmasking(tx, suggestion.id, caller, purpose)
    plain = await contact_of(tx, suggestion.id)
    tx.add(
        SuggestionContactReading(
            id=new_id(),
            suggestion_id=suggestion.id,
            by_account=caller.account_id,
            by_organisation=caller.organisation,
            purpose=purpose,
            at=now(),
        )
    )
    return plain


async def contact_of(tx: Tx, suggestion_id: uuid.UUID) -> dict[str, str | None]:
    """The contact data, opened. Whoever calls this has checked who asks. Raises ContactNotGiven."""
    row = await tx.get(SuggestionContact, suggestion_id)
    if row is None:
        raise ContactNotGiven
    master = read_master_key(tx.settings.master_key.get_secret_value())
    return open_fields(suggestion_id, master, row.key_wrapped, {name: getattr(row, f"{name}_box") for name in CONTACT_FIELDS})
