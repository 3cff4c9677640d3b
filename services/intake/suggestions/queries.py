"""Reads of suggestions: signers see the text they work on, offices the one they were handed, advisers the one they were asked about."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, and_, exists, false, literal, or_, select, tuple_
from sqlmodel import col

from services.intake.models import Deputy
from services.intake.suggestions.errors import AttachmentNotFound, SuggestionNotFound
from services.intake.suggestions.models import (
    Attachment,
    CoSigner,
    PreCheck,
    PreCheckOpinion,
    PublicSuggestion,
    Suggestion,
    SuggestionStep,
    SuggestionVersion,
    Withdrawal,
)
from shared.db import Tx
from shared.identity import Caller

Relation = Literal["lead", "co_signer", "office", "township", "reader", "adviser"]
"""What a caller is to a suggestion. `office`: of the congress that checks it; `reader`: who may read all open ones."""

SIGNING = ("invited", "agreed")
"""States of a co-signer who may read the text."""
SIGNERS: tuple[Relation, ...] = ("lead", "co_signer")
OFFICES: tuple[Relation, ...] = ("office", "township")


@dataclass(frozen=True, slots=True)
class Seen:
    """A suggestion as a caller may see it: as what, and in which text."""

    suggestion: Suggestion
    version: SuggestionVersion
    relation: Relation


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which suggestions a list asks for."""

    status: str | None = None
    kind: str | None = None
    raised_in: str | None = None


def scope(caller: Caller) -> ColumnElement[bool]:
    """The suggestions a caller may see at all."""
    handed, is_open = col(Suggestion.shown_version).is_not(None), col(Suggestion.confidential).is_(False)
    of_office = col(Suggestion.office) == caller.region
    in_region = col(Suggestion.region).startswith(caller.region, autoescape=True)
    ways: list[ColumnElement[bool]] = []
    if caller.may("suggestion.raise") and caller.deputy_id:
        mine = select(col(CoSigner.suggestion_id)).where(col(CoSigner.deputy_id) == caller.deputy_id, col(CoSigner.state).in_(SIGNING))
        ways += [col(Suggestion.deputy_id) == caller.deputy_id, col(Suggestion.id).in_(mine)]
    if caller.may("suggestion.check"):
        ways.append(and_(handed, of_office))
    if caller.may("suggestion.gate"):
        ways.append(and_(handed, is_open, in_region, literal(caller.region).startswith(col(Suggestion.office))))
    if caller.may("suggestion.read"):
        ways.append(and_(col(Suggestion.submitted_at).is_not(None), is_open, or_(of_office, in_region)))
    if caller.may("suggestion.advise") and caller.organisation:
        asked = select(col(PreCheck.suggestion_id)).where(col(PreCheck.organisation) == caller.organisation)
        ways.append(and_(is_open, col(Suggestion.id).in_(asked)))
    return or_(*ways) if ways else false()


def is_office(caller: Caller, suggestion: Suggestion) -> bool:
    """Whether a desk is that of the congress itself: a district's does not decide for the congress of one of its towns."""
    return caller.region == suggestion.office


def is_township(caller: Caller, suggestion: Suggestion) -> bool:
    """Whether a desk stands between the deputy and the congress's office, or is that office."""
    return caller.region.startswith(suggestion.office) and caller.sees_region(suggestion.region)


def relation_of(caller: Caller, suggestion: Suggestion, *, signing: bool, asked: bool) -> Relation:
    """What a caller who may see it is to a suggestion; the nearest relation when there are several."""
    if caller.deputy_id is not None and caller.deputy_id == suggestion.deputy_id:
        return "lead"
    if signing:
        return "co_signer"
    if suggestion.shown_version is not None:
        if caller.may("suggestion.check") and is_office(caller, suggestion):
            return "office"
        if caller.may("suggestion.gate") and is_township(caller, suggestion):
            return "township"
        if caller.may("suggestion.read") and suggestion.submitted_at is not None and not asked:
            return "reader"
    return "adviser"


