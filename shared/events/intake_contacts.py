"""Facts that intake tells of deputies' contacts with people and of links (双联系). What was said stays in intake."""

from __future__ import annotations

import uuid
from datetime import date
from typing import ClassVar, Literal

from shared.events.base import Event
from shared.events.intake_receptions import MeetingChannel

Measure = Literal["contact", "activity", "summary", "reception"]
"""What a minimum counts: 一月一联系, 一季一活动, 一年一总结, and sittings at a station."""
LinkKind = Literal["member_deputy", "deputy_people", "council_member"]
"""常委会组成人员联系代表, 代表联系群众, 主任会议成员联系常委会组成人员 (三联系)."""
Period = Literal["month", "quarter", "year"]


class ContactLogged(Event):
    """A deputy's contact with people was entered in the log. `measures` are the minimums that it counts for."""

    producer: ClassVar[str] = "intake"
    key: ClassVar[str] = "deputy_id"

    contact_id: uuid.UUID
    deputy_id: uuid.UUID
    kind: str
    measures: tuple[Measure, ...]
    on: date
    channel: MeetingChannel
    persons: int
    region: str
    link_id: uuid.UUID | None


class ContactStruckOut(Event):
    """An entry of the contact log was wrong and counts no longer. Whoever counted it posts the counter line."""

    producer: ClassVar[str] = "intake"
    key: ClassVar[str] = "deputy_id"

    contact_id: uuid.UUID
    deputy_id: uuid.UUID
    on: date
    measures: tuple[Measure, ...] = ()


class LinkMade(Event):
    """A link (联系) was made. `to_deputy_id` is the linked deputy; a link with people names their region instead."""

    producer: ClassVar[str] = "intake"
    key: ClassVar[str] = "link_id"

    link_id: uuid.UUID
    kind: LinkKind
    from_deputy_id: uuid.UUID
    to_deputy_id: uuid.UUID | None
    region: str
    starts_on: date


class LinkEnded(Event):
    """A link ended; its contacts stay."""

    producer: ClassVar[str] = "intake"
    key: ClassVar[str] = "link_id"

    link_id: uuid.UUID
    ends_on: date


class ContactsFoundBelowMinimum(Event):
    """Near the end of a period a deputy was found below a minimum; told once for each deputy, measure and period.

    `starts_on` and `ends_on` are the period's first and last day; `done` of `at_least` were in the log.
    """

    producer: ClassVar[str] = "intake"
    key: ClassVar[str] = "deputy_id"

    deputy_id: uuid.UUID
    measure: Measure
    period: Period
    starts_on: date
    ends_on: date
    done: int
    at_least: int
