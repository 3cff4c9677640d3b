"""The raw chain of (c): what nats-py and asyncpg can do at best for the same path, without a kit.

Two processes, as in the real chain, on the same PostgreSQL and the same nats-server (`sync_interval: always`), in
databases and a stream of their own with the settings of EVENTS:

  source  outbox → claim 500 (lease, SKIP LOCKED) → one atomic batch → delete
  sink    fetch up to 500 → one transaction (inbox, a row of what the message says, an outbox row) → ack
          → claim 500 → one atomic batch → delete
  source  fetch up to 500 → one transaction (inbox, a row) → ack

SQLAlchemy Core on asyncpg, one statement with arrays for any number of rows. Bodies, headers and ids are those of the
real chain, byte for byte for the first message, of the real length for the second. It has no handlers, validation,
versions, history, tracing, dead letters, retries or search: that is what the ratio shows the price of.

Run as `python -m tests.bench.raw_chain source|sink` with RAW_DATABASE, RAW_NATS and RAW_SEED.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import uuid
from collections.abc import AsyncIterator
from typing import Any

import nats
import orjson
import uvloop
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.api import AckPolicy, ConsumerConfig
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

BATCH = 500
STREAM = "RAW"
FIRST, SECOND = "raw.first", "raw.second"
SECOND_BODY = 330
"""Bytes of the second message: a CaseOpened."""

SCHEMA = """
CREATE TABLE outbox (id uuid PRIMARY KEY, subject text NOT NULL, headers jsonb NOT NULL, body bytea NOT NULL,
    leased_until timestamptz NOT NULL DEFAULT '-infinity');
