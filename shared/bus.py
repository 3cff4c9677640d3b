"""The connection to NATS through FastStream's broker, and publishing with the ack awaited (decision record 0004)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import nats
import orjson
import structlog
from faststream.nats import NatsBroker
from faststream.security import BaseSecurity
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.errors import MaxPayloadError
from nats.js.errors import APIError, NoStreamResponseError

from shared.events.base import new_id
from shared.settings import ServiceSettings

EVENTS = "EVENTS"
DEAD = "DEAD"
AUDIT = "AUDIT"
KEEPERS = ("intake",)
"""Services that keep files, each in a bucket of its own."""

# JetStream API error codes (nats-server errors.json)
_DUPLICATE_IN_BATCH = 10201
_TOO_MANY_BATCHES = 10176
_FULL = (10077, 10122, 10023, 10047, 10052)

log = structlog.get_logger("lianxin.bus")


class BusAway(Exception):
    """The broker did not confirm in time, is away, or is full: try the same ids again later."""


class StreamFull(BusAway):
    """The stream has reached its limit or the broker its disk: nothing goes until somebody makes room."""


@dataclass(frozen=True, slots=True)
class Message:
    """What is to be published: the headers carry the deduplication id."""

    id: str
    subject: str
    headers: dict[str, str]
    body: bytes


@dataclass(slots=True)
class Outcome:
    """What became of a window: ids that the stream holds, ids that can never go (with the reason), ids that it refused this time.

    `away` says why nothing is known of all the others: no answer in time, or no room. It is nobody's fault and counts against none.
    """

    stored: list[str] = field(default_factory=list)
    never: dict[str, str] = field(default_factory=dict)
    again: dict[str, str] = field(default_factory=dict)
    away: BusAway | None = None


_BATCH_FROM = 5
"""Messages from which on an atomic batch is worth its while: it takes the server 2 ms more whatever its size, each message singly
0.15 ms of CPU more here (measured)."""


class Bus:
    """One connection of one service. `connect` returns only once connected and may take as long as the broker is away."""

    def __init__(self, service: str, settings: ServiceSettings) -> None:
        self.service = service
        self.settings = settings
        self._client: Client | None = None
        seed = settings.nats_seed.get_secret_value() if settings.nats_seed else None
        self.broker = NatsBroker(
            settings.nats_url,
            name=f"lianxin-{service}",
            security=_nkey(seed),
            inbox_prefix=f"_INBOX.{service}",
            max_reconnect_attempts=-1,
            reconnect_time_wait=1,
            connect_timeout=3,
            ping_interval=5,
            max_outstanding_pings=2,
            graceful_timeout=2.0,
            logger=None,
        )

    async def connect(self) -> Client:
        """Connects, waiting for the broker without end."""
        while True:
            try:
                self._client = await self.broker.connect()
                log.info("bus_connected")
                return self._client
            except (NatsError, OSError, TimeoutError) as error:
                log.warning("bus_away", error=type(error).__name__)
                await asyncio.sleep(1)

    @property
    def client(self) -> Client:
        """The NATS client. Raises BusAway while there is no connection."""
        if self._client is None or not self._client.is_connected:
            raise BusAway("not connected")
        return self._client

    @property
    def is_connected(self) -> bool:
        """Whether the connection stands now."""
        return self._client is not None and self._client.is_connected

    async def close(self) -> None:
        """Ends the connection without waiting for an absent broker."""
        if self._client is not None and not self._client.is_connected:
            await self._client.close()
        await self.broker.stop()

    async def request(self, subject: str, payload: bytes = b"", timeout: float = 3.0) -> dict[str, object]:
        """One call of the JetStream API. Raises BusAway, or APIError with the server's code."""
        try:
            answer = await asyncio.wait_for(self.client.request(subject, payload, timeout=timeout), timeout + 1)
        except (NatsError, TimeoutError, OSError) as error:
            raise BusAway(f"{subject}: {type(error).__name__}") from error
        data: dict[str, object] = orjson.loads(answer.data)
        if isinstance(problem := data.get("error"), dict):
            raise APIError.from_error(problem)
        return data

    async def publish(self, messages: Sequence[Message]) -> Outcome:
        """Publishes with the server's ack awaited: as one atomic batch where it can, else singly.

        Raises BusAway when nothing can be said of the window: then the same ids are to be published again.
        """
        outcome = Outcome()
        limit = self.client.max_payload
        fitting = []
        for message in messages:
            size = len(message.body) + sum(len(k) + len(v) + 4 for k, v in message.headers.items())
            if size > limit:
                outcome.never[message.id] = f"{size} bytes, the broker takes {limit}"
            else:
                fitting.append(message)
        if len(fitting) >= _BATCH_FROM and await self._publish_batch(fitting):
            outcome.stored.extend(m.id for m in fitting)
        elif fitting:
            await self._publish_singly(fitting, outcome)
        return outcome

    async def _publish_batch(self, messages: Sequence[Message]) -> bool:
        for _ in range(2):
            try:
                await self._atomic(messages)
            except APIError as error:
                if error.err_code in _FULL:
                    raise StreamFull(f"stream full ({error.err_code})") from error
                if error.err_code != _TOO_MANY_BATCHES:
                    if error.err_code != _DUPLICATE_IN_BATCH:
                        log.info("batch_refused", code=error.err_code, description=error.description)
                    return False
            else:
                return True
        return False

    async def _atomic(self, messages: Sequence[Message]) -> None:
        client, batch, timeout = self.client, str(new_id()), self.settings.publish_timeout
        last = len(messages)
        try:
            for number, message in enumerate(messages[:-1], 1):
                await client.publish(
                    message.subject, message.body, headers={**message.headers, "Nats-Batch-Id": batch, "Nats-Batch-Sequence": str(number)}
                )
            closing = {**messages[-1].headers, "Nats-Batch-Id": batch, "Nats-Batch-Sequence": str(last), "Nats-Batch-Commit": "1"}
            answer = await asyncio.wait_for(
                client.request(messages[-1].subject, messages[-1].body, headers=closing, timeout=timeout), timeout + 1
            )
        except (NatsError, TimeoutError, OSError) as error:
            raise BusAway(type(error).__name__) from error
        data = orjson.loads(answer.data)
        if "error" in data:
            raise APIError.from_error(data["error"])
        if data.get("count") != last:
            raise BusAway("the batch was not stored whole")

    async def _publish_singly(self, messages: Sequence[Message], outcome: Outcome) -> None:
        timeout = self.settings.publish_timeout
        stream = self.client.jetstream(timeout=timeout)

        async def one(message: Message) -> None:
            try:
                await asyncio.wait_for(stream.publish(message.subject, message.body, headers=message.headers, timeout=timeout), timeout + 1)
                outcome.stored.append(message.id)
            except MaxPayloadError as error:
                outcome.never[message.id] = type(error).__name__
            except APIError as error:
                if is_full(error):
                    outcome.away = StreamFull(f"stream full ({error.err_code})")
                else:
                    outcome.again[message.id] = f"{error.err_code}: {error.description}"
            except NoStreamResponseError:
                outcome.again[message.id] = "no stream takes this subject"
            except (NatsError, TimeoutError, OSError) as error:
                outcome.away = outcome.away or BusAway(type(error).__name__)

        await asyncio.gather(*(one(message) for message in messages))
        if outcome.away and not (outcome.stored or outcome.never or outcome.again):
            raise outcome.away


def bucket_of(service: str) -> tuple[str, str]:
    """The bucket of a service in JetStream's object store, and the stream that holds it. Raises ValueError for one without."""
    if service not in KEEPERS:
        raise ValueError(f"{service} keeps no files")
    return service, f"OBJ_{service}"


def is_full(error: APIError) -> bool:
    """Whether a stream, or the broker's disk, has no room left."""
    return error.err_code in _FULL


async def connect_once(url: str, seed: str | None) -> Client:
    """A connection for a command: made within seconds or not at all. Raises an error of nats-py with its cause.

    By itself nats-py tries for two minutes to make its first connection, whatever `allow_reconnect` says, and prints each failure.
    """
    failures: list[Exception] = []

    async def note(error: Exception) -> None:
        failures.append(error)

    once = {"allow_reconnect": False, "max_reconnect_attempts": 1, "reconnect_time_wait": 0.2, "connect_timeout": 3}
    try:
        return await nats.connect(url, nkeys_seed_str=seed, error_cb=note, **once)
    except NatsError as error:
        raise error from (failures[-1] if failures else None)


def _nkey(seed: str | None) -> BaseSecurity | None:
    if seed is None:
        return None
    from faststream.nats.security import NatsNKey

    return NatsNKey.from_seed(seed)
