"""`lianxin audit`: verifies the chains, hands them out for others to verify, and notes what operators do (decision record 0016)."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import nats
from nats.aio.client import Client
from nats.errors import TimeoutError as NothingLeft
from nats.js.api import AckPolicy, ConsumerConfig
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from deploy.local.backends import Backends
from deploy.local.errors import LocalError
from deploy.local.servers import SERVICES
from deploy.local.settings import RunSettings
from deploy.verify_audit import CONTENT, Bad, Checkpoint, Walk, read_checkpoints, read_keys
from shared.audit import of_operator
from shared.audit_keeper import KEY_HEADER
from shared.audit_keys import audit_keys, body_hash
from shared.bus import AUDIT
from shared.db import Database, Tx
from shared.settings import ServiceSettings

_ROWS = text(
    """
    SELECT seq, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), actor, action, object, outcome, request_id, trace_id,
           encode(body_hash, 'hex'), prev, hash
    FROM kit_audit ORDER BY seq
    """
)
_GUARDS = text(
    "SELECT count(*) FROM pg_trigger WHERE tgrelid = CAST('kit_audit' AS regclass) "
    "AND tgname IN ('kit_audit_rows', 'kit_audit_whole') AND tgenabled IN ('O', 'A')"
)
_WAITING = text("SELECT count(*) FROM kit_audit_waiting WHERE at < now() - interval '1 minute'")
_AT_ONCE = 5000


@dataclass
class Verdict:
    """What was found in one service's audit. `bad` is the first bad row, `warnings` what else is not as it should be."""

    service: str
    rows: int = 0
    covered: int = 0
    bad: Bad | None = None
    warnings: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Whether nothing is wrong."""
        return self.bad is None and not self.warnings


@dataclass
class Published:
    """The checkpoints on the bus and the public keys that came with them, which only the service itself could publish there."""

    notes: str
    keys: str


def origin_of(settings: RunSettings, service: str) -> str:
    """The name of a service's chain."""
    return audit_keys(settings.site, service, None).origin


async def published(settings: RunSettings, service: str | None = None) -> Published:
    """What the services have published, oldest first."""
    async with _operator(settings) as client:
        stream = client.jetstream()
        subject = f"audit.{settings.site}.{service or '*'}"
        puller = await stream.pull_subscribe(subject, stream=AUDIT, config=ConsumerConfig(ack_policy=AckPolicy.NONE, inactive_threshold=30))
        left = (await puller.consumer_info()).num_pending or 0
        notes: list[str] = []
        keys: dict[str, None] = {}
        while left > 0:
            try:
                messages = await puller.fetch(min(left, 500), timeout=5)
            except NothingLeft:
                break
            left -= len(messages)
            notes += [message.data.decode() for message in messages]
            keys |= {(message.headers or {}).get(KEY_HEADER, ""): None for message in messages}
        return Published("".join(notes), "".join(f"{key}\n" for key in keys if key))


async def verify(settings: RunSettings, services: Sequence[str], pinned: str | None = None) -> list[Verdict]:
    """Walks the chains of these services and compares them with all checkpoints, those that other services keep included.

    `pinned` are public keys from a source of your own; without them those on the bus are believed.
    """
    told = await published(settings)
    keys = read_keys(told.keys if pinned is None else pinned)
    # Read before the chains, so that no checkpoint is of a row that comes while they are walked.
    kept = {witness: await _kept(settings, witness) for witness in SERVICES}
    checkpoints, wrong = read_checkpoints(told.notes, keys)
    warnings = [f"on the bus: {line}" for line in wrong]
    for witness, notes in kept.items():
        found, wrong = read_checkpoints(notes, keys)
        checkpoints += found
        warnings += [f"kept by {witness}: {line}" for line in wrong]
    verdicts = []
    for service in services:
        mine = [line for line in warnings if f" {origin_of(settings, service)}, " in line]
        verdicts.append(await walk(settings, service, checkpoints, mine))
    return verdicts


