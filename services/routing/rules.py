"""Pure decisions of routing: what may follow what, where a matter goes, by when, and whether a rating counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from math import ceil
from typing import Literal

from services.routing import settings
from services.routing.answers.errors import AlreadyDelivered, DeliveryNotThen, NothingToDeliver
from services.routing.co_handling.errors import CoHandlersStillToAnswer
from services.routing.contacts.errors import ContactInFuture, ContactTooEarly, MeetingsMissing
from services.routing.errors import (
    CaseAlreadyAccepted,
    CaseAlreadyClosed,
    CaseAlreadyReplied,
    CaseIsJoined,
    CaseNotAccepted,
    CaseNotAssigned,
    CaseUnderObjection,
    CaseWasWithdrawn,
    LeadIsCoHandler,
    NotTheLead,
    ObjectionAlreadyDecided,
    ObjectionTooLate,
    PartsNotAnswered,
    PlanMissing,
    UnknownCategory,
    UnknownOrganisation,
    UnknownResultClass,
)
from services.routing.extensions.errors import (
    ExtensionAlreadyAsked,
    ExtensionsNotGiven,
    ExtensionsUsedUp,
    ExtensionTooLate,
    ExtensionTooLong,
    NoExtensionAsked,
    UnknownConsent,
)
from services.routing.pauses.errors import (
    CaseAlreadyPaused,
    CaseNotPaused,
    PausesNotGiven,
    PausesUsedUp,
    PauseTooLate,
    UnknownPauseGround,
)
from services.routing.promises.errors import PromiseMissing, PromiseNotLater, PromiseNotNeeded
from services.routing.second_appraisals.errors import VotesMissing
from services.routing.settings import Clocks, Lights, Matter, RoutingPolicy
from shared.errors import Refused
from shared.events.intake import OpinionClassified
from shared.events.routing import (
    CaseAccepted,
    CaseAssigned,
    CaseClosed,
    CaseEvent,
    CaseObjected,
    CaseReopened,
    CaseReplied,
    CaseWithdrawn,
)
from shared.events.routing_answers import CaseDelivered
from shared.events.routing_evaluation import OpinionFormNotReturned
from shared.events.routing_extending import CasePaused, CaseResumed, ExtensionAgreed, ExtensionAsked, ExtensionDeclined
from shared.events.routing_handling import CaseContacted, CaseUpheld
from shared.events.routing_suggestions import CaseFiledForReference
from shared.workdays import CHINA, Calendar, Clock, Due, Extension, Pause, days_counted, due, standing_days

Status = settings.Status
Moving = Literal["extend", "agree", "decline", "pause", "resume"]
Later = Literal["file", "lapse", "hand_over_again", "deliver"]
Action = Literal["assign", "accept", "object", "reply", "rate", "reopen", "withdraw", "uphold", "contact", Moving, Later]
NotCounted = Literal["not_replied", "stale_round", "already_rated", "closed"]


@dataclass(frozen=True, slots=True)
class Transition:
    """In `status`, whoever holds `permission` may do `action`; the case is `next` after it and `event` tells so.

    Without a permission no route does it by itself: it follows from another service's event, from a rating, from votes or from a
    deadline. `clock` says whether the clock of the reply is started anew, stops, or ends at another moment; `guards` name what may
    refuse it besides the status.
    """

    status: Status
    action: Action
    permission: str | None
    next: Status
    event: type[CaseEvent]
    clock: Literal["start", "stop", "move"] | None = None
    guards: tuple[type[Refused], ...] = ()


_HAND_OVER = (UnknownOrganisation, LeadIsCoHandler, UnknownCategory, CaseIsJoined)
_REPLY = (
    *(NotTheLead, UnknownResultClass, CaseIsJoined, MeetingsMissing, PlanMissing, PartsNotAnswered, CoHandlersStillToAnswer),
    *(PromiseMissing, PromiseNotNeeded, PromiseNotLater),
)
_APPRAISE = (VotesMissing,)
_DELIVER = (NotTheLead, NothingToDeliver, AlreadyDelivered, DeliveryNotThen)
_CONTACT = (NotTheLead, ContactInFuture, ContactTooEarly)
_EXTEND = (NotTheLead, CaseIsJoined, ExtensionsNotGiven, ExtensionTooLate, ExtensionAlreadyAsked, ExtensionsUsedUp, ExtensionTooLong)
_AGREE = (CaseIsJoined, NoExtensionAsked, UnknownConsent, ExtensionTooLate)
_PAUSE = (CaseIsJoined, PausesNotGiven, UnknownPauseGround, CaseAlreadyPaused, PauseTooLate, PausesUsedUp)

TRANSITIONS = (
    Transition("to_assign", "assign", "case.assign", "assigned", CaseAssigned, "start", _HAND_OVER),
    Transition("assigned", "assign", "case.assign", "assigned", CaseAssigned, "start", _HAND_OVER),
    Transition("objected", "assign", "case.assign", "assigned", CaseAssigned, "start", _HAND_OVER),
    Transition("assigned", "accept", "case.handle", "accepted", CaseAccepted, None, (NotTheLead,)),
    Transition(
        "assigned", "object", "case.handle", "objected", CaseObjected, None, (NotTheLead, ObjectionTooLate, ObjectionAlreadyDecided)
    ),
    Transition("accepted", "reply", "case.handle", "replied", CaseReplied, "stop", _REPLY),
    Transition("objected", "uphold", "case.assign", "assigned", CaseUpheld),
    *(Transition(s, "contact", "case.handle", s, CaseContacted, None, _CONTACT) for s in ("assigned", "accepted", "replied")),
    Transition("accepted", "extend", "case.handle", "accepted", ExtensionAsked, None, _EXTEND),
    Transition("accepted", "agree", "case.assign", "accepted", ExtensionAgreed, "move", _AGREE),
    Transition("accepted", "decline", "case.assign", "accepted", ExtensionDeclined, None, (CaseIsJoined, NoExtensionAsked)),
    Transition("accepted", "pause", "case.assign", "accepted", CasePaused, "move", _PAUSE),
    Transition("accepted", "resume", "case.assign", "accepted", CaseResumed, "move", (CaseIsJoined, CaseNotPaused)),
    *(Transition(s, "deliver", "case.handle", s, CaseDelivered, None, _DELIVER) for s in ("replied", "closed")),
    Transition("replied", "rate", None, "closed", CaseClosed),
    Transition("replied", "reopen", None, "assigned", CaseReopened, "start"),
    Transition("replied", "lapse", None, "closed", OpinionFormNotReturned),
    Transition("closed", "hand_over_again", None, "assigned", CaseReopened, "start", _APPRAISE),
    Transition("to_assign", "file", None, "closed", CaseFiledForReference),
    *(Transition(s, "withdraw", None, "withdrawn", CaseWithdrawn) for s in ("to_assign", "replied")),
    *(Transition(s, "withdraw", None, "withdrawn", CaseWithdrawn, "stop") for s in ("assigned", "accepted", "objected")),
)
"""The whole state machine (domain, section 2): doors, verbs, history and events follow from it."""

REFUSALS: dict[str, type[Refused]] = {
    "to_assign": CaseNotAssigned,
    "assigned": CaseNotAccepted,
    "accepted": CaseAlreadyAccepted,
    "objected": CaseUnderObjection,
    "replied": CaseAlreadyReplied,
    "closed": CaseAlreadyClosed,
    "withdrawn": CaseWasWithdrawn,
}
"""The fact that forbids whatever a status has no transition for."""

RUNNING: tuple[Status, ...] = ("assigned", "accepted", "objected")
"""A reply is owed: the clock runs, also while the desk decides on an objection."""

_BY_PAIR: dict[tuple[str, str], Transition] = {(t.status, t.action): t for t in TRANSITIONS}

FOREVER = datetime(9999, 1, 1, tzinfo=UTC)


def transition(status: str, action: Action, *, number: str, version: int) -> Transition:
    """The transition that `action` makes from `status`. Raises the refusal that names why there is none."""
    found = _BY_PAIR.get((status, action))
    if found is None:
        raise REFUSALS[status](number=number, state=status, current=version)
    return found


def permission_of(action: Action) -> str:
    """The permission that the door of an action asks for. Raises ValueError when no door may do it."""
    granted = {t.permission for t in TRANSITIONS if t.action == action and t.permission}
    if len(granted) != 1:
        raise ValueError(f"no one permission for {action}")
    return granted.pop()


def proposed_lead(policy: RoutingPolicy, event: OpinionClassified) -> str | None:
    """The department that the place's rule hands the opinion to, or None when that is for the desk to decide."""
    certain = policy.automatic
    category = policy.category(event.category)
    if category is None or event.source not in certain.sources or event.confidence < certain.confidence:
        return None
    parts = [code for code in category.regions if event.region.startswith(code)]
    return category.regions[max(parts, key=len)] if parts else category.lead


