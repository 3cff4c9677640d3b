"""What the tests of intake share: the service, codes to scan, opinions already sent."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest_asyncio
import time_machine
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.intake.campaigns.models import Campaign
from services.intake.civil import day_of
from shared.clock import now
from shared.codes import Code, sign
from shared.events.directory import CodeKind
from tests import kit
from tests.intake import golden


def code_text(
    kind: CodeKind = "station",
    *,
    target: uuid.UUID = golden.STATION,
    code_id: uuid.UUID = golden.CODE,
    region: str = "320412001",
    key: Ed25519PrivateKey | None = None,
) -> str:
    """The text of a code as it is printed."""
    return sign(Code(kind, code_id, target, region), (key or kit.code_signer()).private_bytes_raw())


def form(**changes: Any) -> dict[str, Any]:
    """A request body that is accepted."""
    return {"code": code_text(), "title": "路灯不亮", "text": "小区门口的路灯坏了一个月，请尽快修好。", **changes}


class Sent:
    """An opinion that was sent, and its sender's doors."""

    def __init__(self, service: kit.Running, receipt: dict[str, str], opinion_id: uuid.UUID) -> None:
        self.service, self.number, self.lookup_code, self.id = service, receipt["number"], receipt["lookup_code"], opinion_id

    async def track(self, **headers: str) -> httpx.Response:
        """Asks how far it has come."""
        return await self.service.client.get(f"/opinions/{self.number}", headers={"X-Lookup-Code": self.lookup_code, **headers})

    async def rate(self, level: str = "satisfied", comment: str | None = None, code: str | None = None, **headers: str) -> httpx.Response:
        """Rates the reply."""
        return await self.service.client.post(
            f"/opinions/{self.number}/rating",
            json={"level": level, "comment": comment},
            headers={"X-Lookup-Code": code or self.lookup_code, **headers},
        )


@pytest_asyncio.fixture
async def intake(running: Callable[..., Awaitable[kit.Running]]) -> kit.Running:
    """The service on its emptied database."""
    return await running("intake")


Send = Callable[..., Awaitable[Sent]]


@pytest_asyncio.fixture
async def send(intake: kit.Running) -> Send:
    """`await send(title=...)` sends an opinion."""

    async def sent(**changes: Any) -> Sent:
        answer = await intake.client.post("/opinions", json=form(**changes))
        assert answer.status_code == 201, answer.text
        told = [e for e in await intake.outbox() if getattr(e, "number", None) == answer.json()["number"]]
        return Sent(intake, answer.json(), told[0].opinion_id)  # type: ignore[attr-defined]

    return sent


async def put_campaign(service: kit.Running, campaign_id: uuid.UUID) -> None:
    """A call for opinions that is open now."""
    today = day_of(now())
    async with service.tx() as tx:
        tx.add(
            Campaign(
                id=campaign_id,
                site=kit.SITE,
                kind="opinions",
                title="意见征集",
                text="请提意见",
                region="320412",
                categories=[],
                opens_on=today - timedelta(days=1),
                closes_on=today + timedelta(days=1),
                profile_version="wujin@1",
                entered_by=campaign_id,
                entered_at=now(),
            )
        )


@dataclass
class Place:
    """The service in a small place, and its clock."""

    service: kit.Running
    clock: time_machine.Traveller

    def go_to(self, moment: datetime) -> None:
        """Moves the clock, forward as time goes."""
        self.clock.move_to(moment, tick=True)

    async def post(
        self, path: str, body: dict[str, Any] | None = None, who: dict[str, str] | None = None, **headers: str
    ) -> httpx.Response:
        """Sends a request."""
        return await self.service.client.post(path, json=body or {}, headers={**(who or {}), **headers})

    async def get(
        self, path: str, who: dict[str, str] | None = None, headers: dict[str, str] | None = None, **query: Any
    ) -> httpx.Response:
        """Asks."""
        return await self.service.client.get(path, params=query, headers={**(who or {}), **(headers or {})})


@pytest_asyncio.fixture
async def place(running: Callable[..., Awaitable[kit.Running]]) -> AsyncIterator[Place]:
    """The service in a small place on Monday 2026-06-01, 10 o'clock in China, with a clock to move."""
    from tests.intake import people

    with time_machine.travel(people.at("2026-06-01"), tick=True) as clock:
        service = await running("intake")
        await service.deliver(*people.WORLD)
        yield Place(service, clock)
