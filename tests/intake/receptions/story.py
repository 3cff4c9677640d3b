"""A reception as the tests plan it, and its day."""

from __future__ import annotations

from typing import Any

from tests.intake.conftest import Place
from tests.intake.people import STATION, at, clerk

DAY = "2026-06-16"


def meeting(**changes: Any) -> dict[str, Any]:
    """A request that is accepted; a change to None leaves the field out."""
    body = {
        "kind": "contact_day",
        "theme": "132 接待日",
        "station_id": str(STATION),
        "starts_at": f"{DAY}T09:00:00+08:00",
        "ends_at": f"{DAY}T11:30:00+08:00",
        **changes,
    }
    return {name: value for name, value in body.items() if value is not None}


async def planned(place: Place, **changes: Any) -> dict[str, Any]:
    """A reception that was planned."""
    answer = await place.post("/receptions", meeting(**changes), clerk())
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def begun(place: Place, **changes: Any) -> dict[str, Any]:
    """A reception that has just begun."""
    found = await planned(place, **changes)
    place.go_to(at(DAY, "09:05"))
    return found
