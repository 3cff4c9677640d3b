"""Dead letters: messages that a service could not handle, kept with the reason until a person decides (decision record 0005)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import orjson
from nats.aio.client import Client
from nats.js.errors import NotFoundError

from shared.bus import DEAD, Bus, BusAway, Message
from shared.clock import now
from shared.codec import MSG_ID
from shared.consumers import replay_subject
from shared.delivery import REPLAYED_SUBJECT, Incoming
from shared.events.base import new_id

_OWN = "lx-dead-"


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message in the dead stream. `number` is what the commands take."""

    number: int
    service: str
    subject: str
    reason: str
    handler: str
    attempts: int
    died_at: str
    headers: dict[str, str]
    body: bytes


async def bury(bus: Bus, service: str, message: Incoming) -> None:
    """Publishes a message to the dead stream with the ack awaited. Raises BusAway: then it is not buried."""
    original = message.headers.get(REPLAYED_SUBJECT, message.subject)
    headers = {k: v for k, v in message.headers.items() if k not in (MSG_ID, REPLAYED_SUBJECT) and not k.startswith((_OWN, "Nats-"))}
    headers |= {
        f"{_OWN}subject": original,
        f"{_OWN}reason": message.reason[:500].replace("\n", " "),
        f"{_OWN}handler": f"{service}.{message.handler.name}" if message.handler else service,
        f"{_OWN}attempts": str(message.attempts),
        f"{_OWN}at": now().isoformat(),
        # A message that dies again after a replay has another sequence: it must not be taken for a duplicate.
        MSG_ID: f"dead-{service}-{message.headers.get('ce-id', '')}-{message.sequence}",
    }
    subject = f"dead.{bus.settings.site}.{service}.{message.name}"
    outcome = await bus.publish([Message("dead", subject, headers, message.body)])
    if not outcome.stored:
        raise BusAway(f"not buried: {outcome.never or outcome.again}")


async def letters(client: Client, service: str | None = None) -> AsyncIterator[DeadLetter]:
    """All dead letters, oldest first, of one service or of all."""
    stream = client.jetstream()
    state = (await stream.stream_info(DEAD)).state
    number = state.first_seq
    while number <= state.last_seq:
        try:
            raw = await stream.get_msg(DEAD, number, next=True, subject=f"dead.*.{service or '*'}.*")
        except NotFoundError:
            return
        number = (raw.seq or number) + 1
        yield _letter(raw.seq or 0, raw.subject or "", dict(raw.headers or {}), raw.data or b"")


async def letter(client: Client, number: int) -> DeadLetter:
    """One dead letter. Raises NotFoundError of nats-py."""
    raw = await client.jetstream().get_msg(DEAD, number)
    return _letter(number, raw.subject or "", dict(raw.headers or {}), raw.data or b"")


async def replay(client: Client, number: int) -> DeadLetter:
    """Hands a dead letter to the service that failed on it, and to no other, then takes it out of the dead stream."""
    dead = await letter(client, number)
    site = dead.subject.split(".")[1]
    headers = {k: v for k, v in dead.headers.items() if not k.startswith((_OWN, "Nats-"))}
    headers |= {REPLAYED_SUBJECT: dead.subject, MSG_ID: f"replay-{number}-{new_id()}"}
    await client.jetstream().publish(replay_subject(site, dead.service), dead.body, headers=headers)
    await client.jetstream().delete_msg(DEAD, number)
    return dead


async def discard(client: Client, number: int) -> DeadLetter:
    """Takes a dead letter out of the dead stream for good."""
    dead = await letter(client, number)
    await client.jetstream().delete_msg(DEAD, number)
    return dead


async def count(bus: Bus, service: str) -> int:
    """How many dead letters a service has. Raises BusAway."""
    subject = f"dead.{bus.settings.site}.{service}.>"
    info = await bus.request(f"$JS.API.STREAM.INFO.{DEAD}", orjson.dumps({"subjects_filter": subject}))
    state = info.get("state")
    subjects = state.get("subjects") if isinstance(state, dict) else None
    return sum(subjects.values()) if isinstance(subjects, dict) else 0


def _letter(number: int, subject: str, headers: dict[str, str], body: bytes) -> DeadLetter:
    return DeadLetter(
        number=number,
        service=subject.split(".")[2] if subject.count(".") >= 3 else "",
        subject=headers.get(f"{_OWN}subject", ""),
        reason=headers.get(f"{_OWN}reason", ""),
        handler=headers.get(f"{_OWN}handler", ""),
        attempts=int(headers.get(f"{_OWN}attempts", "0")),
        died_at=headers.get(f"{_OWN}at", ""),
        headers=headers,
        body=body,
    )
