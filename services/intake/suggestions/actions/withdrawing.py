"""Withdrawal (撤回) by the place's rule: until when, in writing, and for a joint suggestion by all its signers."""

from __future__ import annotations

import uuid

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from services.intake.suggestions import queries, rules
from services.intake.suggestions.actions.steps import led, locked, policy_of, signer, step, tell
from services.intake.suggestions.errors import (
    NotInvited,
    NoWithdrawalOpen,
    ReasonMissing,
    SuggestionNotFound,
    WithdrawalAlreadyOpen,
    WithdrawalAnswered,
)
from services.intake.suggestions.models import Suggestion, Withdrawal, WithdrawalAnswer
from shared.clock import now
from shared.db import Tx
from shared.events import new_id
from shared.events.intake_suggestions import SuggestionWithdrawalAnswered, SuggestionWithdrawalProposed
from shared.identity import Caller


async def withdraw(tx: Tx, suggestion_id: uuid.UUID, caller: Caller, version: int, reason: str | None) -> Suggestion:
    """The lead withdraws, or asks the co-signers first where all must agree; after the check routing is asked.

    Raises as `led`, what the status forbids, WithdrawalTooLate, ReasonMissing, WithdrawalAlreadyOpen.
    """
    suggestion = await led(tx, suggestion_id, caller, version)
    policy = policy_of(tx)
    action = rules.withdrawal_action(policy, suggestion.status)
    if policy.withdrawal.reason_required and suggestion.shown_version is not None and not reason:
        raise ReasonMissing(where="reason")
    if suggestion.withdrawal_asked or await queries.open_withdrawal(tx, suggestion.id) is not None:
        raise WithdrawalAlreadyOpen(where="status")
    signed = await queries.signed_by(tx, suggestion.id)
    if not rules.needs_all(policy, suggestion.status, len(signed)):
        return _take_effect(tx, suggestion, action, caller, reason, signed)
    tx.add(Withdrawal(id=new_id(), suggestion_id=suggestion.id, reason=reason, outcome="open", proposed_at=now()))
    tell(tx, suggestion, SuggestionWithdrawalProposed, co_signers=tuple(signed))
    return suggestion


async def answer_withdrawal(tx: Tx, suggestion_id: uuid.UUID, caller: Caller, *, agreed: bool) -> Suggestion:
    """A co-signer agrees to the withdrawal or not: the last yes makes it, the first no ends it.

    Raises SuggestionNotFound, NotInvited, NoWithdrawalOpen, WithdrawalAnswered.
    """
    suggestion = await locked(tx, suggestion_id)
    row = await signer(tx, suggestion, caller.deputy_id)
    if row is None:
        raise NotInvited if caller.deputy_id == suggestion.deputy_id else SuggestionNotFound
    if row.state != "agreed":
        raise NotInvited
    withdrawal = await queries.open_withdrawal(tx, suggestion.id)
    if withdrawal is None:
        raise NoWithdrawalOpen(where="status")
    entering = insert(WithdrawalAnswer).values(withdrawal_id=withdrawal.id, deputy_id=row.deputy_id, agreed=agreed, at=now())
    if await tx.scalar(entering.on_conflict_do_nothing().returning(col(WithdrawalAnswer.agreed))) is None:
        raise WithdrawalAnswered(where="status")
    tell(tx, suggestion, SuggestionWithdrawalAnswered, co_signer=row.deputy_id, agreed=agreed)
    signed = await queries.signed_by(tx, suggestion.id)
    if not agreed:
        withdrawal.outcome, withdrawal.ended_at = "not_agreed", now()
    elif await _agreed(tx, withdrawal) >= set(signed):
        withdrawal.outcome, withdrawal.ended_at = "agreed", now()
        action = rules.withdrawal_action(policy_of(tx), suggestion.status)
        _take_effect(tx, suggestion, action, caller, withdrawal.reason, signed)
    return suggestion


async def _agreed(tx: Tx, withdrawal: Withdrawal) -> set[uuid.UUID]:
    yes = select(col(WithdrawalAnswer.deputy_id)).where(col(WithdrawalAnswer.withdrawal_id) == withdrawal.id, col(WithdrawalAnswer.agreed))
    return set(await tx.scalars(yes))


def _take_effect(
    tx: Tx, suggestion: Suggestion, action: rules.Action, caller: Caller, reason: str | None, signed: list[uuid.UUID]
) -> Suggestion:
    was_submitted = suggestion.submitted_at is not None
    move = step(tx, suggestion, action, caller, reason)
    if action == "ask_withdrawal":
        suggestion.withdrawal_asked = True
        tell(tx, suggestion, move.event, co_signers=tuple(signed), until=policy_of(tx).withdrawal.until)
    else:
        tell(tx, suggestion, move.event, co_signers=tuple(signed), was_submitted=was_submitted)
    return suggestion
