"""A TCP proxy between the suite and its broker that knows NATS frames: it can lose acks and deliver out of order."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import Callable

from tests.e2e.suite import free_port

_WITH_PAYLOAD = (b"PUB ", b"HPUB ", b"MSG ", b"HMSG ")
_ACKS = b"$JS.ACK."
_LINE_LIMIT = 8 * 1024 * 1024


class Proxy:
    """Listens on `url` and passes everything to the broker's port. Both faults are off at first.

    `lose_acks` is the share of acks that never reach the broker; `shuffle` the most seconds that a delivery is held back,
    each for a time of its own, so that later ones overtake it.
    """

    def __init__(self, target: Callable[[], int], seed: int) -> None:
        self.port = free_port()
        self.lose_acks = 0.0
        self.shuffle = 0.0
        self.lost = self.overtaken = 0
        self.again: Counter[str] = Counter()
        """By consumer: deliveries that were not the first of their message."""
        self._target = target
        self._chance = random.Random(seed)
        self._server: asyncio.Server | None = None
        self._ends: set[asyncio.StreamWriter] = set()
        self._newest: dict[str, int] = {}

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Listens; safe to call again."""
        if self._server is None:
            self._server = await asyncio.start_server(self._link, "127.0.0.1", self.port, limit=_LINE_LIMIT)

    async def stop(self) -> None:
        """Refuses and cuts, as a port behind which nobody lives."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for end in list(self._ends):
            end.transport.abort()

    async def _link(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            broker_reader, broker_writer = await asyncio.open_connection("127.0.0.1", self._target(), limit=_LINE_LIMIT)
        except OSError:
            writer.transport.abort()
            return
        ends = {writer, broker_writer}
        self._ends |= ends
        up = asyncio.create_task(self._pass(reader, broker_writer, self._towards_broker))
        down = asyncio.create_task(self._pass(broker_reader, writer, self._towards_service))
        await asyncio.wait((up, down), return_when=asyncio.FIRST_COMPLETED)
        for end in ends:
            end.transport.abort()
        await asyncio.gather(up, down, return_exceptions=True)
        self._ends -= ends

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, judge: Callable[..., float | None]) -> None:
        loop = asyncio.get_running_loop()
        with contextlib.suppress(asyncio.IncompleteReadError, OSError):
            while True:
                line = await reader.readuntil(b"\r\n")
                payload = b""
                if line.startswith(_WITH_PAYLOAD):
                    payload = await reader.readexactly(int(line.rsplit(None, 1)[-1]) + 2)
                wait = judge(line, payload)
                if wait is None:
                    continue
                if wait:
                    loop.call_later(wait, self._release, writer, line, payload)
                else:
                    self._release(writer, line, payload)
                    await writer.drain()

    def _release(self, writer: asyncio.StreamWriter, line: bytes, payload: bytes) -> None:
        if payload and _ACKS in line and not line.startswith((b"PUB ", b"HPUB ")):
            self._count(line)
        if not writer.is_closing():
            writer.write(line + payload)

    def _towards_broker(self, line: bytes, payload: bytes) -> float | None:
        """None for what is to be lost, otherwise the seconds to hold it back."""
        if (
            self.lose_acks
            and payload == b"+ACK\r\n"
            and line.split(None, 2)[1].startswith(_ACKS)
            and self._chance.random() < self.lose_acks
        ):
            self.lost += 1
            return None
        return 0.0

    def _towards_service(self, line: bytes, payload: bytes) -> float | None:
        return self._chance.uniform(0.0, self.shuffle) if self.shuffle and _ACKS in line else 0.0

    def _count(self, line: bytes) -> None:
        """Counts what came again, and what was older than another message that its consumer has had already."""
        words = next(word for word in line.split() if word.startswith(_ACKS)).decode().split(".")
        consumer, times, number = words[-6], int(words[-5]), int(words[-4])
        self.again[consumer] += times > 1
        self.overtaken += number < self._newest.get(consumer, 0)
        self._newest[consumer] = max(number, self._newest.get(consumer, 0))
