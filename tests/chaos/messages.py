"""Faults in the stream itself: what is there already published again, and messages that nobody can handle."""

from __future__ import annotations

import asyncio
import random
import time
import uuid
from dataclasses import dataclass
from typing import Any

import orjson
from nats.errors import Error as NatsError

from shared.bus import EVENTS
from shared.clock import now
from shared.codec import MSG_ID, headers_of
from shared.events.intake import OpinionClassified, OpinionSubmitted
from tests.chaos.plan import Step
from tests.chaos.watch import Fault, Watch

AT_ONCE = 20
STORED_WITHIN = 90.0


@dataclass(frozen=True, slots=True)
class Poison:
    """A message that must end among the dead letters of `service`, and nowhere else. `about` is the opinion it speaks of."""

    event_id: str
    service: str
    about: str


class Messages:
    """Publishes with the operator's rights, which no service has."""

    def __init__(self, watch: Watch) -> None:
        self.poisons: list[Poison] = []
        self.published_again = 0
        self._watch = watch

    async def duplicate(self, step: Step) -> bool:
        """Some of the newest messages once more, under another id for the broker: only the inbox can tell."""
        return await self._again(step, lambda first, last: range(max(first, last - 200), last + 1))

    async def stale(self, step: Step) -> bool:
        """Some of the oldest messages once more, long after what followed them."""
        return await self._again(step, lambda first, last: range(first, first + (last - first) // 2 + 1))

    async def _again(self, step: Step, among: Any) -> bool:
        stream = self._watch.client.jetstream(timeout=2)
        state = (await stream.stream_info(EVENTS)).state
        numbers = random.Random(step.pick).sample(found := among(state.first_seq, state.last_seq), min(AT_ONCE, len(found)))
        for number in numbers:
            stored = await stream.get_msg(EVENTS, number)
            headers = {k: v for k, v in (stored.headers or {}).items() if not k.startswith("Nats-")}
            await stream.publish(stored.subject or "", stored.data or b"", headers={**headers, MSG_ID: f"again-{uuid.uuid4()}"})
            self.published_again += 1
        self._watch.faults.append(Fault(f"{step.fault} {step.target}", time.monotonic()))
        return True

    async def poison(self, step: Step) -> bool:
        """Bytes that are no JSON, JSON that is no such event, or an event on which the handler raises."""
        site = self._watch.suite.settings.site
        about, chance = uuid.uuid4(), random.Random(step.pick)
        facts = {
            "opinion_id": about,
            "number": f"poison-{chance.randrange(10**9)}",
            "region": site,
            "target_id": uuid.uuid4(),
            "site": site,
        }
        if step.target == "raises":
            # PostgreSQL takes no NUL in a text: the database refuses the row, each time anew.
            event: Any = OpinionClassified(
                **facts, channel="station", title="\x00", text="", category=None, confidence=0.0, source="none", occurred_at=now()
            )
            body = event.model_dump_json().encode()
        else:
            event = OpinionSubmitted(**facts, channel="station", code_id=uuid.uuid4(), occurred_at=now())
            body = b"\x80" if step.target == "bytes" else orjson.dumps({"opinion_id": str(about)})
        service = "routing" if step.target == "raises" else "scoring"
        self.poisons.append(Poison(str(event.id), service, str(about)))
        await self._stored(event.subject(site, "core"), body, headers_of(event, None))
        return True

    async def _stored(self, subject: str, body: bytes, headers: dict[str, str]) -> None:
        """Publishes until the broker says that it has it, under one id: a publish that timed out may be there or not."""
        deadline = time.monotonic() + STORED_WITHIN
        while True:
            try:
                await self._watch.client.jetstream(timeout=2).publish(subject, body, headers=headers)
                return
            except (NatsError, TimeoutError, OSError):
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(0.5)
