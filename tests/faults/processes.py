"""Faults of service processes: killed at the worst moment, frozen, stopped under load, out of memory."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

from nats.aio.client import Client
from nats.js.api import ConsumerConfig

from deploy.local.servers import SERVICES
from tests.faults.arena import Arena
from tests.faults.probing import slowest_meanwhile
from tests.faults.residents import Residents
from tests.kit import eventually

Act = Callable[[Arena, Residents, float], Awaitable[str]]


async def gateway_killed_before_the_answer(arena: Arena, people: Residents, rounds: float) -> str:
    """A lock in intake holds requests back; the gateway is frozen, intake commits and answers to nobody, the gateway is killed."""
    held = 0
    for _ in range(int(rounds)):
        gateway = arena.pids("gateway")
        async with arena.session("intake") as session:
            async with session.transaction():
                await session.execute("LOCK TABLE opinion IN EXCLUSIVE MODE")
                people.soon(4)
                await arena.waits_for_lock(session, 4, "INSERT INTO opinion%")
                arena.send(gateway, signal.SIGSTOP)
                before = await session.fetchval("SELECT count(*) FROM opinion")

            async def committed(session=session, before=before) -> bool:  # type: ignore[no-untyped-def]
                return bool(await session.fetchval("SELECT count(*) FROM opinion") >= before + 4)

            await eventually(committed, within=arena.pace.patience, what="what was held back committed")
        told = {number for numbers in arena.receipts.numbers.values() for number in numbers}
        unheard = await arena.opinions() - arena.receipts.before - told
        held += len(unheard)
        arena.send(gateway, signal.SIGKILL)
        await arena.recovers(people)
        assert unheard, "nothing was committed whose answer was lost: the fault did not happen"
    return f"gateway killed {int(rounds)} times between intake's commit and the answer; {held} clients asked again with their key"


def killed_at(point: str, *services: str) -> Act:
    """Each of the services dies at the crash point, `rounds` times, under load."""

    async def act(arena: Arena, people: Residents, rounds: float) -> str:
        for _ in range(int(rounds)):
            for service in services:
                await arena.dies_at(f"{service}:{point}")
        await arena.recovers(people)
        return f"{int(rounds) * len(services)} kills at {point} ({', '.join(services)})"

    return act


async def relay_down_past_the_window(arena: Arena, people: Residents, beyond: float) -> str:
    """Intake dies after publishing and stays away until the broker has forgotten the ids: only the inbox can tell the copies."""
    before = arena.pids("intake")
    await arena.dies_at("intake:after_publish")
    reborn = await arena.again("intake", before)
    arena.send(reborn, signal.SIGSTOP)
    away = arena.pace["duplicate_window"] + beyond
    await asyncio.sleep(away)
    arena.send(reborn, signal.SIGCONT)
    await arena.recovers(people)
    async with arena.operator() as client:

        async def doubled() -> int:
            return sum(1 for n in (await _copies(client)).values() if n > 1)

        copies = await eventually(doubled, within=arena.pace.patience, what="copies in the stream: without them the fault did not happen")
    return f"relay away for {away:.0f} s, window {arena.pace['duplicate_window']:.1f} s; {copies} events stand twice in the stream"


async def _copies(client: Client) -> Counter[str]:
    stream = client.jetstream()
    left = (await stream.stream_info("EVENTS")).state.messages
    messages = await stream.subscribe(">", stream="EVENTS", ordered_consumer=True, config=ConsumerConfig(headers_only=True))
    seen: Counter[str] = Counter()
    while left:
        message = await messages.next_msg(timeout=5)
        seen[(message.headers or {}).get("ce-id", "")] += 1
        left = message.metadata.num_pending
    await messages.unsubscribe()
    return seen


async def replica_frozen(arena: Arena, people: Residents, seconds: float) -> str:
    """One of two replicas freezes in the middle of a transaction and comes back when the other has long gone on."""
    frozen = await _frozen_in_transaction(arena, people)
    stalled = await arena.recovers(people)
    await asyncio.sleep(max(0.0, seconds - stalled))
    arena.send([frozen], signal.SIGCONT)
    await arena.recovers(people)
    return f"one of two routing replicas frozen in a transaction for {max(seconds, stalled):.0f} s; the other went on after {stalled:.1f} s"


async def _frozen_in_transaction(arena: Arena, people: Residents) -> int:
    """Freezes a replica whose handler waits for a lock, then gives the lock; again until a transaction of it stays open."""
    while True:
        async with arena.session("routing") as session:
            async with session.transaction():
                await session.execute("LOCK TABLE case_history IN EXCLUSIVE MODE")
                people.soon(3)
                await arena.waits_for_lock(session, 1, "%INSERT INTO cases%")
                pid = arena.chance.choice(arena.pids("routing"))
                arena.send([pid], signal.SIGSTOP)
            await asyncio.sleep(_OPEN_FOR)
            if await session.fetchval(_STAYS_OPEN, _OPEN_FOR / 2):
                return pid
            arena.send([pid], signal.SIGCONT)


_OPEN_FOR = 0.4
_STAYS_OPEN = """
SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle in transaction'
AND state_change < clock_timestamp() - make_interval(secs => $1)
"""


async def stopped_under_load(arena: Arena, people: Residents, seconds: float) -> str:
    """A service after another is asked to stop, as a deployment does."""
    every = min(5.0, seconds / 3)
    stops = 0
    async with slowest_meanwhile(arena, people) as slowest:
        for _ in range(int(seconds / every)):
            service = arena.chance.choice((*SERVICES, "gateway"))
            stops += arena.send(arena.pids(service), signal.SIGTERM)
            await asyncio.sleep(every)
    await arena.recovers(people)
    return f"{stops} processes asked to stop, every {every:.0f} s; slowest message meanwhile {slowest():.1f} s to its case"


async def out_of_memory(arena: Arena, people: Residents, rounds: float) -> str:
    """A process may take no page more: the kernel kills it at the next allocation, wherever that is."""
    how = "killed by the kernel for want of memory"
    for _ in range(int(rounds)):
        for service in ("routing", "intake", "scoring"):
            before = arena.pids(service)
            with _no_more_memory(before[0]) as limited:
                if not limited:
                    how = "killed as the kernel does for want of memory (no memory cgroup here to make it do so)"
                    arena.send(before[:1], signal.SIGKILL)
                await arena.again(service, before)
    await arena.recovers(people)
    return f"{3 * int(rounds)} processes {how}"


@contextlib.contextmanager
def _no_more_memory(pid: int) -> Iterator[bool]:
    """Puts a process into a memory cgroup that is full; false where there are none to be had."""
    for root, limit in ((Path("/sys/fs/cgroup/memory"), "memory.limit_in_bytes"), (Path("/sys/fs/cgroup"), "memory.max")):
        with contextlib.suppress(OSError):
            group = Path(tempfile.mkdtemp(prefix="lianxin-faults-", dir=root))
            try:
                (group / limit).write_text("65536")
                (group / "cgroup.procs").write_text(str(pid))
            except OSError:
                group.rmdir()
                continue
            try:
                yield True
            finally:
                _leave(group, root)
            return
    yield False


def _leave(group: Path, root: Path) -> None:
    for pid in (group / "cgroup.procs").read_text().split():
        (root / "cgroup.procs").write_text(pid)
    group.rmdir()
