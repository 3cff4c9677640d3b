"""The service with its bucket in a real JetStream, and a resident who sends files."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest_asyncio
from sqlalchemy import text

from deploy.local.servers import LocalServers
from services.intake.attachments import actions
from services.intake.attachments.store import ObjectStore
from tests import kit

PIECE = 100_000


@dataclass
class Resident:
    """Somebody without an account, and the service."""

    service: kit.Running
    store: ObjectStore
    token: dict[str, str] = field(default_factory=dict)
    id: str = ""

    async def begin(self, data: bytes, *, size: int | None = None, sha256: str | None = None) -> httpx.Response:
        """Begins an upload, which the next calls are about."""
        wanted = {"size": len(data) if size is None else size, "sha256": sha256 or hashlib.sha256(data).hexdigest()}
        answer = await self.service.client.post("/uploads", json=wanted)
        if answer.status_code == 201:
            self.id, self.token = answer.json()["id"], {"X-Upload-Token": answer.json()["token"]}
        return answer

    async def piece(self, offset: int, data: bytes, **headers: str) -> httpx.Response:
        """Sends a piece."""
        headers = {**self.token, "Upload-Offset": str(offset), "Content-Type": "application/octet-stream", **headers}
        return await self.service.client.put(f"/uploads/{self.id}", content=data, headers=headers)

    async def send(self, data: bytes) -> httpx.Response:
        """Sends a file whole: the answer to the first step that is refused, or to the last."""
        answer = await self.begin(data)
        for at in range(0, len(data), PIECE):
            if answer.status_code >= 400:
                return answer
            answer = await self.piece(at, data[at : at + PIECE])
        return answer if answer.status_code >= 400 else await self.complete()

    async def complete(self) -> httpx.Response:
        """Ends the upload."""
        return await self.service.client.post(f"/uploads/{self.id}/completion", headers=self.token)

    async def look(self) -> httpx.Response:
        """Asks how far it has come."""
        return await self.service.client.get(f"/uploads/{self.id}", headers=self.token)

    async def file(self, data: bytes) -> str:
        """The token of a file that has arrived."""
        answer = await self.send(data)
        assert answer.status_code == 201, answer.text
        return self.token["X-Upload-Token"]

    async def left(self) -> dict[str, Any]:
        """What there is of files: rows by table, and contents in the store."""
        async with self.service.tx() as tx:
            counts = {table: await tx.scalar(text(f"SELECT count(*) FROM {table}")) for table in ("upload", "upload_piece", "attachment")}
        return {**counts, "contents": await self.store.digests()}

    async def sweep(self) -> int:
        """What the clock does about contents without a row."""
        async with self.service.tx() as tx:
            return await actions.take_away_unused(tx, self.store)


NOTHING = {"upload": 0, "upload_piece": 0, "attachment": 0, "contents": set()}


@pytest_asyncio.fixture
async def intake(running: Callable[..., Awaitable[kit.Running]], servers: LocalServers) -> AsyncIterator[kit.Running]:
    """The service on its emptied database, connected to the bus as itself."""
    service = await running("intake", nats_url=servers.nats_url, nats_seed=servers.nats_seed("intake"))
    await service.app.state.bus.connect()
    yield service
    await service.app.state.bus.close()


@pytest_asyncio.fixture
async def resident(intake: kit.Running) -> Resident:
    """A resident before an empty bucket."""
    found = Resident(intake, intake.app.state.store)
    while await found.sweep():
        pass
    assert await found.left() == NOTHING
    return found
