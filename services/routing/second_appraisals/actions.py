"""The verbs of second appraisals (二次评价、二次交办): open, vote, conclude, call off. Each changes rows and emits in one transaction."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from services.routing.actions.held import Held, hold_all, write
from services.routing.actions.rating import next_round
from services.routing.actions.reaching import by_desk
from services.routing.actions.steps import actor, tell
from services.routing.actions.together import mark
from services.routing.queries import state_by_id
from services.routing.second_appraisals import queries, rules
from services.routing.second_appraisals.errors import AlreadyVoted, AppraisalIsRunning, AppraisalNotFound, SeatNotFound
from services.routing.second_appraisals.models import Seat, SecondAppraisal
from shared.clock import now
from shared.db import Tx
from shared.events import new_id
from shared.events.intake import RatingLevel
from shared.events.routing_evaluation import SecondAppraisalEnded, SecondAppraisalOpened, SecondAppraisalVoted
from shared.identity import Caller
from shared.live import live


async def open_appraisal(
    tx: Tx, case_id: uuid.UUID, caller: Caller, version: int, *, deputies: Sequence[uuid.UUID], voters: int
) -> SecondAppraisal:
    """The desk has a closed case appraised again by a group: deputies who vote themselves, and voters whose slips it enters.

    Raises CaseNotFound, StaleVersion, PlaceHasNoSecondAppraisal, NothingToAppraise, SeatTwice, TooFewSeats, AppraisalIsRunning.
    """
    held = await by_desk(tx, case_id, caller, version)
    case, at = held.case, now()
    policy = rules.check_open(tx.policy.ratings.second_appraisal, case, deputies, voters)
    if await queries.running_of(tx, case_id) is not None:
        raise AppraisalIsRunning(number=case.number, current=case.version)
    appraisal = SecondAppraisal(
        id=new_id(),
        case_id=case_id,
        number=case.number,
        region=case.region,
        round=case.round,
        quorum=policy.quorum,
        threshold=policy.threshold,
        opened_at=at,
        opened_by=caller.account_id,
        profile_version=tx.policy.profile_version,
    )
    tx.add(appraisal)
    await tx.flush()
    tx.add_all(Seat(appraisal_id=appraisal.id, seat=n, kind="deputy", deputy_id=one) for n, one in enumerate(deputies, 1))
    tx.add_all(Seat(appraisal_id=appraisal.id, seat=len(deputies) + n, kind="voter") for n in range(1, voters + 1))
    await tx.flush()
    mark(tx, held, "appraise_again", actor(caller), at)
    tell(tx, case, SecondAppraisalOpened, appraisal_id=appraisal.id, seats=len(deputies) + voters)
    await write(tx, held)
    return appraisal


async def vote(tx: Tx, appraisal_id: uuid.UUID, caller: Caller, level: RatingLevel) -> SecondAppraisal:
    """A deputy of the group votes, once. Raises AppraisalNotFound, AppraisalHasEnded, AlreadyVoted."""
    appraisal = await queries.find(tx, caller, appraisal_id, lock=True)
    mine = [seat for seat in await queries.seats_of(tx, appraisal_id) if caller.deputy_id and seat.deputy_id == caller.deputy_id]
    if not mine:
        raise AppraisalNotFound
    await _cast(tx, appraisal, mine[0], level, None)
    return appraisal


async def enter_slip(tx: Tx, appraisal_id: uuid.UUID, number: int, caller: Caller, level: RatingLevel) -> SecondAppraisal:
    """The desk enters the slip of an invited voter's seat, once.

    Raises AppraisalNotFound, SeatNotFound, AppraisalHasEnded, AlreadyVoted.
    """
    appraisal = await queries.find(tx, caller, appraisal_id, lock=True)
    seat = next((one for one in await queries.seats_of(tx, appraisal_id) if (one.seat, one.kind) == (number, "voter")), None)
    if seat is None:
        raise SeatNotFound
    await _cast(tx, appraisal, seat, level, caller.account_id)
    return appraisal


async def _cast(tx: Tx, appraisal: SecondAppraisal, seat: Seat, level: RatingLevel, entered_by: uuid.UUID | None) -> None:
    rules.check_running(appraisal)
    if seat.level is not None:
        raise AlreadyVoted(seat=seat.seat)
    seat.level, seat.cast_at, seat.entered_by = level, now(), entered_by
    tell(tx, await state_by_id(tx, appraisal.case_id), SecondAppraisalVoted, appraisal_id=appraisal.id, seat=seat.seat)
    live(tx, "second_appraisal", str(appraisal.id))


async def conclude(tx: Tx, appraisal_id: uuid.UUID, caller: Caller, version: int) -> SecondAppraisal:
    """The desk has the votes counted. A case that fails is handed over again in the next round, with a clock of its own and a
    supervision mark (二次交办); the parts of a split matter with it.

    Raises AppraisalNotFound, StaleVersion, AppraisalHasEnded, VotesMissing.
    """
    held, appraisal = await _ending(tx, appraisal_id, caller, version)
    case, by, at = held.case, actor(caller), now()
    found = await _tally(tx, appraisal)
    result = rules.outcome(found, appraisal.quorum, appraisal.threshold, number=case.number, version=case.version)
    if result == "failed":
        parts = await hold_all(tx, "part_of = $1 AND id <> $1 AND status = 'closed' ORDER BY id FOR UPDATE", case.id)
        for one in (held, *parts):
            await next_round(tx, one, "hand_over_again", by, at)
    else:
        mark(tx, held, "appraised_again", by, at)
    await _end(tx, held, appraisal, found, result, at)
    return appraisal


async def call_off(tx: Tx, appraisal_id: uuid.UUID, caller: Caller, version: int, reason: str) -> SecondAppraisal:
    """The desk ends an appraisal without an outcome, as when the quorum is not reached; the case stays closed.

    Raises AppraisalNotFound, StaleVersion, AppraisalHasEnded.
    """
    held, appraisal = await _ending(tx, appraisal_id, caller, version)
    at = now()
    appraisal.reason = reason
    mark(tx, held, "appraisal_called_off", actor(caller), at, note=reason)
    await _end(tx, held, appraisal, await _tally(tx, appraisal), "called_off", at)
    return appraisal


async def _ending(tx: Tx, appraisal_id: uuid.UUID, caller: Caller, version: int) -> tuple[Held, SecondAppraisal]:
    case_id = (await queries.find(tx, caller, appraisal_id)).case_id
    held = await by_desk(tx, case_id, caller, version)
    appraisal = await queries.find(tx, caller, appraisal_id, lock=True)
    rules.check_running(appraisal)
    return held, appraisal


async def _tally(tx: Tx, appraisal: SecondAppraisal) -> rules.Tally:
    return rules.tally([seat.level for seat in await queries.seats_of(tx, appraisal.id)], tx.policy.ratings.scale)


async def _end(
    tx: Tx,
    held: Held,
    appraisal: SecondAppraisal,
    found: rules.Tally,
    result: Literal["passed", "failed", "called_off"],
    at: datetime,
) -> None:
    appraisal.state, appraisal.ended_at = result, at
    counts = {"seats": found.seats, "votes": found.votes, **found.levels}
    tell(tx, held.case, SecondAppraisalEnded, appraisal_id=appraisal.id, outcome=result, **counts)
    await write(tx, held)
    live(tx, "second_appraisal", str(appraisal.id))
