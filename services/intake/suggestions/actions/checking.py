"""The congress's office (代表工委): formal check and hand-over, refusal with a ground, deputies' letters, and what becomes of bills."""

from __future__ import annotations

import uuid
from typing import Any

from services.intake.suggestions import quality, queries, rules
from services.intake.suggestions.actions.steps import check_organisation, handed, in_office, policy_of, step, tell
from services.intake.suggestions.content import Content
from services.intake.suggestions.errors import (
    BillNotDecided,
    ConfidentialStaysInside,
    GroundNotForLetter,
    LetterAlreadyPassedOn,
    NotABill,
    UnknownChoice,
)
from services.intake.suggestions.models import PublicSuggestion, Suggestion
from shared.clock import now
from shared.db import Tx
from shared.identity import Caller
from shared.masking import mask


async def check(tx: Tx, suggestion_id: uuid.UUID, caller: Caller, version: int, category: str | None) -> Suggestion:
    """The office finds a suggestion in order and hands it to routing; its quality is scored as it stands.

    Raises as `in_office`, what the status forbids, BillNotDecided, UnknownChoice.
    """
    suggestion = await in_office(tx, suggestion_id, caller, version)
    rules.transition(suggestion.status, "check")
    if suggestion.kind == "bill":
        raise BillNotDecided(where="kind")
    content, policy = await handed(tx, suggestion), policy_of(tx)
    known = [one.code for one in tx.policy.categories]
    chosen = category or content.category
    if chosen is not None and chosen not in known:
        raise UnknownChoice(field="category", known=sorted(known), where="category")
    suggestion.category = chosen
    suggestion.quality = quality.score(policy, content, queries.favourable(await queries.opinions(tx, suggestion.id)))
    suggestion.profile_version = tx.policy.profile_version
    signed = await queries.signed_by(tx, suggestion.id)
    if policy.withdrawal.until in ("submission", "check"):
        await _drop_withdrawal(tx, suggestion)
    move = step(tx, suggestion, "check", caller)
    title, text = mask(content.title), mask(rules.text_of(policy, content))
    words: dict[str, Any] = {"title": None, "text": None}
    if not suggestion.confidential:
        await _publish(tx, suggestion, content, title, text, 1 + len(signed))
        words = {"title": title, "text": text}
    tell(tx, suggestion, move.event, co_signers=tuple(signed), **words, **_for_routing(suggestion, content))
    return suggestion


def _for_routing(suggestion: Suggestion, content: Content) -> dict[str, Any]:
    wishes = ("publication", "handling", "lead_wish", "co_wishes", "formed_by", "raised_before", "wants_contact")
    return {
        **content.model_dump(include=set(wishes)),
        **suggestion.model_dump(include={"session", "term", "meeting", "level", "delegation", "category", "from_bill", "profile_version"}),
        "reply_wanted": not content.for_reference_only,
        "quality": (suggestion.quality or {})["points"],
    }


async def _publish(tx: Tx, suggestion: Suggestion, content: Content, title: str, text: str, signers: int) -> None:
    names = await queries.names(tx, [suggestion.deputy_id])
    tx.add(
        PublicSuggestion(
            suggestion_id=suggestion.id,
            number=suggestion.number,
            kind=suggestion.kind,
            raised_in=suggestion.raised_in,
            term=suggestion.term,
            meeting=suggestion.meeting,
            title=title,
            text=text if content.publication == "full" else None,
            lead=names[suggestion.deputy_id],
            delegation=suggestion.delegation,
            signers=signers,
            checked_at=now(),
        )
    )


async def refuse(tx: Tx, suggestion_id: uuid.UUID, caller: Caller, version: int, ground: str, reason: str) -> Suggestion:
    """The office refuses with a ground of the place's list and a reason that the deputy reads (不予受理).

    Raises as `in_office`, what the status forbids, UnknownChoice.
    """
    suggestion = await in_office(tx, suggestion_id, caller, version)
    rules.transition(suggestion.status, "refuse")
    policy = policy_of(tx)
    if policy.ground(ground) is None:
        raise UnknownChoice(field="ground", known=[one.code for one in policy.grounds], where="ground")
    await _drop_withdrawal(tx, suggestion)
    suggestion.refusal_ground, suggestion.refusal_reason = ground, reason
    move = step(tx, suggestion, "refuse", caller, reason)
    tell(tx, suggestion, move.event, ground=ground, reason=None if suggestion.confidential else mask(reason))
    return suggestion


async def pass_on_as_letter(tx: Tx, suggestion_id: uuid.UUID, caller: Caller, version: int, organisation: str) -> Suggestion:
    """The office passes a refused suggestion on to an organisation as a deputy's letter (代表来信), once.

    Raises as `in_office`, what the status forbids, LetterAlreadyPassedOn, GroundNotForLetter, ConfidentialStaysInside, OrganisationUnknown.
    """
    suggestion = await in_office(tx, suggestion_id, caller, version)
    rules.transition(suggestion.status, "pass_on")
    if suggestion.letter_to is not None:
        raise LetterAlreadyPassedOn(organisation=suggestion.letter_to, where="status")
    policy, code = policy_of(tx), suggestion.refusal_ground or ""
    ground = policy.ground(code)
    if ground is None or not ground.may_be_letter:
        raise GroundNotForLetter(ground=code, where="status")
    if suggestion.confidential:
        raise ConfidentialStaysInside(where="organisation")
    await check_organisation(tx, organisation, "organisation")
    content = await handed(tx, suggestion)
    suggestion.letter_to = organisation
    move = step(tx, suggestion, "pass_on", caller)
    title, text = mask(content.title), mask(rules.text_of(policy, content))
    tell(tx, suggestion, move.event, ground=code, organisation=organisation, title=title, text=text)
    return suggestion


async def put_on_agenda(tx: Tx, suggestion_id: uuid.UUID, caller: Caller, version: int) -> Suggestion:
    """The presidium took a bill up. Raises as `in_office`, what the status forbids, NotABill."""
    suggestion = await _bill(tx, suggestion_id, caller, version, "put_on_agenda")
    await _drop_withdrawal(tx, suggestion)
    move = step(tx, suggestion, "put_on_agenda", caller)
    tell(tx, suggestion, move.event, co_signers=tuple(await queries.signed_by(tx, suggestion.id)))
    return suggestion


async def turn_into_suggestion(tx: Tx, suggestion_id: uuid.UUID, caller: Caller, version: int, reason: str) -> Suggestion:
    """A bill that is not put on the agenda goes on as a suggestion (议案转建议).

    Raises as `in_office`, what the status forbids, NotABill.
    """
    suggestion = await _bill(tx, suggestion_id, caller, version, "turn")
    suggestion.kind, suggestion.from_bill = "suggestion", True
    move = step(tx, suggestion, "turn", caller, reason)
    tell(tx, suggestion, move.event, reason=None if suggestion.confidential else mask(reason))
    return suggestion


async def _bill(tx: Tx, suggestion_id: uuid.UUID, caller: Caller, version: int, action: rules.Action) -> Suggestion:
    suggestion = await in_office(tx, suggestion_id, caller, version)
    rules.transition(suggestion.status, action)
    if suggestion.kind != "bill":
        raise NotABill(where="kind")
    return suggestion


async def _drop_withdrawal(tx: Tx, suggestion: Suggestion) -> None:
    """What the co-signers have not all agreed to when the office decides comes too late."""
    if (withdrawal := await queries.open_withdrawal(tx, suggestion.id)) is not None:
        withdrawal.outcome, withdrawal.ended_at = "too_late", now()