async def page(tx: Tx, caller: Caller, wanted: Wanted, after: uuid.UUID | None, limit: int) -> list[Seen]:
    """Up to `limit` + 1 suggestions that a caller may see, the newest first."""
    query = select(Suggestion).where(scope(caller)).order_by(col(Suggestion.id).desc()).limit(limit + 1)
    for column, value in ((Suggestion.status, wanted.status), (Suggestion.kind, wanted.kind), (Suggestion.raised_in, wanted.raised_in)):
        if value is not None:
            query = query.where(col(column) == value)
    if after is not None:
        query = query.where(col(Suggestion.id) < after)
    return await _seen(tx, caller, (await tx.scalars(query)).all())


async def one(tx: Tx, caller: Caller, suggestion_id: uuid.UUID) -> Seen:
    """A suggestion that a caller may see. Raises SuggestionNotFound."""
    found = await tx.scalar(select(Suggestion).where(col(Suggestion.id) == suggestion_id, scope(caller)))
    if found is None:
        raise SuggestionNotFound
    [seen] = await _seen(tx, caller, [found])
    return seen


async def _seen(tx: Tx, caller: Caller, suggestions: Sequence[Suggestion]) -> list[Seen]:
    if not suggestions:
        return []
    ids = [one.id for one in suggestions]
    me, organisation = caller.deputy_id, caller.organisation
    signing = set(
        await tx.scalars(
            select(col(CoSigner.suggestion_id)).where(
                col(CoSigner.suggestion_id).in_(ids), col(CoSigner.deputy_id) == me, col(CoSigner.state).in_(SIGNING)
            )
        )
    )
    checks = select(PreCheck).where(col(PreCheck.suggestion_id).in_(ids), col(PreCheck.organisation) == organisation)
    asked = {one.suggestion_id: one.content_version for one in await tx.scalars(checks)}
    wanted: list[tuple[Suggestion, int, Relation]] = []
    for suggestion in suggestions:
        relation = relation_of(caller, suggestion, signing=suggestion.id in signing, asked=suggestion.id in asked)
        number = asked[suggestion.id] if relation == "adviser" else suggestion.shown_version
        wanted.append((suggestion, suggestion.content_version if relation in SIGNERS or number is None else number, relation))
    versions = await _versions(tx, [(suggestion.id, number) for suggestion, number, _ in wanted])
    return [Seen(suggestion, versions[suggestion.id], relation) for suggestion, _, relation in wanted]


async def _versions(tx: Tx, keys: Iterable[tuple[uuid.UUID, int]]) -> dict[uuid.UUID, SuggestionVersion]:
    these = tuple_(col(SuggestionVersion.suggestion_id), col(SuggestionVersion.number)).in_(list(keys))
    return {one.suggestion_id: one for one in await tx.scalars(select(SuggestionVersion).where(these))}


async def versions_for(tx: Tx, seen: Seen) -> Sequence[SuggestionVersion]:
    """The texts a caller may compare, the newest first: signers all, offices those they were handed, others the one they see.

    A township does not get a text that was handed in as a confidential one.
    """
    query = select(SuggestionVersion).where(col(SuggestionVersion.suggestion_id) == seen.suggestion.id)
    if seen.relation in OFFICES:
        query = query.where(col(SuggestionVersion.handed_over).is_not(None))
        if seen.relation == "township":
            query = query.where(col(SuggestionVersion.confidential).is_(False))
    elif seen.relation not in SIGNERS:
        query = query.where(col(SuggestionVersion.number) == seen.version.number)
    return (await tx.scalars(query.order_by(col(SuggestionVersion.number).desc()))).all()


async def co_signers(tx: Tx, suggestion_id: uuid.UUID) -> Sequence[CoSigner]:
    """Everybody who was ever asked to sign, in the order of asking."""
    query = select(CoSigner).where(col(CoSigner.suggestion_id) == suggestion_id)
    return (await tx.scalars(query.order_by(col(CoSigner.invited_at), col(CoSigner.deputy_id)))).all()


