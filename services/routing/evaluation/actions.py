"""The verbs of evaluation: a form is sent with a reply, comes back by its channels, is reminded of, or does not come back."""

from __future__ import annotations

import uuid
from datetime import datetime

from services.routing.actions import calendars
from services.routing.actions.held import Held, hold_all, write
from services.routing.actions.rating import count
from services.routing.actions.reaching import by_desk, locked
from services.routing.actions.steps import RULE, Actor, actor, step, tell
from services.routing.actions.together import mark, parts_of
from services.routing.errors import CaseNotFound
from services.routing.evaluation import queries, rules
from services.routing.evaluation.errors import NothingToComment, OpinionFormNotSent
from services.routing.evaluation.models import DeputyRating, OpinionForm, SignerComment
from services.routing.models import CaseState, PolicyKept
from services.routing.queries import state_by_id
from services.routing.settings import RoutingPolicy
from services.routing.suggestions.queries import lead_of, signs, words_told
from shared.clock import now
from shared.db import Tx
from shared.events import new_id
from shared.events.intake import RatingLevel
from shared.events.routing_evaluation import OpinionFormDueMoved, OpinionFormReminded, OpinionFormSent, SignerCommented, SuggestionRated
from shared.http import check_version
from shared.identity import Caller
from shared.live import live
from shared.masking import mask
from shared.workdays import CHINA, Calendar, official_calendar


async def send_form(tx: Tx, case: CaseState, at: datetime) -> None:
    """A reply to a suggestion takes an opinion form (征询意见表) to its lead deputy. Parts of a split one are rated with the first."""
    if case.matter != "suggestion" or (lead := await lead_of(tx, case.id)) is None:
        return
    term = rules.term_of(tx.policy.clocks.feedback, tx.policy.ratings, at, official_calendar())
    form = OpinionForm(
        case_id=case.id,
        round=case.round,
        deputy_id=lead,
        region=case.region,
        channels=list(rules.channels_of(tx.policy.ratings)),
        decides=tx.policy.ratings.decides,
        sent_at=at,
        remind_at=term.remind_at,
        due_at=term.due.at,
        due_is_provisional=term.due.provisional,
        due_calendar=term.due.calendar,
        profile_version=tx.policy.profile_version,
    )
    tx.add(form)
    tell(tx, case, OpinionFormSent, deputy_id=lead, due_at=term.due.at, due_is_provisional=term.due.provisional)


async def rate(
    tx: Tx,
    case_id: uuid.UUID,
    caller: Caller,
    version: int,
    *,
    round_: int,
    attitude: RatingLevel,
    result: RatingLevel,
    comment: str | None,
) -> CaseState:
    """The lead deputy fills the form on the net. The channel that decides closes the case, or opens the next round with its
    supervision; the other is kept beside it.

    Raises CaseNotFound, StaleVersion, OpinionFormNotSent, NotTheLeadDeputy, ChannelNotAsked, AlreadyRated, OpinionFormEnded.
    """
    held = await _by_signer(tx, case_id, caller, version)
    form = await _form(tx, held.case, round_)
    rules.check_lead(form, caller.deputy_id)
    await _enter(tx, held, form, "net", actor(caller), None, attitude, result, comment)
    return held.case


async def enter_paper(
    tx: Tx,
    case_id: uuid.UUID,
    caller: Caller,
    version: int,
    *,
    round_: int,
    attitude: RatingLevel,
    result: RatingLevel,
    comment: str | None,
) -> CaseState:
    """The desk enters the paper form that the lead deputy returned to it directly, not through the department.

    Raises CaseNotFound, StaleVersion, OpinionFormNotSent, ChannelNotAsked, AlreadyRated, OpinionFormEnded.
    """
    held = await by_desk(tx, case_id, caller, version)
    form = await _form(tx, held.case, round_)
    await _enter(tx, held, form, "paper", actor(caller), caller.account_id, attitude, result, comment)
    return held.case


async def _form(tx: Tx, case: CaseState, round_: int) -> OpinionForm:
    form = await queries.form_of(tx, case.id, round_)
    if form is None:
        raise OpinionFormNotSent
    return form


