"""A small place for the tests of receptions, contacts and appointments: regions, a station, deputies, and a clock to move."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import httpx

from shared.events import Event
from shared.events.directory import MandateChanged, MandateLevel, OrganisationChanged, RegionChanged, StationChanged
from shared.workdays import CHINA
from tests import kit
from tests.intake.conftest import code_text

TOWN, VILLAGE, OTHER_TOWN, ZONE, PARK = "320412100", "320412100001", "320412102", "320412gxq", "softpark"
STATION, OTHER_STATION = uuid.UUID(int=0x51), uuid.UUID(int=0x52)
NEAR, COUNTY, CITY, AWAY, ENDED, IN_ZONE = (uuid.UUID(int=0xD0 + n) for n in range(6))
YEARS = 3 * 365 * 86_400.0
"""Tokens that outlive the clock's moves."""


def at(day: str, clock: str = "10:00") -> datetime:
    """A moment by the calendar and the clock on the wall in China."""
    return datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=CHINA)


def mandate(deputy: uuid.UUID, name: str, level: MandateLevel, region: str, **changes: Any) -> MandateChanged:
    return MandateChanged(
        **{
            "deputy_id": deputy,
            "person_id": deputy,
            "name": name,
            "level": level,
            "region": region,
            "group": "第一代表小组",
            "status": "active",
            "starts_on": date(2022, 1, 4),
            "ends_on": None,
            "version_no": 1,
            **changes,
        }
    )


def _region(code: str, name: str, kind: Any, parent: str | None) -> RegionChanged:
    return RegionChanged(code=code, name=name, kind=kind, parent=parent, version_no=1)


def _station(station: uuid.UUID, name: str, region: str, lead: uuid.UUID | None) -> StationChanged:
    return StationChanged(station_id=station, name=name, kind="station", region=region, lead_deputy_id=lead, status="open", version_no=1)


WORLD: Sequence[Event] = (
    _region("320412", "武进区", "district", None),
    _region(TOWN, "湖塘镇", "town", "320412"),
    _region(VILLAGE, "滨河社区", "community", TOWN),
    _region(OTHER_TOWN, "牛塘镇", "town", "320412"),
    _region(ZONE, "武进高新区", "zone", "320412"),
    _region(PARK, "软件园", "zone", ZONE),
    _station(STATION, "滨河社区联络站", VILLAGE, NEAR),
    _station(OTHER_STATION, "牛塘联络站", OTHER_TOWN, None),
    mandate(NEAR, "姜一诺", "township", TOWN),
    mandate(COUNTY, "陆雨桐", "county", TOWN),
    mandate(CITY, "沈佳禾", "municipal", "320412"),
    mandate(AWAY, "戴秋实", "township", OTHER_TOWN),
    mandate(ENDED, "任海澄", "township", TOWN, status="ended", ends_on=date(2025, 12, 31)),
    mandate(IN_ZONE, "汪远山", "county", ZONE),
    OrganisationChanged(organisation="housing", name="区住建局", kind="government", region="320412", active=True, version_no=1),
)


def station_code(station: uuid.UUID = STATION) -> str:
    """The station's code as it hangs there."""
    return code_text("station", target=station, region=TOWN)


def deputy(deputy_id: uuid.UUID = NEAR) -> dict[str, str]:
    """A deputy's token."""
    return kit.token("deputy", deputy_id=deputy_id, account_id=uuid.uuid5(deputy_id, "account"), expires_in=YEARS)


def clerk(region: str = TOWN) -> dict[str, str]:
    """A station clerk's token."""
    return kit.token("station", organisation="presidium_hutang", region=region, expires_in=YEARS)


def desk(role: str = "desk") -> dict[str, str]:
    """The token of the deputies' committee, or of another role of the district."""
    return kit.token(role, expires_in=YEARS)


async def told(service: kit.Running, kind: type[Event]) -> list[Any]:
    """The events of a kind that the service has emitted."""
    return [event for event in await service.outbox() if isinstance(event, kind)]


def refused(answer: httpx.Response, status: int, code: str) -> bool:
    """Whether a request was refused so; says what came instead."""
    assert (answer.status_code, answer.json().get("code")) == (status, code), answer.text
    return True


def version(body: dict[str, Any]) -> dict[str, str]:
    """The If-Match header for what was answered."""
    return {"If-Match": str(body["version"])}
