"""Pure decisions on points: what an event earns, whose it is, caps, ranks, and the whole ledger replayed from events."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Generic, Protocol, TypeVar, cast
from zoneinfo import ZoneInfo

from services.scoring.settings import RuleTable, ScoringPolicy
from shared.events import Event, derived_id
from shared.events.directory import MandateChanged, MandateLevel, StationChanged
from shared.events.intake import OpinionSubmitted
from shared.events.intake_contacts import ContactLogged, ContactStruckOut
from shared.events.intake_opinions import RepAnswerMissed
from shared.events.intake_receptions import AttendanceRecorded
from shared.events.intake_suggestions import SuggestionSubmitted
from shared.events.supervision import SupervisionActLogged

OPINION_TAKEN_IN = "opinion_taken_in"
CLOUD_SUPERVISION_ACT = "cloud_supervision_act"
SUGGESTION, JOINT_SIGNER = "suggestion", "joint_signer"
REP_ANSWER_MISSED = "rep_answer_missed"
OF_PRESENCE = {"present": "reception_day", "leave": "leave_half_day", "absent": "absence"}
OF_MEASURE = {"contact": "contact_logged", "activity": "activity_logged"}
"""What a contact counts as. That of a reception is not here: whoever attended has the points of the attendance."""

CHINA = ZoneInfo("Asia/Shanghai")

Earning = (
    OpinionSubmitted | SupervisionActLogged | AttendanceRecorded | ContactLogged | ContactStruckOut | SuggestionSubmitted | RepAnswerMissed
)
"""Events that may earn points, or cost some."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the ledger before it is anybody's."""

    id: uuid.UUID
    item: str
    points: Decimal
    earner_kind: str
    earner_id: uuid.UUID
    evidence: uuid.UUID
    occurred_at: datetime
    day: date
    period: int
    rule_version: str


def day_of(moment: datetime) -> date:
    """The calendar day in China of a moment."""
    return moment.astimezone(CHINA).date()


def last_day(period: int) -> date:
    """The last day of a period, which is a year in China."""
    return date(period, 12, 31)


@dataclass(frozen=True, slots=True)
class _Act:
    """An item that somebody did. `sign` is -1 for what takes the points of an earlier act back."""

    item: str
    earner_id: uuid.UUID
    earner_kind: str = "deputy"
    sign: int = 1
    role: str = ""


def _acts(event: Earning) -> Iterator[_Act]:
    """An opinion by a deputy's code is the deputy's, one by a station's code its lead deputy's (domain, section 4)."""
    match event:
        case OpinionSubmitted():
            if event.channel in ("deputy", "station"):
                yield _Act(OPINION_TAKEN_IN, event.target_id, event.channel)
        case SupervisionActLogged():
            yield _Act(CLOUD_SUPERVISION_ACT, event.deputy_id)
        case AttendanceRecorded():
            yield _Act(OF_PRESENCE[event.presence], event.deputy_id)
        case ContactLogged() | ContactStruckOut():
            sign = -1 if isinstance(event, ContactStruckOut) else 1
            yield from (_Act(OF_MEASURE[one], event.deputy_id, sign=sign) for one in event.measures if one in OF_MEASURE)
        case SuggestionSubmitted():
            yield _Act(SUGGESTION, event.deputy_id)
            yield from (_Act(JOINT_SIGNER, one, role=f"/{one}") for one in event.co_signers)
        case RepAnswerMissed():
            yield _Act(REP_ANSWER_MISSED, event.deputy_id)


def _moment(event: Earning) -> datetime:
    """When it was done. What is entered for a day counts for that day, whenever it is entered, and is taken back on it too."""
    if isinstance(event, AttendanceRecorded | ContactLogged | ContactStruckOut):
        return datetime.combine(event.on, time(12), CHINA)
    return event.occurred_at


def lines_of(event: Earning, policy: ScoringPolicy) -> list[Line]:
    """What `event` earns under the table in force on its day in China; nothing for what the table does not name."""
    moment = _moment(event)
    day = day_of(moment)
    table = policy.table_on(day)
    return [
        Line(
            id=derived_id(event.id, act.item + act.role),
            item=act.item,
            points=act.sign * table.items[act.item].points,
            earner_kind=act.earner_kind,
            earner_id=act.earner_id,
            evidence=event.id,
            occurred_at=moment,
            day=day,
            period=day.year,
            rule_version=table.version,
        )
        for act in _acts(event)
        if act.item in table.items
    ]


class Versioned(Protocol):
    """A version of something, and the moment since which it holds."""

    @property
    def version_no(self) -> int: ...
    @property
    def occurred_at(self) -> datetime: ...


V = TypeVar("V", bound=Versioned)