async def export(settings: RunSettings, service: str) -> AsyncIterator[str]:
    """The chain of a service as JSON lines; the first names it. Holds ids and codes, no personal data."""
    yield json.dumps({"origin": origin_of(settings, service)})
    async with _connection(settings, service) as connection:
        async for rows in (await connection.stream(_ROWS, execution_options={"yield_per": _AT_ONCE})).partitions():
            for row in rows:
                yield json.dumps({**dict(zip(CONTENT, row[:9], strict=True)), "prev": bytes(row[9]).hex(), "hash": bytes(row[10]).hex()})


async def fits_body(settings: RunSettings, service: str, seq: int, body: bytes) -> bool | None:
    """Whether `body` is what was sent with the request of a row; None when its salt has been taken away."""
    key = audit_keys(settings.site, service, Backends(settings, []).seed(service)).body
    async with _connection(settings, service) as connection:
        row = (await connection.execute(text("SELECT body_hash, salt FROM kit_audit WHERE seq = :seq"), {"seq": seq})).one_or_none()
    if row is None or key is None or row.salt is None:
        return None
    return body_hash(key, bytes(row.salt), body) == bytes(row.body_hash)


@asynccontextmanager
async def noted(settings: RunSettings, service: str, action: str, *ids: str) -> AsyncIterator[Tx]:
    """Does an operator's act inside a transaction of the service's database that holds its audit row.

    Raises LocalError before the act when the database does not answer: what cannot be written down is not done.
    """
    database = Database(service, ServiceSettings(site=settings.site, database_url=Backends(settings, SERVICES).database.url(service)))
    try:
        async with database.transaction() as tx:
            try:
                await tx.execute(text("SELECT 1"))
            except (OSError, DBAPIError) as error:
                raise LocalError(
                    f"The database of {service} does not answer ({type(error).__name__}): what cannot be audited is not done.",
                    f"{service} 的数据库无法连接：无法记入审计的操作不予执行。",
                ) from error
            tx.records.append(of_operator(action, *ids))
            yield tx
    finally:
        await database.close()


async def walk(settings: RunSettings, service: str, checkpoints: Sequence[Checkpoint], warnings: list[str]) -> Verdict:
    """Compares one chain with itself and with these checkpoints; `warnings` are what is known to be wrong already."""
    steps = Walk(origin_of(settings, service), checkpoints)
    verdict = Verdict(service, warnings=warnings)
    async with _connection(settings, service) as connection:
        if (await connection.execute(_GUARDS)).scalar_one() != 2:
            verdict.warnings.append("the triggers that refuse changes are not there or switched off")
        if late := (await connection.execute(_WAITING)).scalar_one():
            verdict.warnings.append(f"{late} rows have waited for more than a minute for their place in the chain")
        try:
            async for rows in (await connection.stream(_ROWS, execution_options={"yield_per": _AT_ONCE})).partitions():
                for row in rows:
                    steps.take(row[:9], bytes(row[9]), bytes(row[10]))
            steps.end()
        except Bad as bad:
            verdict.bad = bad
    verdict.rows, verdict.covered = steps.count, steps.covered
    return verdict


async def _kept(settings: RunSettings, witness: str) -> str:
    async with _connection(settings, witness) as connection:
        return "".join((await connection.execute(text("SELECT note FROM kit_audit_checkpoint ORDER BY kept_at"))).scalars())


@asynccontextmanager
async def _connection(settings: RunSettings, service: str) -> AsyncIterator[AsyncConnection]:
    engine = create_async_engine(Backends(settings, SERVICES).database.url(service))
    try:
        async with engine.connect() as connection:
            yield connection
    finally:
        await engine.dispose()


@asynccontextmanager
async def _operator(settings: RunSettings) -> AsyncIterator[Client]:
    backends = Backends(settings, [])
    options: dict[str, Any] = {"connect_timeout": 3, "allow_reconnect": False}
    client = await nats.connect(backends.bus.url, nkeys_seed_str=backends.seed("operator"), **options)
    try:
        yield client
    finally:
        await client.close()
