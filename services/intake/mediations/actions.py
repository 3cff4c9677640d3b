"""The verbs on mediation cases: each changes rows and emits the event in one transaction."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from services.intake.actions import Sender
from services.intake.civil import day_of
from services.intake.disclosing import disclose
from services.intake.mediations import queries, rules
from services.intake.mediations.errors import MediatorAppointedBefore
from services.intake.mediations.models import Mediation, Mediator, Party, Session
from services.intake.places import active_deputies, check_region
from services.intake.sealing import read_master_key, seal_fields
from shared.clock import now
from shared.db import Tx
from shared.events import new_id
from shared.events.intake_mediations import MediationConcluded, MediationOpened, MediationOutcome
from shared.http import check_version
from shared.identity import Caller
from shared.live import live
from shared.masking import mask
from shared.outbox import emit


@dataclass(frozen=True, slots=True)
class Side:
    """A party as it is entered: on which side, and how it may be reached."""

    side: rules.Side
    name: str | None
    phone: str | None


async def open_case(tx: Tx, caller: Caller, kind: str, source: str, region: str, summary: str, sides: Sequence[Side]) -> Mediation:
    """Takes a dispute in, its parties sealed. Raises RegionOutOfReach, KindUnknown, PartiesMissing."""
    check_region(caller, region)
    rules.check_case(tx.policy.mediations, kind, source, [one.side for one in sides])
    moment = now()
    case = Mediation(
        id=new_id(),
        site=tx.site,
        kind=kind,
        source=source,
        region=region,
        summary=mask(summary),
        profile_version=tx.policy.profile_version,
        entered_by=caller.account_id,
        opened_on=day_of(moment),
        opened_at=moment,
    )
    tx.add(case)
    await tx.flush()
    master = read_master_key(tx.settings.master_key.get_secret_value())
    for one in sides:
        party_id = new_id()
        wrapped, boxes = seal_fields(party_id, master, {"name": one.name, "phone": one.phone})
        tx.add(
            Party(
                id=party_id,
                mediation_id=case.id,
                side=one.side,
                key_wrapped=wrapped,
                name_box=boxes["name"],
                phone_box=boxes["phone"],
            )
        )
    emit(tx, MediationOpened(mediation_id=case.id, region=region, kind=kind, source=source))
    live(tx, "mediation", str(case.id))
    return case


async def appoint(
    tx: Tx, mediation_id: uuid.UUID, caller: Caller, version: int, *, deputy_id: uuid.UUID | None, name: str | None, no_interest: bool
) -> Mediation:
    """Appoints a mediator who declared to have no interest in the matter (代表法 59).

    Raises MediationUnknown, StaleVersion, MediationIsOver, MediatorUnclear, MediatorInterested, DeputyUnknown, MandateNotActive,
    MediatorAppointedBefore.
    """
    case = await _locked(tx, mediation_id, caller, version)
    rules.check_open(case)
    rules.check_mediator(deputy=deputy_id is not None, named=name is not None, no_interest=no_interest)
    moment = now()
    if deputy_id is not None:
        await active_deputies(tx, [deputy_id], day_of(moment))
    mediator = Mediator(
        id=new_id(), mediation_id=mediation_id, deputy_id=deputy_id, name=name, appointed_by=caller.account_id, declared_at=moment
    )
    inserting = insert(Mediator).values(mediator.model_dump()).on_conflict_do_nothing().returning(col(Mediator.id))
    if await tx.scalar(inserting) is None:
        raise MediatorAppointedBefore()
    _changed(tx, case)
    return case


async def agree(tx: Tx, mediation_id: uuid.UUID, party_id: uuid.UUID, caller: Caller, version: int) -> Mediation:
    """A party agreed to mediation; with the last of them it may begin. Raises PartyUnknown, AgreedBefore, MediationIsOver and the usual."""
    case = await _locked(tx, mediation_id, caller, version)
    party = await queries.party(tx, mediation_id, party_id)
    rules.check_agreement(case, party)
    party.agreed_at = now()
    if all(one.agreed_at is not None for one in await queries.parties(tx, mediation_id)):
        case.state = "in_mediation"
    _changed(tx, case)
    return case


async def hold_session(tx: Tx, mediation_id: uuid.UUID, caller: Caller, version: int, *, on: date, note: str) -> Mediation:
    """Enters a session. Raises NotAllAgreed, NoMediatorYet, SessionInFuture, MediationIsOver and the usual."""
    case = await _locked(tx, mediation_id, caller, version)
    rules.check_session(case, len(await queries.mediators(tx, mediation_id)), on, day_of(now()))
    tx.add(Session(id=new_id(), mediation_id=mediation_id, on=on, note=mask(note), by=caller.account_id))
    _changed(tx, case)
    return case


async def conclude(tx: Tx, mediation_id: uuid.UUID, caller: Caller, version: int, *, outcome: MediationOutcome, result: str) -> Mediation:
    """Ends a case with its outcome. Raises NoSessionYet, MediationIsOver and the usual."""
    case = await _locked(tx, mediation_id, caller, version)
    rules.check_outcome(case, outcome, len(await queries.sessions(tx, mediation_id)))
    today = day_of(now())
    case.state, case.outcome, case.result, case.concluded_on = "concluded", outcome, mask(result), today
    _changed(tx, case)
    deputies = tuple(one.deputy_id for one, _ in await queries.mediators(tx, mediation_id) if one.deputy_id is not None)
    emit(
        tx,
        MediationConcluded(mediation_id=case.id, region=case.region, kind=case.kind, outcome=outcome, on=today, deputies=deputies),
    )
    return case


async def read_contact(tx: Tx, mediation_id: uuid.UUID, party_id: uuid.UUID, caller: Caller, purpose: str) -> Sender:
    """How to reach a party, for staff and the deputies who mediate, while the case is open. Raises PartyUnknown, MediationIsOver."""
    rules.check_open(await queries.mediation(tx, mediation_id, caller))
    return await disclose(tx, await queries.party(tx, mediation_id, party_id), caller, purpose)


async def _locked(tx: Tx, mediation_id: uuid.UUID, caller: Caller, version: int) -> Mediation:
    case = await queries.mediation(tx, mediation_id, caller, lock=True)
    check_version(case.version, version)
    return case


def _changed(tx: Tx, case: Mediation) -> None:
    case.version += 1
    live(tx, "mediation", str(case.id))