def serves_until(versions: Sequence[tuple[bool, datetime]]) -> datetime | None:
    """Up to which moment an organisation takes what arises: `versions` are (active, since) in order of their numbers.

    FOREVER when the newest version is active, None when none ever was. A case is handed by rule to an organisation that
    was active at the opinion's time or later: then the outcome is the same whichever of the two is heard of first.
    """
    ends = [since for _, since in versions[1:]] + [FOREVER]
    return max((end for (active, _), end in zip(versions, ends, strict=False) if active), default=None)


def reply_due(
    clocks: Clocks,
    matter: Matter,
    round_: int,
    *,
    handed_over_at: datetime,
    round_from: datetime,
    calendar: Calendar,
    pauses: Sequence[Pause] = (),
    extensions: Sequence[Extension] = (),
) -> Due:
    """When the reply of a round is due: by its clock from the newest hand-over, with its pauses and extensions, never past the
    longest clock from the round's first, which knows neither (代表法 51: 6 months from hand-over, not 3 + 6)."""
    clock = reply_clock(clocks, matter, round_)
    found = due(handed_over_at, clock, calendar, pauses=pauses, extensions=extensions)
    return min(found, due(round_from, clocks.longest, calendar), key=lambda d: d.at)


def clocks_of(clocks: Clocks, lane: str) -> Clocks:
    """The clocks of a case on its lane: the first round's reply by the lane's own. Handled again it goes the ordinary way."""
    own = {"instant": clocks.instant, "fast": clocks.fast_lane and clocks.fast_lane.reply}.get(lane)
    return clocks if own is None else clocks.model_copy(update={"reply": dict.fromkeys(clocks.reply, own)})


