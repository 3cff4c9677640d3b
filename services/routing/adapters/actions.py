"""The verbs on other systems: each changes rows and emits the event in one transaction; no other host is ever called."""

from __future__ import annotations

import uuid

from services.routing.actions.held import hold
from services.routing.actions.steps import tell
from services.routing.adapters import queries, rules
from services.routing.adapters.errors import AlreadyHandedOut, AnotherExternalId, HandedOutNotFound, ReportIdTaken
from services.routing.adapters.models import ExternalStatus, HandedOut
from services.routing.errors import CaseNotFound, CaseWasWithdrawn
from services.routing.queries import state_by_id
from shared.clock import now
from shared.db import Tx
from shared.events import new_id
from shared.events.routing_transfers import CaseHandedOut, ExternalStatusReported
from shared.identity import Caller
from shared.live import live
from shared.masking import mask


async def hand_out(tx: Tx, case_id: uuid.UUID, caller: Caller, *, adapter: str) -> HandedOut:
    """Puts a case into the queue of another system. Raises CaseNotFound, CaseWasWithdrawn, UnknownAdapter, AlreadyHandedOut."""
    held = await hold(tx, case_id)
    if held is None or not caller.sees_region(held.case.region):
        raise CaseNotFound
    case = held.case
    if case.status == "withdrawn":
        raise CaseWasWithdrawn(number=case.number, state=case.status, current=case.version)
    rules.adapter_of(tx.policy.supervising.adapters, adapter)
    if any(one.adapter == adapter and one.state in rules.UNDER_WAY for one in await queries.of_case(tx, case_id)):
        raise AlreadyHandedOut(number=case.number)
    out = HandedOut(
        id=new_id(),
        case_id=case.id,
        number=case.number,
        region=case.region,
        adapter=adapter,
        category=case.category,
        title=mask(case.title),
        text=mask(case.text),
        at=now(),
        by_account=caller.account_id,
        profile_version=tx.policy.profile_version,
    )
    tx.add(out)
    tell(tx, case, CaseHandedOut, handed_out_id=out.id, adapter=adapter)
    live(tx, "case", str(case.id))
    return out


async def report(
    tx: Tx, adapter: str, handed_out_id: uuid.UUID, *, report_id: str, external_id: str, status: str, note: str | None
) -> HandedOut:
    """Another system says how far it is. The same report again changes nothing; one that was overtaken is kept and moves nothing.
    Raises UnknownAdapter, UnknownStatus, HandedOutNotFound, AnotherExternalId, ReportIdTaken."""
    state = rules.meaning(rules.adapter_of(tx.policy.supervising.adapters, adapter), status)
    out = await tx.get(HandedOut, handed_out_id, with_for_update=True)
    if out is None or out.adapter != adapter:
        raise HandedOutNotFound
    if (before := await tx.get(ExternalStatus, (adapter, report_id))) is not None:
        if (before.handed_out_id, before.status) != (handed_out_id, status):
            raise ReportIdTaken(where="report_id")
        return out
    if external_id != out.external_id and (out.external_id or await queries.named(tx, adapter, external_id)):
        raise AnotherExternalId(where="external_id")
    out.external_id = external_id
    applied = rules.moves(out.state, state)
    at = now()
    tx.add(
        ExternalStatus(
            adapter=adapter, report_id=report_id, handed_out_id=out.id, status=status, state=state, note=note, applied=applied, at=at
        )
    )
    if applied:
        out.state = state
        case = await state_by_id(tx, out.case_id)
        told = {"handed_out_id": out.id, "adapter": adapter, "external_id": external_id, "state": state}
        tell(tx, case, ExternalStatusReported, note=mask(note) if note else None, **told)
        live(tx, "case", str(out.case_id))
    return out
