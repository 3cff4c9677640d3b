"""Servers for (c): PostgreSQL and NATS as the suite has them, with the tables and streams of both chains."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager

import nats
from nats.aio.client import Client as Nats
from nats.js.api import DiscardPolicy, RetentionPolicy, StorageType, StreamConfig
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from deploy.local.accounts import make_data_folder
from deploy.local.backends import Backends
from deploy.local.environment import Environment
from deploy.local.nats_server import NatsServer
from deploy.local.postgres import SUPERUSER
from deploy.local.prepare import Preparation, prepare
from deploy.local.servers import SERVICES
from deploy.local.settings import RunSettings
from deploy.local.table import SUITE
from shared.settings import ROOT
from tests.bench import raw_chain
from tests.e2e.suite import free_port

RAW = ("bench_source", "bench_sink")
"""Roles and databases of the raw chain's halves."""
_RAW_BYTES = 256 * 1024**2
"""What its stream may hold: the suite's share out what the broker has left."""


class Grounds:
    """PostgreSQL and NATS as the suite has them, in a folder of their own, with the tables of both chains."""

    def __init__(self) -> None:
        self.settings = RunSettings(data=ROOT / f".data-bench-chain-{os.getpid()}", demo=False)
        self.backends = Backends(self.settings, list(SERVICES))
        self.ports = {"intake": free_port(), "routing": free_port()}

    def start(self) -> None:
        """Starts both servers and makes all tables and streams. Outside of an event loop."""
        make_data_folder(self.settings.data)
        self.backends.bus.start(tied=True)
        self.backends.database.start(tied=True)
        bus = self.backends.bus
        assert isinstance(bus, NatsServer)
        databases = {name: self.url(name) for name in self.ports}
        prepare(Preparation(databases, bus.url, self.backends.seed("operator"), self.settings.site, bus.max_file_store - _RAW_BYTES))
        asyncio.run(self._prepare_raw())

    async def _prepare_raw(self) -> None:
        admin = create_async_engine(self.url(SUPERUSER), isolation_level="AUTOCOMMIT")
        async with admin.connect() as connection:
            for role in RAW:
                password = self.backends.credentials.password(role)
                await connection.execute(text(f"CREATE ROLE {role} LOGIN PASSWORD '{password}'"))
                await connection.execute(text(f"CREATE DATABASE {role} OWNER {role}"))
        await admin.dispose()
        for role in RAW:
            async with self.connected(role) as connection:
                for statement in raw_chain.SCHEMA.split(";"):
                    await connection.execute(text(statement))
        client = await self.nats()
        await client.jetstream().add_stream(
            StreamConfig(
                name=raw_chain.STREAM,
                subjects=["raw.>"],
                retention=RetentionPolicy.LIMITS,
                discard=DiscardPolicy.NEW,
                storage=StorageType.FILE,
                num_replicas=1,
                duplicate_window=120,
                allow_direct=True,
                allow_atomic=True,
                max_bytes=_RAW_BYTES,
            )
        )
        await client.close()

    def url(self, role: str) -> str:
        """SQLAlchemy URL of a role's database."""
        return self.backends.database.url(role)

    def connected(self, role: str) -> AbstractAsyncContextManager[AsyncConnection]:
        """A connection as a role to its database, in a transaction that commits at the end."""
        return create_async_engine(self.url(role)).begin()

    async def nats(self) -> Nats:
        """A connection as operator."""
        return await nats.connect(self.backends.bus.url, nkeys_seed_str=self.backends.seed("operator"))

    def remove(self) -> None:
        """Stops the servers and takes their folder away."""
        self.backends.stop()
        shutil.rmtree(self.settings.data, ignore_errors=True)

    def real(self) -> dict[str, tuple[list[str], Mapping[str, str]]]:
        """How intake and routing are started."""
        found = {}
        environment = Environment(self.settings, self.backends, self.ports, len(self.ports))
        for spec in SUITE:
            if spec.name in self.ports:
                options = ["--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning"]
                command = ["-m", "uvicorn", "--factory", spec.factory, "--port", str(self.ports[spec.name]), *options]
                found[spec.name] = (command, environment.of(spec))
        return found

    def raw(self) -> dict[str, tuple[list[str], Mapping[str, str]]]:
        """How the raw chain's halves are started."""
        shared = {**os.environ, "RAW_NATS": self.backends.bus.url, "RAW_SEED": self.backends.seed("operator") or ""}
        return {
            half: (["-m", "tests.bench.raw_chain", half], {**shared, "RAW_DATABASE": self.url(role)})
            for half, role in zip(("source", "sink"), RAW, strict=True)
        }
