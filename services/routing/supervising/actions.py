"""The verbs of supervision: each changes rows and emits the event in one transaction; none changes the case."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy.dialects.postgresql import insert

from services.routing import rules as cases
from services.routing.actions.organisations import serving
from services.routing.actions.steps import tell
from services.routing.errors import UnknownOrganisation
from services.routing.models import CaseState
from services.routing.promises.rules import day_of
from services.routing.queries import find_case
from services.routing.suggestions.queries import words_told
from services.routing.supervising import queries, rules
from services.routing.supervising.errors import AlreadySupervising, CasesNotFound, NotSupervising
from services.routing.supervising.models import KeyDecision, Supervision, SupervisionNote, Supervisor
from services.routing.supervising.rules import Holder
from shared.clock import now
from shared.db import Tx
from shared.events import new_id
from shared.events.routing_supervising import (
    KeyCaseFlagged,
    KeyCaseUnflagged,
    SupervisionNoted,
    SupervisionPushed,
    SupervisorJoined,
    SupervisorLeft,
)
from shared.http import check_version
from shared.identity import Caller
from shared.live import live
from shared.outbox import emit


async def flag(
    tx: Tx,
    case_id: uuid.UUID,
    caller: Caller,
    version: int,
    *,
    decision_number: str | None,
    decided_on: date | None,
    ground: str,
    led_by: Sequence[Holder],
    supervised_by: Sequence[Holder],
) -> CaseState:
    """Makes a case a key one (重点督办), as the chairpersons' council decided (代表法 52).
    Raises CaseNotFound, StaleVersion, CaseWasWithdrawn, AlreadyKeyCase, DecisionMissing, DecisionNotYet, UnknownGround, UnknownKind,
    NotOneToOne, UnknownOrganisation.
    """
    case, supervision = await _held(tx, case_id, caller, version)
    at = now()
    rules.check_flag(case, supervision)
    decision = rules.decided(decision_number, decided_on, day_of(at))
    rules.check_named(tx.policy.supervising.key_cases, ground, led_by, supervised_by)
    for place, holders in (("led_by", led_by), ("supervised_by", supervised_by)):
        await check_organisations(tx, [one.organisation for one in holders if one.organisation], place)
        tx.add_all(_supervisor(case.id, place, one, at) for one in holders)
    supervision.key_since, supervision.ground = at, ground
    supervision.decision_number, supervision.decided_on = decision.number, decision.on
    _changed(tx, supervision)
    _decide(tx, supervision, caller, "flag", decision, ground, at)
    kinds = {"led_by": tuple(one.kind for one in led_by), "supervised_by": tuple(one.kind for one in supervised_by)}
    tell(tx, case, KeyCaseFlagged, decision_number=decision.number, decided_on=decision.on, ground=ground, **kinds)
    return case


async def unflag(
    tx: Tx, case_id: uuid.UUID, caller: Caller, version: int, *, decision_number: str | None, decided_on: date | None, reason: str
) -> CaseState:
    """Ends that a case is a key one, by another decision.
    Raises CaseNotFound, StaleVersion, NotKeyCase, DecisionMissing, DecisionNotYet."""
    case, supervision = await _held(tx, case_id, caller, version)
    at = now()
    rules.check_unflag(case, supervision)
    decision = rules.decided(decision_number, decided_on, day_of(at))
    for one in await queries.supervisors_of(tx, case_id, lock=True):
        one.until = at if one.part != "joint" else None
    supervision.key_since = supervision.ground = supervision.decision_number = supervision.decided_on = None
    _changed(tx, supervision)
    _decide(tx, supervision, caller, "unflag", decision, reason, at)
    tell(tx, case, KeyCaseUnflagged, decision_number=decision.number, decided_on=decision.on)
    return case


def _decide(tx: Tx, about: Supervision, caller: Caller, action: str, decision: rules.Decision, reason: str, at: datetime) -> None:
    decided = KeyDecision(
        case_id=about.case_id,
        version=about.version,
        action=action,
        decision_number=decision.number,
        decided_on=decision.on,
        reason=reason,
        at=at,
        by_account=caller.account_id,
        profile_version=tx.policy.profile_version,
    )
    tx.add(decided)


def _supervisor(case_id: uuid.UUID, part: str, holder: Holder, at: datetime) -> Supervisor:
    told: dict[str, Any] = {"kind": holder.kind, "organisation": holder.organisation, "office": holder.office, "name": holder.name}
    return Supervisor(id=new_id(), case_id=case_id, part=part, since=at, **told)


async def join(tx: Tx, case_id: uuid.UUID, caller: Caller, version: int, *, organisation: str, role: str) -> CaseState:
    """A body supervises a case beside others (联督联促).
    Raises CaseNotFound, StaleVersion, UnknownKind, UnknownOrganisation, AlreadySupervising."""
    case, supervision = await _held(tx, case_id, caller, version)
    rules.check_kind(role, tx.policy.supervising.joint_roles, "role")
    await check_organisations(tx, [organisation], "organisation")
    there = await queries.supervisors_of(tx, case_id)
    if any(one.part == "joint" and one.organisation == organisation for one in there):
        raise AlreadySupervising(where="organisation", number=case.number, organisation=organisation, current=supervision.version)
    tx.add(Supervisor(id=new_id(), case_id=case_id, part="joint", kind=role, organisation=organisation, since=now()))
    _changed(tx, supervision)
    tell(tx, case, SupervisorJoined, body=organisation, role=role)
    return case


async def leave(tx: Tx, case_id: uuid.UUID, supervisor_id: uuid.UUID, caller: Caller, version: int) -> CaseState:
    """A body supervises a case beside others no more; its notes stay. Raises CaseNotFound, StaleVersion, NotSupervising."""
    case, supervision = await _held(tx, case_id, caller, version)
    there = await queries.supervisors_of(tx, case_id, lock=True)
    gone = next((one for one in there if one.id == supervisor_id and one.part == "joint"), None)
    if gone is None:
        raise NotSupervising
    gone.until = now()
    _changed(tx, supervision)
    tell(tx, case, SupervisorLeft, body=gone.organisation)
    return case


async def note(tx: Tx, case_id: uuid.UUID, caller: Caller, *, kind: rules.NoteKind, text: str) -> CaseState:
    """Writes a note on a case: a follow-up (跟踪督办), or a push that its lead hears of (督办). Raises CaseNotFound, NobodyToPush."""
    case = await find_case(tx, caller, case_id)
    body = caller.organisation or caller.role
    if kind == "push":
        lead = rules.check_push(case)
        pushed = SupervisionPushed(case_id=case.id, number=case.number, organisation=lead, body=body, text=await words_told(tx, case, text))
        emit(tx, pushed, audience=lead)
    written: dict[str, Any] = {
        "kind": kind,
        "body": body,
        "text": text,
        "at": now(),
        "by_role": caller.role,
        "by_account": caller.account_id,
    }
    tx.add(SupervisionNote(id=new_id(), case_id=case_id, **written))
    tell(tx, case, SupervisionNoted, note=kind, body=body)
    live(tx, "case", str(case_id))
    return case


async def check_organisations(tx: Tx, organisations: Sequence[str], where: str) -> None:
    """Passes when all are organisations that are active now. Raises UnknownOrganisation."""
    active = {name for name, end in (await serving(tx, organisations)).items() if end == cases.FOREVER}
    for organisation in organisations:
        if organisation not in active:
            raise UnknownOrganisation(where=where, organisation=organisation)


_IN_REGION = "SELECT id FROM cases WHERE id = ANY($1) AND starts_with(region, $2)"


async def check_cases(tx: Tx, caller: Caller, wanted: Sequence[uuid.UUID], where: str) -> None:
    """Passes when all are cases of the caller's region. Raises CasesNotFound."""
    there = {row["id"] for row in await tx.run(_IN_REGION, list(wanted), caller.region)} if wanted else set()
    if missing := [str(one) for one in wanted if one not in there]:
        raise CasesNotFound(where=where, missing=missing[:10])


async def _held(tx: Tx, case_id: uuid.UUID, caller: Caller, version: int) -> tuple[CaseState, Supervision]:
    """The case, and what is known of its supervision, locked in the version that the caller knows."""
    case = await find_case(tx, caller, case_id)
    row = {"case_id": case.id, "region": case.region, "version": 0}
    await tx.execute(insert(Supervision).values(row).on_conflict_do_nothing())
    supervision = await tx.get(Supervision, case.id, with_for_update=True)
    assert supervision is not None
    check_version(supervision.version, version)
    return case, supervision


def _changed(tx: Tx, supervision: Supervision) -> None:
    supervision.version += 1
    live(tx, "case", str(supervision.case_id))
