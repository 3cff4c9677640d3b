"""Keeps a service's durable consumer alive and its messages flowing; notices when they do not (decision record 0004)."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import structlog
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js.errors import APIError
from sqlalchemy import text

from shared.bus import EVENTS, Bus, BusAway
from shared.consumers import Consumers
from shared.db import Database, is_outage
from shared.dead import bury
from shared.delivery import Delivery, Fate, Incoming
from shared.metrics import Metrics
from shared.puller import ConsumerGone, Puller
from shared.subscription import Position, backfill_done, save_position, saved_position, starts
from shared.waking import buried_from_parking, retry_parked

log = structlog.get_logger("lianxin.listener")

_CONSUMER_NOT_FOUND = 10014


@dataclass(slots=True)
class Flow:
    """What the watchdog last saw. Times are of `time.monotonic()`."""

    fetched_at: float
    progress_at: float
    pending: int = 0
    unacked: int = 0
    floor: int = 0
    recreated: int = 0
    recreated_at: float = 0.0
    """Seconds since the epoch; 0 for never."""


class Listener:
    """Durable delivery for one service in one process."""

    def __init__(self, database: Database, bus: Bus, consumers: Consumers, metrics: Metrics) -> None:
        self.database, self.bus, self.consumers, self.metrics = database, bus, consumers, metrics
        self.delivery = Delivery(database, consumers, metrics)
        self.settings = database.settings
        self.service = consumers.service
        self.flow = Flow(time.monotonic(), time.monotonic())
        self._check = asyncio.Event()
        self._parked = asyncio.Event()
        database.after_commit.append(lambda tx: self._parked.set() if tx.woken else None)

    async def run(self) -> None:
        """Runs until cancelled: makes the consumer, then fetches; on any outage waits and starts over."""
        while True:
            try:
                await self._reconcile()
                await self._pull(self.service)
            except asyncio.CancelledError:
                raise
            except ConsumerGone as error:
                log.warning("consumer_gone", reason=str(error))
                self._check.set()
                await asyncio.sleep(0.2)
            except (BusAway, NatsError, OSError, TimeoutError, APIError) as error:
                log.info("listener_waits", reason=f"{type(error).__name__}: {error}"[:200])
                await asyncio.sleep(1)
            except Exception as error:
                if not is_outage(error):
                    log.exception("listener_failed")
                await self._until_database_answers()

    async def _until_database_answers(self) -> None:
        delay = 0.5
        while True:
            await asyncio.sleep(delay)
            if await self.database.answers():
                return
            delay = min(delay * 2, 5.0)

    async def _info(self, name: str) -> dict[str, Any] | None:
        try:
            return await self.bus.request(f"$JS.API.CONSUMER.INFO.{EVENTS}.{name}")
        except APIError as error:
            if error.err_code == _CONSUMER_NOT_FOUND:
                return None
            raise

    async def _reconcile(self) -> None:
        """Makes the durable consumer what the code says, from where this service stands when it is lost."""
        stream = await self.bus.request(f"$JS.API.STREAM.INFO.{EVENTS}")
        created, last = str(stream["created"]), int(stream["state"]["last_seq"])  # type: ignore[index]
        info = await self._info(self.service)
        async with self.database.transaction() as tx:
            position = await saved_position(tx, self.service)
            if position and (position.stream_created != created or position.floor > last):
                log.error("stream_is_another", floor=position.floor, last=last)
                position = None
                await tx.execute(text("UPDATE kit_subscription SET from_seq = 0"))
            listening, missing = await starts(tx, self.consumers, last, existed=info is not None or position is not None)
        self.delivery.listen_from(listening)
        if info is None:
            await self._create(self.service, self.consumers.subjects(self.settings.site), position.floor + 1 if position else 1)
            if position is not None:
                self.flow.recreated, self.flow.recreated_at = self.flow.recreated + 1, time.time()
        elif set(info["config"].get("filter_subjects") or [info["config"].get("filter_subject")]) != set(
            self.consumers.subjects(self.settings.site)
        ):
            await self._create(self.service, self.consumers.subjects(self.settings.site), None, info["config"])
        if missing:
            await self._backfill(missing)

    async def _create(self, name: str, subjects: list[str], start: int | None, existing: dict[str, Any] | None = None) -> None:
        config: dict[str, Any] = dict(existing or {})
        config.pop("filter_subject", None)
        config |= {
            "durable_name": name,
            "name": name,
            "ack_policy": "explicit",
            "ack_wait": int(self.settings.ack_wait * 1e9),
            "max_deliver": -1,
            "max_ack_pending": self.settings.max_ack_pending,
            "replay_policy": "instant",
            "filter_subjects": subjects,
        }
        if existing is None:
            config |= {"deliver_policy": "by_start_sequence", "opt_start_seq": start} if start and start > 1 else {"deliver_policy": "all"}
        wanted = {"stream_name": EVENTS, "config": config, "action": ""}
        await self.bus.request(f"$JS.API.CONSUMER.CREATE.{EVENTS}.{name}", orjson.dumps(wanted))
        log.info("consumer_made", consumer=name, start=start)

    async def _backfill(self, type_names: Sequence[str]) -> None:
        """Hears the past of events that this service has begun to listen to since its consumer was made."""
        name = f"{self.service}_backfill"
        subjects = [h.event.subject(self.settings.site, "*") for t, h in self.consumers.handlers.items() if t in type_names]
        if await self._info(name) is None:
            await self._create(name, subjects, 1)
        pulling = asyncio.create_task(self._pull(name))
        try:
            while True:
                await asyncio.sleep(0.2)
                if pulling.done():
                    pulling.result()
                info = await self._info(name)
                if info is not None and not info["num_pending"] and not info["num_ack_pending"]:
                    break
        finally:
            pulling.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await pulling
        async with self.database.transaction() as tx:
            await backfill_done(tx, type_names)
        await self.bus.request(f"$JS.API.CONSUMER.DELETE.{EVENTS}.{name}")

    async def _pull(self, name: str) -> None:
        puller = Puller(self.bus.client, name, self.settings.fetch_expires, self.settings.gather)
        await puller.open()
        keeping = asyncio.create_task(puller.keep(self.settings.ack_wait / 3))
        try:
            while True:
                messages = await puller.fetch(self.settings.fetch_batch)
                self.flow.fetched_at = time.monotonic()
                if not self.bus.is_connected:
                    raise BusAway("not connected")
                if messages:
                    await self._take(puller, messages)
                    self.flow.progress_at = time.monotonic()
        finally:
            keeping.cancel()
            with contextlib.suppress(NatsError, OSError, TimeoutError):
                await puller.close()

    async def _take(self, puller: Puller, messages: Sequence[Msg]) -> None:
        incoming = [Incoming(m.subject, dict(m.headers or {}), m.data, m.metadata.sequence.stream, m) for m in messages]
        await self.delivery.apply(incoming)
        for message in incoming:
            if message.fate is Fate.RETRY:
                await puller.nak(message.token, self.settings.retry_delay * 4 ** (message.attempts - 1))
                continue
            if message.fate is Fate.DEAD:
                await bury(self.bus, self.service, message)
                await self.delivery.buried(message)
                self.metrics.handled.labels(message.name, "dead").inc()
                log.error("dead_letter", event_name=message.name, event_id=message.headers.get("ce-id"), reason=message.reason)
            await puller.ack(message.token)

    async def wake_parked(self) -> None:
        """Tries parked events when they are woken, and every few seconds those that are due. Runs until cancelled."""
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._parked.wait(), min(5.0, self.settings.park_retry))
            self._parked.clear()
            try:
                _, dead = await retry_parked(self.delivery)
                for message in dead:
                    await bury(self.bus, self.service, message)
                    await buried_from_parking(self.delivery, message)
            except BusAway:
                await asyncio.sleep(1)
            except Exception as error:
                if not is_outage(error):
                    log.exception("waking_failed")
                await asyncio.sleep(1)

    async def watch(self) -> None:
        """The watchdog: keeps the ack floor, makes a lost consumer anew, sees a standstill. Runs until cancelled."""
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._check.wait(), self.settings.watchdog_every)
            self._check.clear()
            try:
                await self._look()
            except (BusAway, NatsError, OSError, TimeoutError, APIError):
                continue
            except Exception as error:
                if not is_outage(error):
                    log.exception("watchdog_failed")

    async def _look(self) -> None:
        info = await self._info(self.service)
        if info is None:
            await self._reconcile()
            return
        flow, floor = self.flow, int(info["ack_floor"]["stream_seq"])
        flow.pending, flow.unacked = int(info["num_pending"]), int(info["num_ack_pending"])
        if floor > flow.floor or not (flow.pending or flow.unacked):
            flow.progress_at = time.monotonic()
        if floor > flow.floor:
            flow.floor = floor
            stream = await self.bus.request(f"$JS.API.STREAM.INFO.{EVENTS}")
            async with self.database.transaction(durable=False) as tx:
                await save_position(tx, self.service, Position(floor, str(stream["created"])))