def reply_clock(clocks: Clocks, matter: Matter, round_: int) -> Clock:
    """The clock of a round's reply."""
    return clocks.reply[matter] if round_ == 1 else clocks.rehandle


def co_handler_due(
    clocks: Clocks, matter: Matter, *, handed_over_at: datetime, reply_due_at: datetime, calendar: Calendar, pauses: Sequence[Pause] = ()
) -> Due:
    """When a co-handler's opinion (协办意见) is due: by its own clock, never after the lead's reply."""
    found = due(handed_over_at, clocks.co_handler[matter], calendar, pauses=pauses)
    return min(found, Due(reply_due_at, found.provisional, found.calendar), key=lambda d: d.at)


Light = Literal["green", "yellow", "red"]


def light(
    lights: Lights, clock: Clock, *, started_at: datetime, due_at: datetime, now: datetime, calendar: Calendar, pauses: Sequence[Pause] = ()
) -> Light:
    """Red when the deadline has passed; yellow on its last day, and as soon as the profile's share of the clock's days is over."""
    if now > due_at:
        return "red"
    first, last, today = (moment.astimezone(CHINA).date() for moment in (started_at, due_at, now))
    stood = standing_days(pauses)
    whole = days_counted(first, last, clock.unit, calendar, stood)
    over = days_counted(first, today - timedelta(days=1), clock.unit, calendar, stood)
    return "yellow" if today >= last or over >= lights.yellow_share * whole else "green"


def yellow_from(
    lights: Lights, clock: Clock, *, started_at: datetime, due_at: datetime, calendar: Calendar, pauses: Sequence[Pause] = ()
) -> datetime:
    """The moment from which `light` is yellow: the beginning of a day in China."""
    first, last = (moment.astimezone(CHINA).date() for moment in (started_at, due_at))
    stood, working = standing_days(pauses), clock.unit == "workday"
    days = (first + timedelta(days=i) for i in range(1, (last - first).days + 1))
    counted = [day for day in days if day not in stood and (not working or calendar.is_workday(day))]
    over = counted[ceil(lights.yellow_share * len(counted)) - 1] if counted else first
    # The share is over when the day that completes it has ended.
    return datetime.combine(min(over + timedelta(days=1), last), time.min, CHINA)


def moved_push(next_push_at: datetime | None, *, due_before: datetime, due_at: datetime, yellow_at: datetime) -> datetime:
    """When the next push is due once the deadline has moved: what was told is not told again, and the count goes on."""
    if next_push_at is None or next_push_at < due_before:
        return yellow_at
    return due_at + (next_push_at - due_before)


def shown_light(status: str, *, due_at: datetime | None, next_push_at: datetime | None, now: datetime) -> Light | None:
    """The light of a case by what is kept of it, or None when no reply is owed. Yellow was told, or is to be."""
    if status not in RUNNING or due_at is None or next_push_at is None:
        return None
    if now > due_at:
        return "red"
    return "yellow" if now >= next_push_at or next_push_at >= due_at else "green"


def pushes_owed(lights: Lights, *, due_at: datetime, now: datetime) -> int:
    """How many times a missing reply is to have been pushed by `now`: at the deadline, and each `push_every` days after it."""
    return 0 if now <= due_at else 1 + (now - due_at) // timedelta(days=lights.push_every)


def not_counted(status: str, round_: int, rated_round: int) -> NotCounted | None:
    """Why a rating of `rated_round` has no effect on a case in `round_`, or None when it counts."""
    if rated_round < round_:
        return "stale_round"
    if status in ("closed", "withdrawn"):
        return "already_rated" if rated_round == round_ and status == "closed" else "closed"
    return None if status == "replied" and rated_round == round_ else "not_replied"