async def _by_signer(tx: Tx, case_id: uuid.UUID, caller: Caller, version: int) -> Held:
    if caller.deputy_id is None or not await signs(tx, case_id, caller.deputy_id):
        raise CaseNotFound
    held = await locked(tx, case_id)
    check_version(held.case.version, version)
    return held


async def _enter(
    tx: Tx,
    held: Held,
    form: OpinionForm,
    channel: rules.Channel,
    by: Actor,
    entered_by: uuid.UUID | None,
    attitude: RatingLevel,
    result: RatingLevel,
    comment: str | None,
) -> None:
    case, at = held.case, now()
    there = [one["channel"] for one in await queries.ratings_of(tx, case.id, form.round)]
    rules.check_rating(form, channel, there, at, number=case.number, version=case.version)
    rating = DeputyRating(
        case_id=case.id,
        round=form.round,
        channel=channel,
        deputy_id=form.deputy_id,
        attitude=attitude,
        result=result,
        comment=mask(comment) if comment else None,
        rated_at=at,
        entered_by=entered_by,
    )
    tx.add(rating)
    mark(tx, held, f"rate_{channel}", by, at)
    facts = {"deputy_id": form.deputy_id, "rated_round": form.round, "attitude": attitude, "result": result}
    tell(tx, case, SuggestionRated, channel=channel, comment=await words_told(tx, case, comment) if comment else None, **facts)
    if rules.is_returned(form, [*there, channel]):
        await _settle(tx, form, "returned", at)
    if channel == form.decides and (case.status, case.round) == ("replied", form.round):
        await count(tx, held, by, at, result, rating.comment)
    await write(tx, held)
    await tx.flush()


async def comment(tx: Tx, case_id: uuid.UUID, caller: Caller, version: int, text: str) -> CaseState:
    """A signer says something of the newest reply; it decides nothing. Raises CaseNotFound, StaleVersion, NothingToComment."""
    held = await _by_signer(tx, case_id, caller, version)
    case, at = held.case, now()
    form = await queries.newest_form(tx, case.id)
    if form is None or caller.deputy_id is None:
        raise NothingToComment(number=case.number, state=case.status, current=case.version)
    tx.add(SignerComment(id=new_id(), case_id=case.id, round=form.round, deputy_id=caller.deputy_id, comment=mask(text), at=at))
    mark(tx, held, "comment", actor(caller), at)
    said = {"deputy_id": caller.deputy_id, "on_round": form.round, "comment": await words_told(tx, case, text)}
    tell(tx, case, SignerCommented, **said)
    await write(tx, held)
    await tx.flush()
    return case


_SETTLE = "UPDATE opinion_form SET state = $3, settled_at = $4 WHERE case_id = $1 AND round = $2 AND state = 'open' RETURNING case_id"


async def _settle(tx: Tx, form: OpinionForm, state: rules.FormState, at: datetime) -> bool:
    return bool(await tx.run(_SETTLE, form.case_id, form.round, state, at))


# The conditions are those of the indexes `opinion_form_to_remind` and `opinion_form_falling_due`.
_REMIND = """
    UPDATE opinion_form SET reminded_at = $1 WHERE (case_id, round) IN (
        SELECT case_id, round FROM opinion_form
        WHERE state = 'open' AND reminded_at IS NULL AND remind_at <= $1 AND due_at >= $1
        ORDER BY remind_at LIMIT $2 FOR UPDATE SKIP LOCKED
    ) RETURNING case_id, round, deputy_id, remind_at, due_at
    """
_LATE = """
    SELECT f.case_id, f.round FROM opinion_form f JOIN cases c ON c.id = f.case_id
    WHERE f.state = 'open' AND f.due_at < $1 ORDER BY f.due_at LIMIT $2 FOR UPDATE OF c SKIP LOCKED
    """


async def remind(tx: Tx) -> int:
    """Reminds of each form that is still out, once, the longest owed first (重庆 29: 催告). Says how many."""
    rows = await tx.run(_REMIND, now(), tx.settings.overdue_batch)
    for row in sorted(rows, key=lambda one: (one["remind_at"], one["case_id"])):
        case = await state_by_id(tx, row["case_id"])
        tell(tx, case, OpinionFormReminded, deputy_id=row["deputy_id"], due_at=row["due_at"])
    return len(rows)


