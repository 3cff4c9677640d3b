"""Pure decisions on evaluation: until when a form is out, who may fill it, and what two channels say together."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Literal, get_args

from services.routing.evaluation.errors import AlreadyRated, ChannelNotAsked, NotTheLeadDeputy, OpinionFormEnded
from services.routing.evaluation.models import OpinionForm
from services.routing.settings import Ratings
from shared.workdays import CHINA, Calendar, Clock, Due, due

Channel = Literal["net", "paper"]
FormState = Literal["open", "returned", "not_returned", "ended"]
CHANNELS: tuple[Channel, ...] = get_args(Channel)


@dataclass(frozen=True, slots=True)
class Term:
    """Until when a form is out, and from when on it is reminded of."""

    due: Due
    remind_at: datetime


def term_of(clock: Clock, ratings: Ratings, sent_at: datetime, calendar: Calendar) -> Term:
    """How long a form that is sent at a moment is out (北京 15, 河南 10, 重庆 20 工作日). Reminded of when the last `remind_before` working
    days begin, and not on the day it was sent."""
    until = due(sent_at, clock, calendar)
    day, first = until.at.astimezone(CHINA).date(), sent_at.astimezone(CHINA).date() + timedelta(days=1)
    left = ratings.remind_before - calendar.is_workday(day)
    while left > 0 and day > first:
        day -= timedelta(days=1)
        left -= calendar.is_workday(day)
    return Term(until, datetime.combine(day, time.min, CHINA))


def channels_of(ratings: Ratings) -> list[Channel]:
    """The channels by which a deputy rates here; a place that asks for none is answered on the net."""
    return [channel for channel in CHANNELS if channel in ratings.channels] or ["net"]


def check_lead(form: OpinionForm, deputy_id: uuid.UUID | None) -> None:
    """Raises NotTheLeadDeputy for another signer."""
    if deputy_id != form.deputy_id:
        raise NotTheLeadDeputy


def check_rating(form: OpinionForm, channel: Channel, there: Sequence[str], at: datetime, *, number: str, version: int) -> None:
    """Raises ChannelNotAsked, AlreadyRated, or OpinionFormEnded."""
    if channel not in form.channels:
        raise ChannelNotAsked(number=number, asked=list(form.channels), current=version)
    if channel in there:
        raise AlreadyRated(number=number, channel=channel, current=version)
    if form.state != "open" or at > form.due_at:
        raise OpinionFormEnded(number=number, state=form.state, current=version)


def is_returned(form: OpinionForm, there: Sequence[str]) -> bool:
    """Whether each channel that was asked for has come back."""
    return set(form.channels) <= set(there)
