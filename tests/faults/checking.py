"""What must hold after a fault: the suite comes to rest, every receipt has its rows, and the checkers find nothing (I1-I4, I9)."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

from deploy.local.servers import SERVICES
from deploy.reconcile import reconcile
from shared import dead
from tests.faults.arena import Arena
from tests.kit import eventually

_REST = "SELECT (SELECT count(*) FROM kit_outbox) + (SELECT count(*) FROM kit_parked) AS n"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the checkers found: how many ids lack their effect, how many effects are there twice, and every breach in words."""

    lost: int
    doubled: int
    breaches: list[str]


async def at_rest(arena: Arena) -> None:
    """Waits until nothing waits in outboxes and parkings and no consumer has anything before it."""
    async with arena.operator() as client, AsyncExitStack() as stack:
        stream = client.jetstream()
        sessions = [await stack.enter_async_context(arena.session(service)) for service in SERVICES]

        async def rest() -> Any:
            for session in sessions:
                if await session.fetchval(_REST):
                    return False
            # Others, such as a checker's own that the broker is about to forget, have nobody to wait for.
            infos = [info for info in await stream.consumers_info("EVENTS") if info.name in SERVICES]
            return len(infos) == len(SERVICES) and not any(info.num_pending or info.num_ack_pending for info in infos)

        # Twice in a row: between two looks an event may be on its way from one service to the next.
        async def twice() -> bool:
            await asyncio.sleep(0.1)
            return bool(await rest() and await rest())

        await eventually(twice, within=arena.pace.patience, what="outboxes, parkings and consumers at rest")


async def judge(arena: Arena) -> Verdict:
    """Compares receipts, rows and events, whatever the fault was. A dead letter of a healthy event is a breach."""
    breaches = []
    receipts = arena.receipts
    torn = [sorted(numbers) for numbers in receipts.numbers.values() if len(numbers) > 1]
    breaches += [f"I2 one request got two receipts: {numbers}" for numbers in torn]
    told = {number for numbers in receipts.numbers.values() for number in numbers}
    kept = await arena.opinions() - receipts.before
    missing, foreign = told - kept, kept - told
    breaches += [f"I1 {len(missing)} receipts without an opinion ({', '.join(sorted(missing)[:3])})"] if missing else []
    breaches += [f"I2 {len(foreign)} opinions that no client was told of ({', '.join(sorted(foreign)[:3])})"] if foreign else []
    report = await reconcile(arena.sources)
    breaches += report.wrong()
    for service in SERVICES:
        failures = await arena.fetch(service, "SELECT reason FROM kit_failure")
        breaches += [f"{service} blamed a healthy event: {row['reason'][:150]}" for row in failures[:3]]
    async with arena.operator() as client:
        letters = [letter async for letter in dead.letters(client)]
    poison = Counter(letter.headers["ce-id"] for letter in letters if letter.headers.get("ce-id") in arena.poison)
    breaches += [f"poison in {n} places, {len(SERVICES)} are right" for n in poison.values() if n != len(SERVICES)]
    breaches += [f"dead letter of {x.service}: {x.reason[:150]}" for x in letters if x.headers.get("ce-id") not in arena.poison]
    return Verdict(report.lost + len(missing), report.doubled + len(torn) + len(foreign), breaches)
