"""The events scoring listens to: a station that changes its lead, a mandate suspended and resumed, opinions and acts between."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta
from typing import Any

from shared.events import Event, derived_id
from shared.events.directory import MandateChanged, StationChanged
from shared.events.intake import OpinionSubmitted
from shared.events.intake_contacts import ContactLogged, ContactStruckOut
from shared.events.intake_opinions import RepAnswerMissed
from shared.events.intake_receptions import AttendanceRecorded
from shared.events.intake_suggestions import SuggestionSubmitted
from shared.events.supervision import SupervisionActLogged

START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
ON = date(2026, 3, 2)
FIRST = uuid.UUID("01970000-0000-7000-8000-000000000101")
SECOND = uuid.UUID("01970000-0000-7000-8000-000000000102")
STATION = uuid.UUID("01970000-0000-7000-8000-000000000301")


def _told(hours: float) -> dict[str, Any]:
    moment = START + timedelta(hours=hours)
    return {"occurred_at": moment, "site": "320412", "id": derived_id(STATION, moment.isoformat())}


def mandate(
    hours: float,
    version_no: int,
    deputy_id: uuid.UUID = FIRST,
    *,
    status: Any = "active",
    level: Any = "county",
    group: str = "湖塘组",
    region: str = "320412001",
    name: str = "测试代表",
    ends_on: date | None = None,
) -> MandateChanged:
    return MandateChanged(
        **_told(hours),
        deputy_id=deputy_id,
        person_id=derived_id(deputy_id, "person"),
        name=name,
        level=level,
        region=region,
        group=group,
        status=status,
        starts_on=date(2022, 1, 10),
        ends_on=ends_on,
        version_no=version_no,
    )


def station(hours: float, version_no: int, lead: uuid.UUID | None, *, station_id: uuid.UUID = STATION) -> StationChanged:
    return StationChanged(
        **_told(hours),
        station_id=station_id,
        name="湖塘家站",
        kind="station",
        region="320412001",
        lead_deputy_id=lead,
        status="open",
        version_no=version_no,
    )


def opinion(hours: float, channel: Any = "station", target_id: uuid.UUID = STATION) -> OpinionSubmitted:
    told = _told(hours)
    return OpinionSubmitted(
        **told,
        opinion_id=derived_id(told["id"], "opinion"),
        number="320412-2026-ABCDEFGH",
        channel=channel,
        code_id=derived_id(target_id, "code"),
        target_id=target_id,
        region="320412001",
    )


def act(hours: float, deputy_id: uuid.UUID = FIRST) -> SupervisionActLogged:
    told = _told(hours)
    project_id = derived_id(STATION, "project")
    return SupervisionActLogged(**told, act_id=derived_id(told["id"], "act"), project_id=project_id, deputy_id=deputy_id)


def attendance(hours: float, deputy_id: uuid.UUID = FIRST, presence: Any = "present", on: date = ON) -> AttendanceRecorded:
    told = _told(hours)
    return AttendanceRecorded(
        **told,
        reception_id=derived_id(told["id"], "reception"),
        deputy_id=deputy_id,
        kind="contact_day",
        presence=presence,
        channel="onsite" if presence == "present" else None,
        by_code=False,
        on=on,
    )


def contact(hours: float, deputy_id: uuid.UUID = FIRST, measures: Any = ("contact",), on: date = ON) -> ContactLogged:
    told = _told(hours)
    return ContactLogged(
        **told,
        contact_id=derived_id(told["id"], "contact"),
        deputy_id=deputy_id,
        kind="visit",
        measures=measures,
        on=on,
        channel="onsite",
        persons=1,
        region="320412001",
        link_id=None,
    )


def struck_out(hours: float, entry: ContactLogged) -> ContactStruckOut:
    told = _told(hours)
    return ContactStruckOut(**told, contact_id=entry.contact_id, deputy_id=entry.deputy_id, on=entry.on, measures=entry.measures)


def suggestion(hours: float, deputy_id: uuid.UUID = FIRST, co_signers: tuple[uuid.UUID, ...] = (SECOND,)) -> SuggestionSubmitted:
    told = _told(hours)
    return SuggestionSubmitted(
        **told,
        suggestion_id=derived_id(told["id"], "suggestion"),
        number="320412-2026-S-0001",
        version_no=3,
        kind="suggestion",
        raised_in="recess",
        deputy_id=deputy_id,
        region="320412001",
        office="320412",
        confidential=False,
        co_signers=co_signers,
        session=None,
    )


def missed(hours: float, deputy_id: uuid.UUID = FIRST) -> RepAnswerMissed:
    told = _told(hours)
    return RepAnswerMissed(**told, opinion_id=derived_id(told["id"], "opinion"), number="320412-2026-ABCDEFGH", deputy_id=deputy_id)


EVENTS: list[Event] = [
    mandate(0, 1),
    mandate(0.1, 1, SECOND),
    station(0.2, 1, FIRST),
    opinion(1),
    opinion(1.1, "deputy", FIRST),
    opinion(1.2, "project", derived_id(STATION, "project")),
    act(1.3),
    station(2, 2, SECOND),
    opinion(3),
    mandate(4, 2, SECOND, status="suspended"),
    opinion(5),
    act(5.1, SECOND),
    mandate(6, 3, SECOND),
    opinion(7),
    station(8, 3, None),
    opinion(9),
    station(10, 4, FIRST),
    opinion(11),
    mandate(12, 2, ends_on=date(2026, 3, 3)),
    act(13),
    station(20, 1, FIRST),
    mandate(21, 2, SECOND, status="suspended"),
    opinion(40),
]
ALL: list[Event] = [
    *EVENTS,
    attendance(13.1),
    contact(13.2),
    struck_out(13.3, contact(13.2)),
    contact(13.4, measures=("reception",)),
    suggestion(14),
    missed(15),
]
"""With what intake tells of deputies."""