async def end_forms(tx: Tx) -> int:
    """Ends forms whose time is over, the longest overdue first: what came back decides, and where nothing did the case is closed as
    not returned. Says how many."""
    at = now()
    late = await tx.run(_LATE, at, tx.settings.overdue_batch)
    # The order of locks is the verbs': the case first, then its form.
    held_by_id = {held.case.id: held for held in await hold_all(tx, "id = ANY($1) FOR UPDATE", [row["case_id"] for row in late])}
    ended = 0
    for row in late:
        form = await queries.form_of(tx, row["case_id"], row["round"])
        if form is not None and form.state == "open":
            await _end(tx, held_by_id[form.case_id], form, at)
            ended += 1
    return ended


async def _end(tx: Tx, held: Held, form: OpinionForm, at: datetime) -> None:
    case = held.case
    there = await queries.ratings_of(tx, case.id, form.round)
    waits = (case.status, case.round) == ("replied", form.round)
    if there:
        await _settle(tx, form, "returned", at)
        if waits:
            await count(tx, held, RULE, at, there[0]["result"], there[0]["comment"])
    elif not waits:
        await _settle(tx, form, "ended", at)
    else:
        await _settle(tx, form, "not_returned", at)
        for one in (held, *(part for part in await parts_of(tx, held) if part.case.status == "replied")):
            move = step(tx, one, "lapse", RULE, at)
            tell(tx, one.case, move.event, department=one.case.lead, deputy_id=form.deputy_id, due_at=form.due_at)
            await write(tx, one)
    live(tx, "case", str(case.id))


# The condition is that of the index `opinion_form_by_calendar`; two ranges, because an index knows no `<>`.
_OTHERS = """
    SELECT f.case_id, f.round FROM opinion_form f JOIN cases c ON c.id = f.case_id
    WHERE f.state = 'open' AND (f.due_calendar < $1 OR f.due_calendar > $1) ORDER BY f.due_at LIMIT $2 FOR UPDATE OF c SKIP LOCKED
    """
_MOVE = """
    UPDATE opinion_form SET due_at = $3, due_is_provisional = $4, due_calendar = $5, remind_at = $6 WHERE case_id = $1 AND round = $2
    """


async def recompute(tx: Tx) -> int:
    """Computes open forms' deadlines anew when another calendar is in force, each by the clock that it was set by.

    Says how many it looked at.
    """
    calendar = official_calendar()
    if await calendars.in_force(tx) != calendar.version:
        return 0
    rows = await tx.run(_OTHERS, calendar.version, tx.settings.calendar_batch)
    held_by_id = {held.case.id: held for held in await hold_all(tx, "id = ANY($1) FOR UPDATE", [row["case_id"] for row in rows])}
    for row in rows:
        form = await queries.form_of(tx, row["case_id"], row["round"])
        if form is not None and form.state == "open":
            await _recompute(tx, held_by_id[form.case_id], form, calendar)
    return len(rows)


async def _recompute(tx: Tx, held: Held, form: OpinionForm, calendar: Calendar) -> None:
    kept = await tx.get(PolicyKept, form.profile_version)
    if kept is None:
        # The clock it was set by is not kept any more: the deadline stays.
        await tx.run(_MOVE, form.case_id, form.round, form.due_at, form.due_is_provisional, calendar.version, form.remind_at)
        return
    policy = RoutingPolicy.model_validate(kept.said)
    term = rules.term_of(policy.clocks.feedback, policy.ratings, form.sent_at, calendar)
    await tx.run(_MOVE, form.case_id, form.round, term.due.at, term.due.provisional, calendar.version, term.remind_at)
    if (term.due.at, term.due.provisional) == (form.due_at, form.due_is_provisional):
        return
    days = " → ".join(moment.astimezone(CHINA).date().isoformat() for moment in (form.due_at, term.due.at))
    note = f"{days}; {form.due_calendar} → {calendar.version}"
    mark(tx, held, "recompute_form", Actor(calendars.ROLE), now(), note=note)
    moved = {"due_before": form.due_at, "due_at": term.due.at, "due_is_provisional": term.due.provisional, "calendar": calendar.version}
    tell(tx, held.case, OpinionFormDueMoved, deputy_id=form.deputy_id, form_round=form.round, **moved)
    await write(tx, held)
