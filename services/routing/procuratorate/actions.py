"""The verbs on transfers: each changes rows and emits the event in one transaction; none changes the case."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date
from typing import Any

from services.routing.actions.held import hold
from services.routing.actions.steps import tell
from services.routing.errors import CaseNotFound
from services.routing.models import CaseState
from services.routing.procuratorate import queries, rules
from services.routing.procuratorate.errors import AlreadyHandedOver, AlreadyTied
from services.routing.procuratorate.models import Transfer
from services.routing.promises.rules import day_of
from services.routing.queries import state_by_id
from shared.clock import now
from shared.db import Tx
from shared.events import new_id
from shared.events.routing_transfers import (
    LeadAccepted,
    LeadConcluded,
    LeadDocumented,
    LeadHandedOver,
    LeadOverdue,
    LeadReceived,
    LeadReturned,
    ProcuratorialSuggestionTied,
)
from shared.http import check_version
from shared.identity import Caller
from shared.live import live
from shared.masking import mask
from shared.outbox import emit
from shared.workdays import official_calendar


async def hand_over(tx: Tx, case_id: uuid.UUID, caller: Caller, *, field: str, text: str, documents: Sequence[str]) -> Transfer:
    """Hands what a case brought to light over to the procuratorate, one lead at a time.
    Raises CaseNotFound, CaseWasWithdrawn, UnknownField, AlreadyHandedOver."""
    case = await _held(tx, case_id, caller)
    policy = tx.policy.supervising.procuratorate
    rules.check_field(policy, field)
    if await queries.under_way(tx, case_id):
        raise AlreadyHandedOver(number=case.number)
    transfer = _begin(tx, case, caller, direction="out", state="handed_over", field=field, text=text, documents=list(documents))
    tell(tx, case, LeadHandedOver, transfer_id=transfer.id, field=field)
    to = policy.organisation
    told = LeadReceived(transfer_id=transfer.id, case_id=case.id, number=case.number, organisation=to, field=field, text=mask(text))
    emit(tx, told, audience=to)
    return transfer


async def tie(
    tx: Tx, case_id: uuid.UUID, caller: Caller, *, field: str, reference: str, issued_on: date, text: str, documents: Sequence[str]
) -> Transfer:
    """Ties a suggestion of the procuratorate (检察建议) that came in to a case on the same matter.
    Raises CaseNotFound, CaseWasWithdrawn, UnknownField, IssuedInFuture, AlreadyTied."""
    case = await _held(tx, case_id, caller)
    rules.check_field(tx.policy.supervising.procuratorate, field)
    rules.check_issued(issued_on, day_of(now()))
    if await queries.tied(tx, case_id, reference):
        raise AlreadyTied(number=case.number)
    facts = {"field": field, "text": text, "documents": list(documents), "reference": reference, "issued_on": issued_on}
    transfer = _begin(tx, case, caller, direction="in", state="tied", **facts)
    tell(tx, case, ProcuratorialSuggestionTied, transfer_id=transfer.id, field=field, reference=reference)
    return transfer


def _begin(tx: Tx, case: CaseState, caller: Caller, **facts: Any) -> Transfer:
    about: dict[str, Any] = {"case_id": case.id, "number": case.number, "region": case.region, "by_account": caller.account_id, "at": now()}
    transfer = Transfer(id=new_id(), profile_version=tx.policy.profile_version, **about, **facts)
    tx.add(transfer)
    live(tx, "case", str(case.id))
    return transfer


async def accept(tx: Tx, transfer_id: uuid.UUID, caller: Caller, version: int, *, reference: str) -> Transfer:
    """The procuratorate took a lead up, under its own number: documents are due.
    Raises TransferNotFound, StaleVersion, TransferOutOfTurn."""
    transfer, case = await _stepped(tx, transfer_id, caller, version, "accept")
    transfer.reference, transfer.answered_at = reference, now()
    found = rules.documents_due(tx.policy.supervising.procuratorate, transfer.answered_at, official_calendar())
    transfer.due_at, transfer.due_is_provisional = found.at, found.provisional
    tell(tx, case, LeadAccepted, transfer_id=transfer.id, documents_due_at=found.at)
    return transfer


async def send_back(tx: Tx, transfer_id: uuid.UUID, caller: Caller, version: int, *, reason: str) -> Transfer:
    """The procuratorate returned a lead. Raises TransferNotFound, StaleVersion, TransferOutOfTurn."""
    transfer, case = await _stepped(tx, transfer_id, caller, version, "return")
    transfer.reason, transfer.answered_at = reason, now()
    tell(tx, case, LeadReturned, transfer_id=transfer.id, reason=mask(reason))
    return transfer


async def document(
    tx: Tx, transfer_id: uuid.UUID, caller: Caller, version: int, *, documents: Sequence[str], term_ends_on: date
) -> Transfer:
    """The documents were copied, with the term that the suggestion sets: the result is due after it.
    Raises TransferNotFound, StaleVersion, TransferOutOfTurn, TermNotLater."""
    transfer, case = await _stepped(tx, transfer_id, caller, version, "document")
    at = now()
    found = rules.result_due(tx.policy.supervising.procuratorate, term_ends_on, day_of(at), official_calendar())
    assert transfer.due_at is not None
    transfer.documents_on_time = at <= transfer.due_at
    transfer.documents, transfer.documented_at = [*transfer.documents, *documents], at
    transfer.term_ends_on, transfer.due_at, transfer.due_is_provisional = term_ends_on, found.at, found.provisional
    transfer.overdue_told = False
    told = {"on_time": transfer.documents_on_time, "result_due_at": found.at}
    tell(tx, case, LeadDocumented, transfer_id=transfer.id, **told)
    return transfer


async def conclude(tx: Tx, transfer_id: uuid.UUID, caller: Caller, version: int, *, result: str) -> Transfer:
    """The procuratorate told what came of it. Raises TransferNotFound, StaleVersion, TransferOutOfTurn."""
    transfer, case = await _stepped(tx, transfer_id, caller, version, "conclude")
    assert transfer.due_at is not None
    transfer.result, transfer.concluded_at = result, now()
    transfer.result_on_time = transfer.concluded_at <= transfer.due_at
    tell(tx, case, LeadConcluded, transfer_id=transfer.id, result=mask(result), on_time=transfer.result_on_time)
    return transfer


# The condition is that of the index `transfer_falling_due`.
_LATE = """
    UPDATE procuratorate_transfer SET overdue_told = true WHERE id IN (
        SELECT id FROM procuratorate_transfer WHERE state IN ('accepted', 'documented') AND NOT overdue_told AND due_at < $1
        ORDER BY due_at LIMIT $2 FOR UPDATE SKIP LOCKED
    ) RETURNING id, case_id, state, due_at
    """


async def mark_overdue(tx: Tx) -> int:
    """Tells of documents and results that were not there when due, once each, the longest overdue first. Says how many."""
    late = sorted(await tx.run(_LATE, now(), tx.settings.promise_batch), key=lambda row: (row["due_at"], row["id"]))
    for row in late:
        what = "documents" if row["state"] == "accepted" else "result"
        tell(tx, await state_by_id(tx, row["case_id"]), LeadOverdue, transfer_id=row["id"], what=what, due_at=row["due_at"])
    return len(late)


async def _held(tx: Tx, case_id: uuid.UUID, caller: Caller) -> CaseState:
    """The case, locked: of two who hand over at once the second is refused by name."""
    held = await hold(tx, case_id)
    if held is None or not caller.sees_region(held.case.region):
        raise CaseNotFound
    rules.check_case(held.case)
    return held.case


async def _stepped(tx: Tx, transfer_id: uuid.UUID, caller: Caller, version: int, step: rules.Step) -> tuple[Transfer, CaseState]:
    transfer = await queries.find(tx, caller, transfer_id, lock=True)
    check_version(transfer.version, version)
    transfer.state = rules.after(transfer, step)
    transfer.version += 1
    live(tx, "case", str(transfer.case_id))
    return transfer, await state_by_id(tx, transfer.case_id)
