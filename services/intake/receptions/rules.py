"""Pure decisions on receptions: when they may be planned and signed in to, what they need, how a matter goes on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Protocol

from services.intake.receptions.errors import (
    AttendanceOpen,
    FeatureNotOfKind,
    GroundUnknown,
    LinkMissing,
    MatterIsSettled,
    NoticeTooShort,
    ReceptionIsOver,
    ReceptionNotBegun,
    RegionNotOfMeeting,
    SignInNotOpen,
    StageNotNext,
    TimesNotInOrder,
)
from services.intake.receptions.settings import Kind, ReceptionPolicy
from shared.events.intake_receptions import MatterStage

STAGES: tuple[MatterStage, ...] = ("instant", "study", "follow_up")
"""即席接待 → 专题研究 → 跟踪督办 (S0 武进)."""
_LONGEST = timedelta(days=62)


class Sitting(Protocol):
    """What the rules look at in a reception."""

    state: str
    starts_at: datetime
    ends_at: datetime


def check_times(starts_at: datetime, ends_at: datetime, moment: datetime) -> None:
    """Passes for a meeting that begins in the future and ends after it begins, two months at most. Raises TimesNotInOrder."""
    if not moment < starts_at < ends_at <= starts_at + _LONGEST:
        raise TimesNotInOrder(where="starts_at")


def check_notice(day: date, today: date, notice_days: int, reason: str | None) -> None:
    """Passes when there is time for the notice, or a reason why not. Raises NoticeTooShort."""
    if reason is None and (day - today).days < notice_days:
        raise NoticeTooShort(day=day.isoformat(), notice_days=notice_days, where="short_notice_reason")


def check_features(kind: Kind, *, link: str | None, partners: Sequence[str], experts: int) -> None:
    """Passes when a meeting has what its kind needs and nothing that its kind has not. Raises LinkMissing, FeatureNotOfKind."""
    if kind.link and link is None:
        raise LinkMissing(where="link")
    for name, given, allowed in (("partners", bool(partners), kind.partners), ("experts", bool(experts), kind.experts)):
        if given and not allowed:
            raise FeatureNotOfKind(feature=name, kind=kind.code, where=name)


def check_planned(sitting: Sitting) -> None:
    """Passes while a reception is neither held nor cancelled. Raises ReceptionIsOver."""
    if sitting.state != "planned":
        raise ReceptionIsOver(state=sitting.state)


def check_begun(sitting: Sitting, moment: datetime) -> None:
    """Passes once a planned reception has begun. Raises ReceptionIsOver, ReceptionNotBegun."""
    check_planned(sitting)
    if moment < sitting.starts_at:
        raise ReceptionNotBegun(starts_at=sitting.starts_at.isoformat())


def may_sign_in(sitting: Sitting, moment: datetime, before_minutes: int) -> bool:
    """Whether deputies sign in by code now: from so many minutes before it begins until it ends."""
    return sitting.state == "planned" and sitting.starts_at - timedelta(minutes=before_minutes) <= moment <= sitting.ends_at


def check_sign_in(sitting: Sitting, moment: datetime, before_minutes: int) -> None:
    """Passes while deputies sign in by code. Raises SignInNotOpen."""
    if not may_sign_in(sitting, moment, before_minutes):
        raise SignInNotOpen(starts_at=sitting.starts_at.isoformat(), ends_at=sitting.ends_at.isoformat())


def check_attendance_settled(presences: Iterable[str]) -> None:
    """Passes when of every deputy expected it is known whether they came. Raises AttendanceOpen."""
    if still := sum(1 for presence in presences if presence == "expected"):
        raise AttendanceOpen(still=still)


def region_of_matter(own: str, partners: Sequence[str], site: str, wanted: str | None) -> str:
    """The region that a matter is handed to: the meeting's own, or a neighbouring congress's that takes part. Raises RegionNotOfMeeting."""
    if wanted is None or wanted == own:
        return own
    if wanted not in partners or not wanted.startswith(site):
        raise RegionNotOfMeeting(region=wanted, where="region")
    return wanted


def check_ground(policy: ReceptionPolicy, ground: str) -> None:
    """Passes for a ground of the place's list. Raises GroundUnknown."""
    if all(one.code != ground for one in policy.not_taken):
        raise GroundUnknown(ground=ground, where="declined")


def check_step(stage: str, settled: bool, wanted: MatterStage, settles: bool) -> None:
    """Passes when a matter goes on to the next stage, or is settled in the one it is in. Raises MatterIsSettled, StageNotNext."""
    if settled:
        raise MatterIsSettled()
    at = STAGES.index(stage)
    following = STAGES[at : at + 2] if settles else STAGES[at + 1 : at + 2]
    if wanted not in following:
        raise StageNotNext(stage=stage, where="stage")
