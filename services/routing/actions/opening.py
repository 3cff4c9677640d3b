"""How cases come to be: many at a time from classified opinions, and handed over at once where the place's rule is certain."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from services.routing import rules
from services.routing.actions import organisations
from services.routing.actions.held import Held, hold_all, write
from services.routing.actions.steps import RULE, give_parts, part_id, set_clock, step, tell
from services.routing.models import Base, Case, CaseHistory, Part
from services.routing.settings import Matter
from shared.consumers import wake
from shared.db import Tx
from shared.events import derived_id
from shared.events.directory import OrganisationChanged
from shared.events.intake import OpinionClassified
from shared.events.routing import AssignmentMade, CaseAssigned, CaseOpened
from shared.live import live
from shared.outbox import emit
from shared.tables import unnested
from shared.workdays import Due, official_calendar

_MATTER: Matter = "opinion"

_CASES, _PARTS, _HISTORY = (Base.metadata.tables[t.__tablename__] for t in (Case, Part, CaseHistory))
_LATER = ("co_handlers", "lane", "handled_with", "part_of", "decide_by", "decision_overdue", "upheld_at")
"""Columns that a new case leaves as they are by default."""
_OF_CASE = [c.name for c in _CASES.columns if c.name not in _LATER]
_OF_PART, _OF_HISTORY = _PARTS.columns.keys(), _HISTORY.columns.keys()


def _rows(table: Any, columns: list[str], case: str, first: int) -> str:
    """An INSERT of the rows whose case has been opened by the statement it stands in."""
    names = ", ".join(columns)
    given = f"{unnested(table, columns, first)} AS r ({names})"
    return f"INSERT INTO {table.name} ({names}) SELECT r.* FROM {given} JOIN opened ON opened.id = r.{case}"  # noqa: S608 - our own tables


# One statement for all that belongs to a case: each of its own is a round trip, and a wait for all who are being served meanwhile.
_OPEN = f"""
    WITH opened AS (
        INSERT INTO cases ({", ".join(_OF_CASE)}) SELECT * FROM {unnested(_CASES, _OF_CASE)} ON CONFLICT DO NOTHING RETURNING id
    ), listed AS (
        INSERT INTO case_search (case_id) SELECT id FROM opened
    ), noted AS (
        {_rows(_HISTORY, _OF_HISTORY, "case_id", 1 + len(_OF_CASE))}
    ), given AS (
        {_rows(_PARTS, _OF_PART, "case_id", 1 + len(_OF_CASE) + len(_OF_HISTORY))}
    )
    SELECT id FROM opened
    """  # noqa: S608 - names of our own tables


@dataclass(frozen=True, slots=True)
class Opening:
    """A case about to be opened for `event`; `lead` and `due` only if the rule hands it over at once."""

    event: OpinionClassified
    id: uuid.UUID
    proposed: str | None
    lead: str | None
    due: Due | None


async def open_cases(tx: Tx, events: Sequence[OpinionClassified]) -> None:
    """Opens a case for each opinion that has none yet, and assigns it by rule when that is certain and the department serves.

    All times are the opinion's own, so that late, doubled and reordered events give the same rows.
    """
    openings = await _openings(tx, events)
    rows = (
        (_OF_CASE, [_case_row(tx, o) for o in openings]),
        (_OF_HISTORY, [row for o in openings for row in _history_rows(tx, o)]),
        (_OF_PART, [_part_row(o) for o in openings if o.lead]),
    )
    found = await tx.run(_OPEN, *([row[name] for row in table] for columns, table in rows for name in columns))
    opened = {row["id"] for row in found}
    new = [o for o in openings if o.id in opened]
    if not new:
        return
    for opening in new:
        _tell(tx, opening)
    await wake(tx, "case", *(o.event.opinion_id for o in new))
    live(tx, "cases", tx.site)


async def _openings(tx: Tx, events: Sequence[OpinionClassified]) -> list[Opening]:
    proposed = {e.opinion_id: rules.proposed_lead(tx.policy, e) for e in events}
    until = await organisations.serving(tx, (lead for lead in proposed.values() if lead))
    openings: dict[uuid.UUID, Opening] = {}
    for event in events:
        lead, at = proposed[event.opinion_id], event.occurred_at
        serves = lead in until and at < until[lead]
        due = _due(tx, at) if serves else None
        case_id = derived_id(event.opinion_id, "case")
        openings.setdefault(case_id, Opening(event, case_id, lead, lead if serves else None, due))
    return list(openings.values())


def _due(tx: Tx, at: datetime) -> Due:
    return rules.reply_due(tx.policy.clocks, _MATTER, 1, handed_over_at=at, round_from=at, calendar=official_calendar())


def _push(tx: Tx, at: datetime, due: Due) -> datetime:
    clock = rules.reply_clock(tx.policy.clocks, _MATTER, 1)
    return rules.yellow_from(tx.policy.lights, clock, started_at=at, due_at=due.at, calendar=official_calendar())


def _case_row(tx: Tx, opening: Opening) -> dict[str, Any]:
    event, due = opening.event, opening.due
    at = event.occurred_at if due else None
    return {
        "id": opening.id,
        "site": tx.site,
        "opinion_id": event.opinion_id,
        "number": event.number,
        "matter": _MATTER,
        "channel": event.channel,
        "target_id": event.target_id,
        "region": event.region,
        "title": event.title,
        "text": event.text,
        "category": event.category,
        "proposed_category": event.category,
        "proposed_lead": opening.proposed,
        "confidence": event.confidence,
        "source": event.source,
        "status": "assigned" if due else "to_assign",
        "version": 2 if due else 1,
        "round": 1,
        "lead": opening.lead,
        "handed_over_at": at,
        "clock_from": at,
        "reply_due_at": due.at if due else None,
        "due_is_provisional": bool(due and due.provisional),
        "due_calendar": due.calendar if due else None,
        "next_push_at": _push(tx, event.occurred_at, due) if due else None,
        "overdue_round": 0,
        "result_class": None,
        "opened_at": event.occurred_at,
        "profile_version": tx.policy.profile_version,
    }


def _history_rows(tx: Tx, opening: Opening) -> list[dict[str, Any]]:
    steps = [(1, "open", None, "to_assign")] + ([(2, "assign", "to_assign", "assigned")] if opening.due else [])
    return [
        {
            "case_id": opening.id,
            "version": version,
            "action": action,
            "from_status": before,
            "to_status": after,
            "round": 1,
            "by_role": RULE.role,
            "by_organisation": None,
            "by_account": None,
            "note": None,
            "at": opening.event.occurred_at,
            "profile_version": tx.policy.profile_version,
        }
        for version, action, before, after in steps
    ]


def _part_row(opening: Opening) -> dict[str, Any]:
    assert opening.lead is not None
    return {
        "id": part_id(opening.id, 2, opening.lead),
        "case_id": opening.id,
        "organisation": opening.lead,
        "part": "lead",
        "round": 1,
        "current": True,
        "opened_at": opening.event.occurred_at,
    }


def _tell(tx: Tx, opening: Opening) -> None:
    event, lead, due = opening.event, opening.lead, opening.due
    about = {"case_id": opening.id, "opinion_id": event.opinion_id, "number": event.number, "round": 1}
    emit(tx, CaseOpened(**about, case_version=1, region=event.region, category=event.category), cause=event)
    if lead is None or due is None:
        return
    assigned = CaseAssigned(
        **about,
        case_version=2,
        category=event.category,
        lead=lead,
        co_handlers=(),
        by="rule",
        reply_due_at=due.at,
        due_is_provisional=due.provisional,
    )
    emit(tx, assigned, cause=event)
    made = AssignmentMade(
        assignment_id=part_id(opening.id, 2, lead),
        case_id=opening.id,
        number=event.number,
        organisation=lead,
        part="lead",
        round=1,
        category=event.category,
        title=event.title,
        text=event.text,
        due_at=due.at,
    )
    emit(tx, made, audience=lead, cause=event)


async def organisation_changed(tx: Tx, event: OrganisationChanged) -> None:
    """Keeps the version and hands over what has been waiting for this department."""
    await organisations.keep(tx, event)
    await assign_waiting(tx, event.organisation)


async def assign_waiting(tx: Tx, organisation: str | None = None) -> int:
    """Hands over by rule the cases that waited for their department and that nobody has touched; says how many.

    At most `waiting_batch` in a transaction; the sweep goes on with the rest, and with a case that was being opened
    at the very moment its department was heard of.
    """
    until = await organisations.serving(tx, [organisation] if organisation else await organisations.known(tx))
    if not until:
        return 0
    waiting = await hold_all(tx, _WAITING, list(until), list(until.values()), tx.settings.waiting_batch)
    for held in waiting:
        await _assign_by_rule(tx, held, cast(str, held.case.proposed_lead), held.case.opened_at)
    return len(waiting)


_WAITING = """status = 'to_assign' AND version = 1
    AND EXISTS (SELECT FROM unnest($1::text[], $2::timestamptz[]) AS come (name, until) WHERE proposed_lead = name AND opened_at < until)
    ORDER BY id LIMIT $3 FOR UPDATE SKIP LOCKED"""


async def _assign_by_rule(tx: Tx, held: Held, lead: str, at: datetime) -> None:
    case = held.case
    move = step(tx, held, "assign", RULE, at)
    set_clock(tx, case, at)
    tell(
        tx,
        case,
        move.event,
        category=case.category,
        lead=lead,
        co_handlers=(),
        by="rule",
        reply_due_at=case.reply_due_at,
        due_is_provisional=case.due_is_provisional,
    )
    await give_parts(tx, case, lead, ())
    await write(tx, held)
