"""What all verbs on suggestions share: finding and locking one for somebody, making a step, telling it."""

from __future__ import annotations

import uuid
from typing import Any, cast

from sqlalchemy import exists, select
from sqlmodel import col

from services.intake.models import Organisation
from services.intake.suggestions import queries, rules
from services.intake.suggestions.content import Content
from services.intake.suggestions.errors import NotTheLead, NotYourOffice, OrganisationUnknown, SuggestionNotFound
from services.intake.suggestions.models import CoSigner, Suggestion, SuggestionStep, SuggestionVersion
from services.intake.suggestions.settings import SuggestionsPolicy
from shared.clock import now
from shared.db import Tx
from shared.events import CORE
from shared.events.intake_suggestions import SuggestionEvent
from shared.http import check_version
from shared.identity import Caller
from shared.live import live
from shared.outbox import emit


def policy_of(tx: Tx) -> SuggestionsPolicy:
    """The place's rules on suggestions."""
    return cast(SuggestionsPolicy, tx.policy.suggestions)


async def locked(tx: Tx, suggestion_id: uuid.UUID) -> Suggestion:
    """The suggestion, locked until the transaction ends. Raises SuggestionNotFound."""
    found = await tx.scalar(select(Suggestion).where(col(Suggestion.id) == suggestion_id).with_for_update())
    if found is None:
        raise SuggestionNotFound
    return found


async def led(tx: Tx, suggestion_id: uuid.UUID, caller: Caller, version: int) -> Suggestion:
    """The suggestion, locked, for its lead in the version they know. Raises SuggestionNotFound, NotTheLead, StaleVersion."""
    suggestion = await locked(tx, suggestion_id)
    if caller.deputy_id != suggestion.deputy_id:
        signing = await signer(tx, suggestion, caller.deputy_id)
        raise NotTheLead if signing is not None and signing.state in queries.SIGNING else SuggestionNotFound
    check_version(suggestion.version, version)
    return suggestion


async def signer(tx: Tx, suggestion: Suggestion, deputy_id: uuid.UUID | None) -> CoSigner | None:
    """The row of a deputy who was asked to sign, whatever the answer."""
    return await tx.get(CoSigner, (suggestion.id, deputy_id)) if deputy_id else None


async def in_office(tx: Tx, suggestion_id: uuid.UUID, caller: Caller, version: int) -> Suggestion:
    """The suggestion, locked, for the congress's office. Raises SuggestionNotFound, NotYourOffice (a township's desk), StaleVersion."""
    suggestion = await locked(tx, suggestion_id)
    if suggestion.shown_version is None:
        raise SuggestionNotFound
    if not queries.is_office(caller, suggestion):
        reads = caller.sees_region(suggestion.region) and not suggestion.confidential
        raise NotYourOffice(office=suggestion.office) if reads else SuggestionNotFound
    check_version(suggestion.version, version)
    return suggestion


async def in_township(tx: Tx, suggestion_id: uuid.UUID, caller: Caller, version: int) -> Suggestion:
    """The suggestion, locked, for the township's desk; a confidential one for the congress's office only.

    Raises SuggestionNotFound, StaleVersion.
    """
    suggestion = await locked(tx, suggestion_id)
    gates = queries.is_office if suggestion.confidential else queries.is_township
    if suggestion.shown_version is None or not gates(caller, suggestion):
        raise SuggestionNotFound
    check_version(suggestion.version, version)
    return suggestion


async def newest(tx: Tx, suggestion: Suggestion) -> SuggestionVersion:
    """The text its signers work on."""
    return await tx.get_one(SuggestionVersion, (suggestion.id, suggestion.content_version))


async def handed(tx: Tx, suggestion: Suggestion) -> Content:
    """The text the offices were last handed."""
    return Content.model_validate((await tx.get_one(SuggestionVersion, (suggestion.id, suggestion.shown_version))).content)


def hand_over(suggestion: Suggestion, version: SuggestionVersion, reason: str) -> None:
    """Lets the offices read a version: from now on it never changes."""
    version.read_by_others = True
    version.handed_over = version.handed_over or reason
    suggestion.shown_version, suggestion.confidential = version.number, version.confidential


async def check_organisation(tx: Tx, organisation: str, where: str) -> None:
    """Raises OrganisationUnknown unless directory has told of it."""
    if not await tx.scalar(select(exists().where(col(Organisation.organisation) == organisation))):
        raise OrganisationUnknown(organisation=organisation, where=where)


def step(tx: Tx, suggestion: Suggestion, action: rules.Action, caller: Caller, note: str | None = None) -> rules.Transition:
    """Makes the step that `action` is in this status and keeps it. Raises the refusal that the status is the reason for."""
    move = rules.transition(suggestion.status, action)
    suggestion.version += 1
    tx.add(
        SuggestionStep(
            suggestion_id=suggestion.id,
            version=suggestion.version,
            action=action,
            from_status=suggestion.status,
            to_status=move.next,
            content_version=suggestion.shown_version or suggestion.content_version,
            by_role=caller.role,
            by_organisation=caller.organisation,
            by_deputy=caller.deputy_id,
            by_account=caller.account_id,
            note=note,
            at=now(),
        )
    )
    suggestion.status = move.next
    return move


def tell(tx: Tx, suggestion: Suggestion, event: type[SuggestionEvent], *, audience: str = CORE, **more: Any) -> None:
    """Emits a fact about a suggestion and lets open pages know."""
    told = event(
        suggestion_id=suggestion.id,
        number=suggestion.number,
        version_no=suggestion.version,
        kind=suggestion.kind,
        raised_in=suggestion.raised_in,
        deputy_id=suggestion.deputy_id,
        region=suggestion.region,
        office=suggestion.office,
        confidential=suggestion.confidential,
        **more,
    )
    emit(tx, told, audience=audience)
    live(tx, "suggestion", str(suggestion.id))