async def signed_by(tx: Tx, suggestion_id: uuid.UUID) -> list[uuid.UUID]:
    """The co-signers whose signature stands."""
    return [one.deputy_id for one in await co_signers(tx, suggestion_id) if one.state == "agreed"]


async def names(tx: Tx, deputies: Iterable[uuid.UUID]) -> dict[uuid.UUID, str]:
    """Names of deputies by mandate."""
    found = await tx.scalars(select(Deputy).where(col(Deputy.deputy_id).in_(set(deputies))))
    return {one.deputy_id: one.name for one in found}


async def pre_checks(tx: Tx, suggestion_id: uuid.UUID) -> Sequence[PreCheck]:
    """Who was asked for an opinion."""
    query = select(PreCheck).where(col(PreCheck.suggestion_id) == suggestion_id)
    return (await tx.scalars(query.order_by(col(PreCheck.asked_at), col(PreCheck.organisation)))).all()


async def opinions(tx: Tx, suggestion_id: uuid.UUID) -> Sequence[PreCheckOpinion]:
    """All opinions of advisers, the oldest first."""
    query = select(PreCheckOpinion).where(col(PreCheckOpinion.suggestion_id) == suggestion_id)
    return (await tx.scalars(query.order_by(col(PreCheckOpinion.id)))).all()


def favourable(found: Iterable[PreCheckOpinion]) -> dict[str, bool]:
    """Point → whether the newest opinion of each organisation on it is favourable; `found` oldest first."""
    newest = {(one.point, one.organisation): one.favourable for one in found}
    points = {point for point, _ in newest}
    return {point: all(value for (p, _), value in newest.items() if p == point) for point in points}


async def steps(tx: Tx, suggestion_id: uuid.UUID) -> Sequence[SuggestionStep]:
    """What was done to a suggestion, in order."""
    query = select(SuggestionStep).where(col(SuggestionStep.suggestion_id) == suggestion_id)
    return (await tx.scalars(query.order_by(col(SuggestionStep.version)))).all()


async def open_withdrawal(tx: Tx, suggestion_id: uuid.UUID) -> Withdrawal | None:
    """The withdrawal that waits for co-signers."""
    query = select(Withdrawal).where(col(Withdrawal.suggestion_id) == suggestion_id, col(Withdrawal.outcome) == "open")
    found: Withdrawal | None = await tx.scalar(query)
    return found


async def is_asked(tx: Tx, suggestion_id: uuid.UUID, organisation: str | None) -> bool:
    """Whether an organisation was asked for its opinion."""
    query = exists().where(col(PreCheck.suggestion_id) == suggestion_id, col(PreCheck.organisation) == organisation)
    return bool(await tx.scalar(select(query)))


async def public_page(tx: Tx, after: tuple[Any, ...] | None, limit: int) -> Sequence[PublicSuggestion]:
    """Up to `limit` + 1 checked suggestions as anybody may read them, the newest first."""
    key = tuple_(col(PublicSuggestion.checked_at), col(PublicSuggestion.suggestion_id))
    query = select(PublicSuggestion).order_by(col(PublicSuggestion.checked_at).desc(), col(PublicSuggestion.suggestion_id).desc())
    if after is not None:
        query = query.where(key < tuple_(*after))
    return (await tx.scalars(query.limit(limit + 1))).all()


async def attachment(tx: Tx, seen: Seen, attachment_id: uuid.UUID) -> Attachment:
    """A file of one of the texts that a caller may see. Raises AttachmentNotFound."""
    file = await tx.get(Attachment, attachment_id)
    texts = await versions_for(tx, seen)
    if file is None or not any(str(attachment_id) in text.content["attachments"] for text in texts):
        raise AttachmentNotFound
    return file
