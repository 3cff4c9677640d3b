"""Joint suggestions (联名): the lead invites, the invited say yes or no to a text, the lead may release them before submission."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from services.intake.models import Deputy
from services.intake.suggestions import queries, rules
from services.intake.suggestions.actions.mandates import active
from services.intake.suggestions.actions.steps import led, locked, newest, signer, tell
from services.intake.suggestions.errors import CoSignerNotOfThisCongress, JointSigningClosed, NotInvited, SuggestionNotFound, TextHasChanged
from services.intake.suggestions.models import CoSigner, Suggestion
from shared.clock import now
from shared.db import Tx
from shared.events.intake_suggestions import CoSignerAnswered, CoSignerInvited, CoSignerReleased
from shared.identity import Caller


async def invite(tx: Tx, suggestion_id: uuid.UUID, caller: Caller, version: int, deputies: Sequence[uuid.UUID]) -> Suggestion:
    """The lead asks deputies of the same congress to sign the present text, also those who signed an earlier one or said no.

    Raises as `led`, what the status forbids, JointSigningClosed, CoSignerNotOfThisCongress, MandateNotActive.
    """
    suggestion = await led(tx, suggestion_id, caller, version)
    rules.check_in(suggestion.status, rules.BEFORE_SUBMISSION)
    text = await newest(tx, suggestion)
    if not text.content["open_to_joint"]:
        raise JointSigningClosed(where="open_to_joint")
    for deputy_id in sorted(set(deputies)):
        await _check_may_sign(tx, suggestion, deputy_id)
        row = await signer(tx, suggestion, deputy_id)
        if row is None:
            row = CoSigner(suggestion_id=suggestion.id, deputy_id=deputy_id, state="", content_version=0, invited_at=now())
            tx.add(row)
        elif row.state in queries.SIGNING and row.content_version == text.number:
            continue
        row.state, row.content_version, row.invited_at, row.answered_at = "invited", text.number, now(), None
        tell(tx, suggestion, CoSignerInvited, co_signer=deputy_id)
    text.read_by_others = True
    return suggestion


async def _check_may_sign(tx: Tx, suggestion: Suggestion, deputy_id: uuid.UUID) -> None:
    mandate = await tx.get(Deputy, deputy_id)
    # A district's deputies come from many towns: their office is what they share, not their region.
    same = mandate is not None and mandate.level == suggestion.level and mandate.region.startswith(suggestion.office)
    if not same or deputy_id == suggestion.deputy_id:
        raise CoSignerNotOfThisCongress(deputy_id=str(deputy_id), where="deputies")
    await active(tx, deputy_id)


async def answer(tx: Tx, suggestion_id: uuid.UUID, caller: Caller, *, agreed: bool, content_version: int) -> Suggestion:
    """An invited deputy signs the text they read, or does not; until submission the answer may be changed.

    Raises SuggestionNotFound, NotInvited, what the status forbids, TextHasChanged, MandateNotActive.
    """
    suggestion = await locked(tx, suggestion_id)
    row = await signer(tx, suggestion, caller.deputy_id)
    if row is None:
        raise NotInvited if caller.deputy_id == suggestion.deputy_id else SuggestionNotFound
    if row.state not in queries.SIGNING:
        raise NotInvited
    rules.check_in(suggestion.status, rules.BEFORE_SUBMISSION)
    if agreed:
        if content_version != suggestion.content_version:
            raise TextHasChanged(current=suggestion.content_version, where="content_version")
        await active(tx, row.deputy_id)
    state = "agreed" if agreed else "declined"
    if (row.state, row.content_version) == (state, content_version):
        return suggestion
    row.state, row.content_version, row.answered_at = state, content_version, now()
    tell(tx, suggestion, CoSignerAnswered, co_signer=row.deputy_id, agreed=agreed)
    return suggestion


async def release(tx: Tx, suggestion_id: uuid.UUID, caller: Caller, version: int, deputy_id: uuid.UUID) -> Suggestion:
    """The lead takes an invitation or a signature off. Raises as `led`, what the status forbids, NotInvited."""
    suggestion = await led(tx, suggestion_id, caller, version)
    rules.check_in(suggestion.status, rules.BEFORE_SUBMISSION)
    row = await signer(tx, suggestion, deputy_id)
    if row is None or row.state not in queries.SIGNING:
        raise NotInvited(where="deputy_id")
    row.state, row.answered_at = "released", now()
    tell(tx, suggestion, CoSignerReleased, co_signer=deputy_id)
    return suggestion