CREATE INDEX outbox_free ON outbox (leased_until, id);
CREATE TABLE inbox (event_id uuid, consumer text, at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (event_id, consumer));
CREATE TABLE effect (id uuid PRIMARY KEY, number text, title text, text text, at timestamptz NOT NULL DEFAULT now())
"""

_CLAIM = text(
    """
    UPDATE outbox SET leased_until = clock_timestamp() + interval '10 seconds'
    WHERE id = ANY(ARRAY(SELECT id FROM outbox WHERE leased_until < clock_timestamp() ORDER BY id LIMIT 500 FOR UPDATE SKIP LOCKED))
    RETURNING id, subject, headers, body
    """
)
_DELETE = text("DELETE FROM outbox WHERE id = ANY(CAST(:ids AS uuid[]))")
_STORE = (
    "INSERT INTO {table} (id, subject, headers, body) SELECT i, s, CAST(h AS jsonb), b "
    "FROM unnest(CAST(:ids AS uuid[]), CAST(:subjects AS text[]), CAST(:headers AS text[]), CAST(:bodies AS bytea[])) AS r (i, s, h, b)"
)
STORE, STORE_REAL = (text(_STORE.format(table=table)) for table in ("outbox", "kit_outbox"))
"""Events into the raw chain's outbox, and into a service's."""

_INBOX = text("INSERT INTO inbox (event_id, consumer) SELECT unnest(CAST(:ids AS uuid[])), 'raw' ON CONFLICT DO NOTHING RETURNING event_id")
_EFFECT = text(
    "INSERT INTO effect (id, number, title, text) "
    "SELECT unnest(CAST(:ids AS uuid[])), unnest(CAST(:numbers AS text[])), unnest(CAST(:titles AS text[])), unnest(CAST(:texts AS text[]))"
)


class Half:
    """One process of the chain: its relay and its consumer on one connection each way."""

    def __init__(self, engine: AsyncEngine, client: Client, subject: str, *, tells: bool) -> None:
        self._engine, self._client, self._subject, self._tells = engine, client, subject, tells
        self._wake = asyncio.Event()

    async def relay(self) -> None:
        """Publishes what is in the outbox, for ever."""
        while True:
            self._wake.clear()
            async with self._engine.begin() as connection:
                rows = (await connection.execute(_CLAIM)).all()
            if rows:
                await self._publish(sorted(rows, key=lambda row: row.id.int))
                async with self._engine.begin() as connection:
                    await connection.execute(_DELETE, {"ids": [row.id for row in rows]})
            if len(rows) < BATCH:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), 0.5)

    async def _publish(self, rows: list[Any]) -> None:
        batch = uuid.uuid4().hex
        for number, row in enumerate(rows[:-1], 1):
            await self._client.publish(
                row.subject, row.body, headers={**row.headers, "Nats-Batch-Id": batch, "Nats-Batch-Sequence": str(number)}
            )
        last = rows[-1]
        closing = {**last.headers, "Nats-Batch-Id": batch, "Nats-Batch-Sequence": str(len(rows)), "Nats-Batch-Commit": "1"}
        answer = orjson.loads((await self._client.request(last.subject, last.body, headers=closing, timeout=5)).data)
        if answer.get("count", 1) != len(rows) or "error" in answer:
            raise RuntimeError(f"the batch of {len(rows)} was not stored: {answer}")

    async def consume(self) -> None:
        """Takes what comes, for ever."""
        name = self._subject.replace(".", "_")
        config = ConsumerConfig(
            durable_name=name, filter_subject=self._subject, ack_policy=AckPolicy.EXPLICIT, max_ack_pending=4000, ack_wait=30
        )
        await self._client.jetstream().add_consumer(STREAM, config)
        async for messages in self._batches(name):
            await self._take(messages)
            for message in messages:
                await self._client.publish(message.reply, b"+ACK")

    async def _batches(self, name: str) -> AsyncIterator[list[Msg]]:
        """What is there, up to a batch. nats-py's own `fetch` waits up to its timeout for a batch to fill, seconds at a time."""
        came: asyncio.Queue[Msg] = asyncio.Queue()
        inbox = self._client.new_inbox()
        await self._client.subscribe(inbox, cb=came.put)
        owed = 0
        while True:
            if came.empty() and owed <= 0:
                owed, wanted = BATCH, {"batch": BATCH, "expires": 5_000_000_000}
                await self._client.publish(f"$JS.API.CONSUMER.MSG.NEXT.{STREAM}.{name}", orjson.dumps(wanted), reply=inbox)
            messages = [await came.get()]
            while len(messages) < min(BATCH, owed) and (not came.empty() or (messages[-1].reply and messages[-1].metadata.num_pending)):
                messages.append(await came.get())
            real = [message for message in messages if message.reply]
            owed = owed - len(real) if len(real) == len(messages) else 0
            if real:
                yield real

    async def _take(self, messages: list[Msg]) -> None:
        by_id = {uuid.UUID((m.headers or {})["ce-id"]): m for m in messages}
        async with self._engine.begin() as connection:
            fresh = list((await connection.execute(_INBOX, {"ids": list(by_id)})).scalars())
            said = [orjson.loads(by_id[i].data) for i in fresh]
            columns = {name + "s": [s.get(name) for s in said] for name in ("number", "title", "text")}
            await connection.execute(_EFFECT, {"ids": fresh, **columns})
            if self._tells:
                ids = [uuid.uuid5(i, "second") for i in fresh]
                told = {
                    "ids": ids,
                    "subjects": [SECOND] * len(ids),
                    "headers": [_headers(by_id[old], new) for old, new in zip(fresh, ids, strict=True)],
                    "bodies": [_body(s["number"]) for s in said],
                }
                await connection.execute(STORE, told)
        self._wake.set()


def _headers(message: Msg, event_id: uuid.UUID) -> str:
    new = str(event_id)
    kept = {name: value for name, value in (message.headers or {}).items() if not name.startswith("Nats-Batch-")}
    return orjson.dumps({**kept, "ce-id": new, "Nats-Msg-Id": new}).decode()


def _body(number: str) -> bytes:
    return orjson.dumps({"number": number, "title": "", "text": "x" * (SECOND_BODY - 60)})


async def main(half: str) -> None:
    """Runs until the process is ended."""
    client = await nats.connect(os.environ["RAW_NATS"], nkeys_seed_str=os.environ["RAW_SEED"])
    engine = create_async_engine(os.environ["RAW_DATABASE"], pool_size=4)
    subject, tells = (SECOND, False) if half == "source" else (FIRST, True)
    one = Half(engine, client, subject, tells=tells)
    await asyncio.gather(one.relay(), one.consume())


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1]))
