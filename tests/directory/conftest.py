"""What the tests of directory share: the service, a small place, and the administrators' tokens."""

from __future__ import annotations

import os
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import insert

from deploy.local.servers import LocalServers
from services.directory.models import IssuingKey, LoginDecoy
from services.directory.places import actions as places
from services.directory.places.actions import OrganisationFields, RegionFields
from shared.clock import now
from shared.identity import Caller
from tests import kit

CHEAP = {"argon_memory_kib": 64, "argon_rounds": 1}
PASSWORD = "Correct-horse-7"
ROOT_CALLER = Caller(uuid.uuid4(), "sysadmin", None, kit.SITE, None, frozenset({"master.write"}), now())
SYSADMIN, SECADMIN, AUDITOR = (kit.token(role) for role in ("sysadmin", "secadmin", "auditor"))


@dataclass
class Place:
    """The service with a small place in it, and shortcuts for what many tests do."""

    service: kit.Running
    deputy: dict[str, Any] = field(default_factory=dict)
    station: dict[str, Any] = field(default_factory=dict)

    @property
    def client(self) -> httpx.AsyncClient:
        """The service's client."""
        return self.service.client

    async def put(self, path: str, body: dict[str, Any], version: int = 0, token: dict[str, str] = SYSADMIN) -> httpx.Response:
        """PUT with a version."""
        return await self.client.put(path, json=body, headers={**token, "If-Match": str(version)})

    async def post(
        self, path: str, body: dict[str, Any] | None = None, token: dict[str, str] | None = None, version: int | None = None
    ) -> httpx.Response:
        """POST, with a version if one is given."""
        headers = {**(token or {}), **({} if version is None else {"If-Match": str(version)})}
        return await self.client.post(path, json=body, headers=headers)

    async def account(self, username: str = "zhang.wei", role: str = "desk", **more: Any) -> dict[str, Any]:
        """An account with a working password."""
        body = {"username": username, "role": role, "organisation": "housing", "password": PASSWORD, "must_change": False, **more}
        answer = await self.post("/accounts", body, SYSADMIN)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def login(self, username: str = "zhang.wei", password: str = PASSWORD) -> httpx.Response:
        """POST /login."""
        return await self.post("/login", {"username": username, "password": password})

    async def code(self, **more: Any) -> dict[str, Any]:
        """A code issued for the station."""
        answer = await self.post("/codes", {"kind": "station", "target_id": self.station["id"], **more}, SECADMIN)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def told(self, name: str) -> list[Any]:
        """The events of a class that were emitted, oldest first."""
        return [event for event in await self.service.outbox() if type(event).__name__ == name]


def mandate(**changes: Any) -> dict[str, Any]:
    """A request body that enters a mandate."""
    return {
        "person": "P1",
        "name": "陈若溪",
        "card": "W001",
        "level": "county",
        "region": "320412100",
        "group": "湖塘镇代表团",
        "starts_on": "2022-01-05",
        **changes,
    }


def a_station(**changes: Any) -> dict[str, Any]:
    """A request body that enters a station."""
    return {"name": "湖塘镇人大代表之家", "kind": "home", "region": "320412100", "address": "人民路 1 号", **changes}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of the one service of this folder run in the loop that it lives in."""
    for item in items:
        if "empty" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.asyncio(loop_scope="package"), append=False)


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def built(servers: LocalServers) -> AsyncIterator[kit.Running]:
    """The service, built once for all tests of this folder: building it takes longer than most of them."""
    service = await kit.build("directory", servers.database_url("directory"), **CHEAP)
    yield service
    await kit.close(service)


@pytest_asyncio.fixture(loop_scope="package")
async def empty(built: kit.Running) -> Place:
    """The service with the test's signing keys and nothing else."""
    service = built
    await kit.wipe(service.database)
    await service.app.state.keys.refresh()
    private = kit.code_signer()
    async with service.tx() as tx:
        await tx.execute(insert(LoginDecoy), [{"slot": slot, "failures": 0} for slot in range(64)])
        for kid, use in ((kit.TOKEN_KID, "token"), (kit.CODE_KID, "code")):
            nonce = os.urandom(12)
            sealed = nonce + AESGCM(tx.settings.sealing_key).encrypt(nonce, private.private_bytes_raw(), kid.encode())
            public = private.public_key().public_bytes_raw()
            tx.add(IssuingKey(kid=kid, use=use, public=public, sealed=sealed, signs_from=now() - timedelta(hours=1)))
    return Place(service)


@pytest_asyncio.fixture(loop_scope="package")
async def place(empty: Place) -> Place:
    """A district with a town, a community, a zone, two organisations, a deputy and a home."""
    async with empty.service.tx() as tx:
        for code, kind, parent in (
            ("320412", "district", None),
            ("320412100", "town", "320412"),
            ("320412100001", "community", "320412100"),
            ("320412gxq", "zone", "320412"),
        ):
            await places.put_region(tx, RegionFields(code, f"区划{code}", kind, parent), ROOT_CALLER, 0)  # type: ignore[arg-type]
        for organisation in ("housing", "transport"):
            fields = OrganisationFields(organisation, f"局{organisation}", "government", "320412", True)
            await places.put_organisation(tx, fields, ROOT_CALLER, 0)
    empty.deputy = (await empty.post("/deputies", mandate(), SYSADMIN)).json()
    empty.station = (await empty.post("/stations", a_station(lead_deputy_id=empty.deputy["id"]), SYSADMIN)).json()
    return empty


def nobody() -> str:
    """An id that nothing has."""
    return str(uuid.uuid4())
