"""The verbs of co-handlers' opinions (协办意见): given, asked for again, late.

They belong to the assignment, not to the case's own course: two co-handlers that answer at once do not stand in each other's way,
and the lead's version does not grow stale by what others say.
"""

from __future__ import annotations

import uuid

from services.routing import rules
from services.routing.actions.handling import led
from services.routing.actions.steps import tell
from services.routing.co_handling.errors import (
    CoOpinionAlreadyGiven,
    CoOpinionNotFound,
    CoOpinionNotGiven,
    NotACoHandler,
)
from services.routing.co_handling.models import CoOpinionText
from services.routing.errors import CaseNotFound
from services.routing.models import CaseState
from services.routing.queries import state_by_id
from shared.clock import now
from shared.db import Tx
from shared.events.routing_extending import CoOpinionAskedAgain, CoOpinionCame, CoOpinionFellDue, CoOpinionGiven, CoOpinionLate
from shared.identity import Caller
from shared.live import live
from shared.masking import mask
from shared.outbox import emit
from shared.workdays import due, official_calendar

_MINE = """
    SELECT o.assignment_id, p.organisation FROM part p LEFT JOIN co_opinion o ON o.assignment_id = p.id
    WHERE p.case_id = $1 AND p.current AND p.organisation = $2
    """
_GIVE = """
    UPDATE co_opinion SET given_at = $2, asked_again = NULL WHERE assignment_id = $1 AND given_at IS NULL RETURNING turn, due_at
    """
_TO_COME = """
    SELECT count(*) AS n FROM co_opinion o JOIN part p ON p.id = o.assignment_id
    WHERE o.case_id = $1 AND p.current AND o.given_at IS NULL
    """


async def give(tx: Tx, case_id: uuid.UUID, caller: Caller, *, text: str, document: str | None) -> CaseState:
    """A co-handler gives its opinion, late or in time; the lead hears of it.

    Raises CaseNotFound, NotACoHandler for who has another part, what the state forbids, and CoOpinionAlreadyGiven.
    """
    rows = await tx.run(_MINE, case_id, caller.organisation)
    if not rows:
        raise CaseNotFound
    case, (owed,) = await state_by_id(tx, case_id), rows
    if owed["assignment_id"] is None:
        raise NotACoHandler
    _check_running(case)
    at = now()
    given = await tx.run(_GIVE, owed["assignment_id"], at)
    if not given:
        raise CoOpinionAlreadyGiven(number=case.number, current=case.version)
    ((turn, due_at),) = given
    on_time = at <= due_at
    said = CoOpinionText(
        assignment_id=owed["assignment_id"],
        turn=turn,
        text=mask(text),
        document=document,
        by_account=caller.account_id,
        given_at=at,
        on_time=on_time,
    )
    tx.add(said)
    await tx.flush()
    about = {"assignment_id": owed["assignment_id"], "case_id": case.id, "number": case.number}
    tell(tx, case, CoOpinionGiven, assignment_id=owed["assignment_id"], department=owed["organisation"], turn=turn, on_time=on_time)
    ((left,),) = await tx.run(_TO_COME, case.id)
    assert case.lead is not None
    emit(tx, CoOpinionCame(**about, organisation=case.lead, still_to_come=left), audience=case.lead)
    live(tx, "case", str(case.id))
    return case


_ASKED = """
    SELECT o.* FROM co_opinion o JOIN part p ON p.id = o.assignment_id AND p.current
    WHERE o.assignment_id = $1 AND o.case_id = $2 FOR UPDATE OF o
    """
_ASK_AGAIN = """
    UPDATE co_opinion SET given_at = NULL, late_told = false, turn = turn + 1, due_at = $2, asked_again = $3 WHERE assignment_id = $1
    """


async def ask_again(tx: Tx, case_id: uuid.UUID, assignment_id: uuid.UUID, caller: Caller, version: int, reason: str) -> CaseState:
    """The lead asks a co-handler for a better opinion (重庆: within 5 working days), never later than its own reply is due.

    Raises CaseNotFound, NotTheLead, CaseIsJoined, StaleVersion, what the state forbids, CoOpinionNotFound and CoOpinionNotGiven.
    """
    held = await led(tx, case_id, caller, version)
    case, at = held.case, now()
    _check_running(case)
    rows = await tx.run(_ASKED, assignment_id, case.id)
    if not rows:
        raise CoOpinionNotFound
    (owed,) = rows
    if owed["given_at"] is None:
        raise CoOpinionNotGiven(number=case.number, current=version)
    assert case.reply_due_at is not None
    until = min(due(at, tx.policy.clocks.co_handler_redo, official_calendar()).at, max(case.reply_due_at, at))
    await tx.run(_ASK_AGAIN, assignment_id, until, mask(reason))
    again = CoOpinionAskedAgain(
        case_id=case.id,
        number=case.number,
        organisation=owed["organisation"],
        assignment_id=assignment_id,
        turn=owed["turn"] + 1,
        reason=mask(reason),
        due_at=until,
    )
    emit(tx, again, audience=owed["organisation"])
    live(tx, "case", str(case.id))
    return case


# The condition is that of the index `co_opinion_owed`.
_LATE = """
    UPDATE co_opinion SET late_told = true FROM (
        SELECT o.assignment_id AS id, p.current AND c.status = ANY($3) AND coalesce(c.handled_with = c.id, true) AS owed
        FROM (SELECT assignment_id, case_id FROM co_opinion WHERE given_at IS NULL AND NOT late_told AND due_at < $1
            ORDER BY due_at LIMIT $2 FOR UPDATE SKIP LOCKED) o
        JOIN part p ON p.id = o.assignment_id JOIN cases c ON c.id = o.case_id
    ) late WHERE assignment_id = late.id
    RETURNING case_id, assignment_id, organisation, due_at, late.owed
    """


async def mark_late(tx: Tx) -> int:
    """Tells of each opinion that was not there when it was due, once for each turn, the longest due first. Says how many it looked at.

    One that nobody waits for any more, because the case was handed to others or has its reply, is passed over for good.
    """
    late = await tx.run(_LATE, now(), tx.settings.overdue_batch, list(rules.RUNNING))
    for row in sorted(late, key=lambda one: (one["due_at"], one["assignment_id"])):
        if not row["owed"]:
            continue
        case = await state_by_id(tx, row["case_id"])
        about = {"assignment_id": row["assignment_id"], "due_at": row["due_at"]}
        tell(tx, case, CoOpinionLate, department=row["organisation"], **about)
        fell_due = CoOpinionFellDue(case_id=case.id, number=case.number, organisation=row["organisation"], **about)
        emit(tx, fell_due, audience=row["organisation"])
        live(tx, "case", str(case.id))
    return len(late)


def _check_running(case: CaseState) -> None:
    if case.status not in rules.RUNNING:
        raise rules.REFUSALS[case.status](number=case.number, state=case.status, current=case.version)
