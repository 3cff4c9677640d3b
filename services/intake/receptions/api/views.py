"""What the answers about receptions look like."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date, datetime

from pydantic import BaseModel

from services.intake.receptions import queries
from services.intake.receptions.days import PlannedDay
from services.intake.receptions.models import Attendance, Reception
from services.intake.receptions.settings import Calendar, ReceptionPolicy
from shared.db import Tx
from shared.events.intake_receptions import MatterStage, MeetingChannel


class DayOut(BaseModel):
    """What the rule says of a month. `on` is null in a month without such a day; `other_reading` is set where the readings differ."""

    month: date
    by_rule: date | None
    on: date | None
    other_reading: date | None
    day_off: bool
    provisional: bool


class PlanOut(BaseModel):
    """A year by the rule, before it is saved."""

    calendar: str
    label: str
    kind: str
    counted: str
    day_off_rule: str
    source: str
    days: list[DayOut]


class ReceptionOut(BaseModel):
    """A reception as anyone may see it."""

    id: uuid.UUID
    kind: str
    kind_label: str
    theme: str
    station_id: uuid.UUID | None
    place: str | None
    region: str
    partners: list[str]
    link: str | None
    starts_at: datetime
    ends_at: datetime
    by_rule: date | None
    provisional: bool
    state: str
    cancelled_because: str | None
    version: int


class ListedOut(ReceptionOut):
    """A reception in a list for staff, with its figures. `persons` are those received one by one plus the audience."""

    persons: int
    matters: int
    declined: int
    settled: int


class AttendanceOut(BaseModel):
    """A deputy's attendance. `by_code`: signed in with the station's code."""

    reception_id: uuid.UUID
    deputy_id: uuid.UUID
    deputy_name: str | None
    presence: str
    channel: MeetingChannel | None
    by_code: bool
    recorded_at: datetime


class ExpertOut(BaseModel):
    """An expert beside the deputies."""

    name: str
    field: str


class DetailOut(ListedOut):
    """A reception as staff see it."""

    short_notice_reason: str | None
    announced_at: datetime | None
    concluded_at: datetime | None
    attendance: list[AttendanceOut]
    experts: list[ExpertOut]


class ReceiptOut(BaseModel):
    """What the person takes away for a matter: printed, or shown this once."""

    matter_id: uuid.UUID
    number: str
    lookup_code: str


class ReceivedOut(BaseModel):
    """A person received, and the receipts of what they brought."""

    id: uuid.UUID
    taken: list[ReceiptOut]
    declined: int


class StepOut(BaseModel):
    """How a matter came to a stage."""

    stage: MatterStage
    stage_label: str
    settled: bool
    note: str
    at: datetime


class MatterOut(BaseModel):
    """A matter. `number`, `title` and `status` are of the opinion it became; `declined` is the ground if it was not taken."""

    id: uuid.UUID
    reception_id: uuid.UUID
    received_id: uuid.UUID
    number: str | None
    title: str | None
    status: str | None
    declined: str | None
    declined_label: str | None
    stage: MatterStage
    stage_label: str
    settled: bool
    version: int


class CommentOut(BaseModel):
    """A viewer's comment."""

    id: uuid.UUID
    text: str
    state: str
    sent_at: datetime


def plan_out(calendar: Calendar, days: Sequence[PlannedDay], lang: str) -> PlanOut:
    """A year by the rule."""
    return PlanOut(
        calendar=calendar.code,
        label=calendar.label.of(lang),
        kind=calendar.kind,
        counted=calendar.days.counted,
        day_off_rule=calendar.day_off,
        source=calendar.source,
        days=[DayOut(**{name: getattr(one, name) for name in DayOut.model_fields}) for one in days],
    )


def reception_out(policy: ReceptionPolicy, reception: Reception, lang: str) -> ReceptionOut:
    """A reception as anyone may see it."""
    return ReceptionOut(**_plain(policy, reception, lang))


def _plain(policy: ReceptionPolicy, reception: Reception, lang: str) -> dict[str, object]:
    kind = policy.kind(reception.kind)
    shown = reception.model_dump(include=set(ReceptionOut.model_fields))
    return {**shown, "kind_label": kind.label.of(lang) if kind else reception.kind}


async def listed(tx: Tx, receptions: Sequence[Reception], lang: str) -> list[ListedOut]:
    """Receptions in a list for staff."""
    figures = await queries.figures(tx, [one.id for one in receptions])
    return [ListedOut.model_validate(_counted(tx, one, figures[one.id], lang)) for one in receptions]


def _counted(tx: Tx, reception: Reception, figures: queries.Figures, lang: str) -> dict[str, object]:
    return {
        **_plain(tx.policy.receptions, reception, lang),
        "persons": figures.persons + reception.audience,
        "matters": figures.matters,
        "declined": figures.declined,
        "settled": figures.settled,
    }


async def detail(tx: Tx, reception: Reception, lang: str) -> DetailOut:
    """A reception as staff see it."""
    [whole] = await listed(tx, [reception], lang)
    return DetailOut(
        **whole.model_dump(),
        short_notice_reason=reception.short_notice_reason,
        announced_at=reception.announced_at,
        concluded_at=reception.concluded_at,
        attendance=[attendance_out(one, name) for one, name in await queries.attendance_named(tx, reception.id)],
        experts=[ExpertOut(name=one.name, field=one.field) for one in await queries.experts(tx, reception.id)],
    )


def attendance_out(one: Attendance, name: str | None) -> AttendanceOut:
    """A deputy's attendance."""
    return AttendanceOut.model_validate(
        {**one.model_dump(include=set(AttendanceOut.model_fields)), "deputy_name": name, "by_code": one.code_id is not None}
    )
