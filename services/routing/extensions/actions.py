"""The verbs of extensions (延期): the lead asks before its reply is due, the desk agrees or declines (代表法 51)."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlmodel import col

from services.routing.actions import deadlines
from services.routing.actions.deadlines import Moves
from services.routing.actions.handling import led
from services.routing.actions.held import Held, write
from services.routing.actions.reaching import by_desk
from services.routing.actions.steps import actor, step, tell
from services.routing.actions.together import check_alone, together
from services.routing.extensions import queries, rules
from services.routing.extensions.errors import (
    ExtensionAlreadyAsked,
    ExtensionsNotGiven,
    ExtensionsUsedUp,
    ExtensionTooLate,
    ExtensionTooLong,
    NoExtensionAsked,
    UnknownConsent,
)
from services.routing.extensions.models import ExtensionRow
from services.routing.models import CaseState
from services.routing.settings import Extensions
from shared.clock import now
from shared.db import Tx
from shared.events.base import new_id
from shared.events.routing_extending import ExtensionRefused
from shared.identity import Caller
from shared.masking import mask
from shared.outbox import emit
from shared.workdays import Extension, Unit, official_calendar


async def ask(tx: Tx, case_id: uuid.UUID, caller: Caller, version: int, *, n: int, unit: Unit, reason: str) -> CaseState:
    """The lead asks for `n` units more. Nothing moves until the desk agrees.

    Raises CaseNotFound, NotTheLead, CaseIsJoined, StaleVersion, what the state forbids, ExtensionsNotGiven, ExtensionTooLate,
    ExtensionTooLong, ExtensionAlreadyAsked and ExtensionsUsedUp.
    """
    held = await led(tx, case_id, caller, version)
    case, at = held.case, now()
    move = step(tx, held, "extend", actor(caller), at, note=f"{n} {unit}")
    given = _given(tx, case, version)
    _check_in_time(case, at, version)
    had = await queries.since(tx, case.id, _handed_over_at(case))
    if any(one["state"] == "asked" for one in had):
        raise ExtensionAlreadyAsked(number=case.number, current=version)
    if sum(one["state"] == "agreed" for one in had) >= given.times:
        raise ExtensionsUsedUp(number=case.number, times=given.times, current=version)
    most = given.most[case.matter]  # type: ignore[index]
    said = Extension(n=n, unit=unit, agreed_by="-", agreed_at=at)
    if not rules.is_within(n, unit, most) or not await _gains(tx, case, said):
        raise ExtensionTooLong(number=case.number, most=f"{most.n} {most.unit}", current=version)
    assert case.lead is not None
    asked = ExtensionRow(
        id=new_id(),
        case_id=case.id,
        round=case.round,
        n=n,
        unit=unit,
        reason=mask(reason),
        organisation=case.lead,
        asked_by=caller.account_id,
        asked_at=at,
        state="asked",
    )
    tx.add(asked)
    tell(tx, case, move.event, department=case.lead, extension_id=asked.id, n=n, unit=unit, reason=asked.reason, due_at=case.reply_due_at)
    await write(tx, held)
    return case


async def agree(tx: Tx, case_id: uuid.UUID, caller: Caller, version: int, *, agreed_by: str) -> CaseState:
    """The desk agrees, with the consent of `agreed_by`: the deadline moves, for those that are handled together too.

    Raises CaseNotFound, CaseIsJoined, StaleVersion, what the state forbids, NoExtensionAsked, UnknownConsent and ExtensionTooLate:
    what was not agreed to in time has lapsed.
    """
    held = await by_desk(tx, case_id, caller, version)
    check_alone(held)
    at = now()
    # What is late already stays late: nothing that was told as late becomes timely afterwards.
    group = [one for one in await together(tx, held) if one is held or _is_in_time(one.case, at)]
    moves = [step(tx, one, "agree", actor(caller), at, note=agreed_by) for one in group]
    given = _given(tx, held.case, version)
    asked = await _asked(tx, held.case, version)
    if agreed_by not in {one.code for one in given.agreed_by}:
        raise UnknownConsent(where="agreed_by", known=[one.code for one in given.agreed_by])
    _check_in_time(held.case, at, version)
    await _decide(tx, asked["id"], state="agreed", agreed_by=agreed_by, decided_by=caller.account_id, decided_at=at)
    said = Extension(n=asked["n"], unit=asked["unit"], agreed_by=agreed_by, agreed_at=at)
    for one, move in zip(group, moves, strict=True):
        if one is not held:
            tx.add(ExtensionRow(**{**asked_row(held, one, asked, at, caller), "agreed_by": agreed_by}))
        had = (await deadlines.moves_of(tx, [one.case.id]))[one.case.id]
        others = tuple(e for e in had.extensions if e.agreed_at < at)
        was = await deadlines.move(tx, one.case, Moves((*others, said), had.pauses))
        due = {"due_before": was, "due_at": one.case.reply_due_at, "due_is_provisional": one.case.due_is_provisional}
        tell(tx, one.case, move.event, department=one.case.lead, extension_id=asked["id"], agreed_by=agreed_by, **due)
        await write(tx, one)
    await deadlines.tell_organisations(tx, [one.case for one in group])
    return held.case


def asked_row(held: Held, joined: Held, asked: dict[str, Any], at: datetime, caller: Caller) -> dict[str, Any]:
    """The extension of a case that is handled together with the one it was asked for."""
    return {
        "id": new_id(),
        "case_id": joined.case.id,
        "round": joined.case.round,
        "n": asked["n"],
        "unit": asked["unit"],
        "reason": held.case.number,
        "organisation": str(held.case.lead),
        "asked_by": caller.account_id,
        "asked_at": at,
        "state": "agreed",
        "decided_by": caller.account_id,
        "decided_at": at,
    }


async def decline(tx: Tx, case_id: uuid.UUID, caller: Caller, version: int, *, reason: str) -> CaseState:
    """The desk does not agree: the deadline stays. Raises as `agree` does, but for consent and time."""
    held = await by_desk(tx, case_id, caller, version)
    check_alone(held)
    case, at = held.case, now()
    move = step(tx, held, "decline", actor(caller), at, note=mask(reason))
    asked = await _asked(tx, case, version)
    await _decide(tx, asked["id"], state="declined", note=mask(reason), decided_by=caller.account_id, decided_at=at)
    tell(tx, case, move.event, department=case.lead, extension_id=asked["id"], reason=mask(reason))
    assert case.lead is not None
    assert case.reply_due_at is not None
    refused = ExtensionRefused(
        case_id=case.id, number=case.number, organisation=case.lead, round=case.round, reason=mask(reason), due_at=case.reply_due_at
    )
    emit(tx, refused, audience=case.lead)
    await write(tx, held)
    return case


def _given(tx: Tx, case: CaseState, version: int) -> Extensions:
    given: Extensions | None = tx.policy.extensions
    if given is None:
        raise ExtensionsNotGiven(number=case.number, current=version)
    return given


def _handed_over_at(case: CaseState) -> datetime:
    assert case.handed_over_at is not None
    return case.handed_over_at


def _is_in_time(case: CaseState, at: datetime) -> bool:
    return case.reply_due_at is not None and at <= case.reply_due_at


def _check_in_time(case: CaseState, at: datetime, version: int) -> None:
    assert case.reply_due_at is not None
    if not _is_in_time(case, at):
        raise ExtensionTooLate(number=case.number, due_at=case.reply_due_at.isoformat(timespec="seconds"), current=version)


async def _gains(tx: Tx, case: CaseState, said: Extension) -> bool:
    """Whether the deadline would be later at all: the longest time from the round's first hand-over bounds it."""
    had = (await deadlines.moves_of(tx, [case.id]))[case.id]
    policy = await deadlines.policy_of(tx, case)
    then = deadlines.due_of(policy, case, official_calendar(), Moves((*had.extensions, said), had.pauses))
    assert case.reply_due_at is not None
    return then.at > case.reply_due_at


async def _asked(tx: Tx, case: CaseState, version: int) -> dict[str, Any]:
    had = await queries.since(tx, case.id, _handed_over_at(case))
    found = next((one for one in had if one["state"] == "asked"), None)
    if found is None:
        raise NoExtensionAsked(number=case.number, current=version)
    return found


async def _decide(tx: Tx, extension_id: uuid.UUID, **values: Any) -> None:
    await tx.execute(update(ExtensionRow).where(col(ExtensionRow.id) == extension_id).values(**values))