def in_force(versions: Iterable[V], at: datetime) -> V | None:
    """The newest version that held at a moment; the first one for moments before it, None when there is none.

    Clocks of replicas differ by milliseconds, so what is known first also holds for what happened just before it.
    """
    ordered = sorted(versions, key=lambda one: one.version_no)
    held = [one for one in ordered if one.occurred_at <= at]
    return held[-1] if held else ordered[0] if ordered else None


def recompute(events: Iterable[Event], policy: ScoringPolicy) -> dict[uuid.UUID, list[Line]]:
    """The ledger of each deputy, replayed from events in any order and any number of repetitions (trust, I6).

    Written apart from the SQL that answers requests, so that one checks the other. Lines are in order of time and id.
    """
    stations: dict[uuid.UUID, dict[int, StationChanged]] = {}
    mandates: dict[uuid.UUID, dict[int, MandateChanged]] = {}
    lines: dict[uuid.UUID, Line] = {}
    # A version told again at a later moment holds since the first time: the later telling comes first here and is replaced.
    for event in sorted(events, key=lambda one: one.occurred_at, reverse=True):
        if isinstance(event, StationChanged):
            stations.setdefault(event.station_id, {})[event.version_no] = event
        elif isinstance(event, MandateChanged):
            mandates.setdefault(event.deputy_id, {})[event.version_no] = event
        elif isinstance(event, Earning):
            lines |= {line.id: line for line in lines_of(event, policy)}
    ledger: dict[uuid.UUID, list[Line]] = {}
    for line in sorted(lines.values(), key=lambda one: (one.occurred_at, one.id)):
        deputy = line.earner_id
        if line.earner_kind == "station":
            station = in_force(stations.get(line.earner_id, {}).values(), line.occurred_at)
            if station is None or station.lead_deputy_id is None:
                continue
            deputy = station.lead_deputy_id
        mandate = in_force(mandates.get(deputy, {}).values(), line.occurred_at)
        if mandate and mandate.status == "active" and mandate.starts_on <= line.day <= (mandate.ends_on or date.max):
            ledger.setdefault(deputy, []).append(line)
    return ledger


@dataclass(frozen=True, slots=True)
class ItemTotal:
    """A deputy's points under one item in a period, before and after its cap."""

    item: str
    lines: int
    raw: Decimal
    capped: Decimal
    cap: Decimal | None


def totals(sums: Mapping[str, tuple[int, Decimal]], table: RuleTable) -> list[ItemTotal]:
    """Item → (lines, points) with the caps of `table`, which is the last one in force in the period. In order of item."""
    result = []
    for item, (lines, raw) in sorted(sums.items()):
        rule = table.items.get(item)
        cap = rule.cap if rule else None
        result.append(ItemTotal(item, lines, raw, raw if cap is None else min(raw, cap), cap))
    return result


def capped(sums: Mapping[str, tuple[int, Decimal]], table: RuleTable) -> Decimal:
    """All points of a deputy in a period, each item cut to its cap."""
    return sum((one.capped for one in totals(sums, table)), Decimal(0))


def ranks(points: Sequence[Decimal]) -> list[int]:
    """The rank of each of `points`, which are in descending order: ties share one, the next leaves a gap (1, 1, 3)."""
    result: list[int] = []
    for place, value in enumerate(points):
        result.append(result[-1] if place and value == points[place - 1] else place + 1)
    return result


LEVELS: tuple[MandateLevel, ...] = ("national", "provincial", "municipal", "county", "township", "consultative")
"""In order of rank; 议政代表 are no deputies under 代表法 and stand apart (domain, section 6)."""


class Mandate(Protocol):
    """What ranking looks at in a mandate."""

    @property
    def deputy_id(self) -> uuid.UUID: ...
    @property
    def level(self) -> str: ...


M = TypeVar("M", bound=Mandate)


@dataclass(frozen=True, slots=True)
class Standing(Generic[M]):
    """A mandate's place among those of its level."""

    mandate: M
    points: Decimal
    rank: int


def standings(mandates: Iterable[M], points: Mapping[uuid.UUID, Decimal]) -> list[Standing[M]]:
    """Mandates ranked inside their level, the highest level first, ties in order of id."""
    result: list[Standing[M]] = []
    everyone = list(mandates)
    for level in LEVELS:
        peers = sorted((m for m in everyone if m.level == level), key=lambda m: (-points[m.deputy_id], m.deputy_id))
        places = ranks([points[m.deputy_id] for m in peers])
        result.extend(Standing(m, points[m.deputy_id], rank) for m, rank in zip(peers, places, strict=True))
    return result


def place(standing: Standing[M]) -> tuple[int, int, uuid.UUID]:
    """The sort key of a standing: level, rank, id."""
    return LEVELS.index(cast(MandateLevel, standing.mandate.level)), standing.rank, standing.mandate.deputy_id
