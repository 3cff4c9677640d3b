"""From the draft to the formal submission: pre-submission with the township's check (预提交、镇街把关), and the submission itself."""

from __future__ import annotations

import uuid

from sqlalchemy import update
from sqlmodel import col

from services.intake.suggestions import queries, rules
from services.intake.suggestions.actions.mandates import active
from services.intake.suggestions.actions.steps import hand_over, in_township, led, newest, policy_of, step, tell
from services.intake.suggestions.content import Content
from services.intake.suggestions.errors import CoSignersAgreedToAnotherText
from services.intake.suggestions.models import CoSigner, Suggestion
from shared.clock import now
from shared.db import Tx
from shared.identity import Caller
from shared.masking import mask


async def pre_submit(tx: Tx, suggestion_id: uuid.UUID, caller: Caller, version: int) -> Suggestion:
    """The lead hands the draft to the township; this text is kept whatever follows.

    Raises as `led`, what the status forbids, MandateNotActive, PreSubmissionNotUsed and what `rules.check_complete` raises.
    """
    suggestion = await led(tx, suggestion_id, caller, version)
    rules.transition(suggestion.status, "pre_submit")
    text = await newest(tx, suggestion)
    content, policy = Content.model_validate(text.content), policy_of(tx)
    await active(tx, suggestion.deputy_id)
    rules.check_pre_submission(policy, content.raised_in)
    rules.check_complete(policy, content)
    hand_over(suggestion, text, "pre_submitted")
    move = step(tx, suggestion, "pre_submit", caller)
    tell(tx, suggestion, move.event)
    return suggestion


async def pass_on_to_congress(tx: Tx, suggestion_id: uuid.UUID, caller: Caller, version: int) -> Suggestion:
    """The township passes a pre-submission. Raises as `in_township`, and what the status forbids."""
    suggestion = await in_township(tx, suggestion_id, caller, version)
    move = step(tx, suggestion, "pass", caller)
    tell(tx, suggestion, move.event)
    return suggestion


async def return_to_lead(tx: Tx, suggestion_id: uuid.UUID, caller: Caller, version: int, reason: str) -> Suggestion:
    """The township returns a pre-submission with its reason. Raises as `in_township`, and what the status forbids."""
    suggestion = await in_township(tx, suggestion_id, caller, version)
    move = step(tx, suggestion, "return", caller, reason)
    tell(tx, suggestion, move.event, reason=None if suggestion.confidential else mask(reason))
    return suggestion


async def take_back(tx: Tx, suggestion_id: uuid.UUID, caller: Caller, version: int) -> Suggestion:
    """The lead takes a pre-submission back to work on it; what the township read is kept. Raises as `led`, and what the status forbids."""
    suggestion = await led(tx, suggestion_id, caller, version)
    move = step(tx, suggestion, "take_back", caller)
    tell(tx, suggestion, move.event)
    return suggestion


async def submit(tx: Tx, suggestion_id: uuid.UUID, caller: Caller, version: int) -> Suggestion:
    """The lead formally submits, for all who signed this very text. Invitations nobody answered lapse.

    Raises as `pre_submit`, CongressNotInSession, PreSubmissionNeeded, PreChecksMissing, CoSignersAgreedToAnotherText, TooFewSigners.
    """
    suggestion = await led(tx, suggestion_id, caller, version)
    rules.transition(suggestion.status, "submit")
    text = await newest(tx, suggestion)
    content, policy, at = Content.model_validate(text.content), policy_of(tx), now()
    await active(tx, suggestion.deputy_id)
    rules.check_complete(policy, content)
    session = rules.session_for(policy, suggestion.level, content.raised_in, rules.day_of(at))
    answered = queries.favourable(await queries.opinions(tx, suggestion.id))
    rules.check_gates(policy, content.raised_in, suggestion.status, answered, confidential=content.confidential)
    signed = await _signatures(tx, suggestion, text.number)
    rules.check_signers(rules.congress_of(policy, suggestion.level, suggestion.region)[0], content.kind, 1 + len(signed))
    suggestion.session = session.id if session else None
    suggestion.term = session.term if session else policy.term_on(suggestion.level, rules.day_of(at))
    suggestion.meeting = session.meeting if session else None
    suggestion.submitted_at, suggestion.profile_version = at, tx.policy.profile_version
    hand_over(suggestion, text, "submitted")
    move = step(tx, suggestion, "submit", caller)
    tell(tx, suggestion, move.event, co_signers=tuple(signed), session=suggestion.session)
    return suggestion


async def _signatures(tx: Tx, suggestion: Suggestion, content_version: int) -> list[uuid.UUID]:
    agreed = [one for one in await queries.co_signers(tx, suggestion.id) if one.state == "agreed"]
    if earlier := [str(one.deputy_id) for one in agreed if one.content_version != content_version]:
        raise CoSignersAgreedToAnotherText(co_signers=earlier, where="co_signers")
    for one in agreed:
        await active(tx, one.deputy_id)
    lapsing = update(CoSigner).where(col(CoSigner.suggestion_id) == suggestion.id, col(CoSigner.state) == "invited")
    await tx.execute(lapsing.values(state="lapsed"))
    return [one.deputy_id for one in agreed]
