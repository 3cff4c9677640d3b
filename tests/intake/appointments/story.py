"""Slots as the tests offer them, and how they are booked."""

from __future__ import annotations

from typing import Any

import httpx

from tests.intake.conftest import Place
from tests.intake.people import NEAR, STATION, deputy

VISITOR = {"name": "欧阳金丝雀", "phone": "13912345678"}


async def offered(place: Place, *starts: str, **changes: Any) -> list[dict[str, Any]]:
    """Slots that the deputy offered at the station."""
    body = {"starts": list(starts) or ["2026-06-05T09:00:00+08:00"], "channel": "onsite", "station_id": str(STATION), **changes}
    answer = await place.post("/slots", body, deputy(NEAR))
    assert answer.status_code == 201, answer.text
    found: list[dict[str, Any]] = answer.json()
    return found


async def book(place: Place, slot: dict[str, Any], **changes: Any) -> httpx.Response:
    """Asks for a slot."""
    return await place.post(f"/public/slots/{slot['id']}/book", {"topic": "小区停车", "contact": VISITOR, **changes})


def with_code(slip: dict[str, Any]) -> dict[str, str]:
    """The header that opens what the slip is about."""
    return {"X-Lookup-Code": slip["lookup_code"]}
