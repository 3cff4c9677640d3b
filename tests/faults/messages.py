"""Faults of the messages themselves: out of order, not readable, met by a defect, slow to handle."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
from nats.aio.client import Client

from deploy.local.servers import SERVICES
from shared import dead
from shared.events.base import CORE, new_id
from shared.events.directory import SigningKeysPublished
from tests.faults.arena import Arena
from tests.faults.probing import slowest_meanwhile
from tests.faults.residents import Residents
from tests.kit import eventually

_DEFECT = "ALTER TABLE cases ADD CONSTRAINT fault CHECK (title NOT LIKE '毒%') NOT VALID"
_MENDED = "ALTER TABLE cases DROP CONSTRAINT fault"


async def out_of_order(arena: Arena, people: Residents, seconds: float) -> str:
    """Each delivery is held back for a time of its own: what was said later is often heard first."""
    proxy = arena.proxy
    before = proxy.overtaken
    proxy.shuffle = min(3.0, arena.pace["ack_wait"] / 3)
    try:
        await asyncio.sleep(seconds)
    finally:
        proxy.shuffle = 0.0
    await arena.recovers(people)
    assert proxy.overtaken > before, "nothing was overtaken: the fault did not happen"
    return f"{proxy.overtaken - before} events heard after a later one in {seconds:.0f} s"


async def poison(arena: Arena, people: Residents, rounds: float) -> str:
    """Bytes that are no JSON and a body of another version for all services, and a matter on which routing has a defect."""
    async with arena.operator() as client, slowest_meanwhile(arena, people) as slowest:
        for _ in range(int(rounds)):
            await _not_readable(arena, client, b"\x80\x81 no json")
            await _not_readable(arena, client, orjson.dumps({"keys": "as version 9 says them"}))
            async with arena.session("routing") as session:
                await session.execute(_DEFECT)
            number = await people.one(f"毒 {new_id()}")
            await _letters(arena, client, "NotReadable", len(SERVICES) * len(arena.poison))
            defective = await _letters(arena, client, "IntegrityError", 1)
            async with arena.session("routing") as session:
                await session.execute(_MENDED)
            await dead.replay(client, defective[0].number)
            await arena.until_case(number)
    await arena.recovers(people)
    told = (
        f"{len(SERVICES) * len(arena.poison)} unreadable letters, one of a defect after {defective[0].attempts} tries, replayed when mended"
    )
    return f"{told}; slowest healthy message meanwhile {slowest():.1f} s to its case"


async def _not_readable(arena: Arena, client: Client, body: bytes) -> None:
    site = arena.suite.settings.site
    event_id = str(new_id())
    arena.poison.add(event_id)
    headers = {
        "ce-id": event_id,
        "ce-type": SigningKeysPublished.type_name(),
        "ce-source": f"/lianxin/{site}/directory",
        "ce-time": "2026-01-01T00:00:00Z",
    }
    await client.jetstream().publish(SigningKeysPublished.subject(site, CORE), body, headers=headers)


async def _letters(arena: Arena, client: Client, reason: str, number: int) -> list[dead.DeadLetter]:
    async def there() -> Any:
        found = [letter async for letter in dead.letters(client) if reason in letter.reason]
        return found if len(found) >= number else None

    found: list[dead.DeadLetter] = await eventually(there, within=arena.pace.patience, what=f"{number} letters of {reason}")
    assert len(found) == number, f"{len(found)} letters of {reason}, {number} are right"
    return found


async def slow_handler(arena: Arena, people: Residents, rounds: float) -> str:
    """A handler waits for a lock longer than `ack_wait`: it must neither be given its messages again nor lose them."""
    hold = 1.4 * arena.pace["ack_wait"]
    again = arena.proxy.again["routing"]
    for _ in range(int(rounds)):
        async with arena.session("routing") as session, session.transaction():
            await session.execute("LOCK TABLE case_history IN EXCLUSIVE MODE")
            await people.one()
            await arena.waits_for_lock(session)
            await asyncio.sleep(hold)
        await arena.recovers(people)
    doubled = arena.proxy.again["routing"] - again
    assert not doubled, f"{doubled} messages were delivered again while their handler was at work"
    return (
        f"routing's handler held for {hold:.1f} s, {int(rounds)} times, with ack_wait {arena.pace['ack_wait']:.1f} s; none delivered again"
    )
