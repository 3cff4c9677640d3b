"""Faults of the broker and of the way to it: killed, frozen, away, acks lost, consumers deleted."""

from __future__ import annotations

import asyncio
import signal
import time
from typing import Any

from nats.js.errors import APIError

from deploy.local.servers import SERVICES
from tests.faults.arena import Arena
from tests.faults.residents import Residents
from tests.kit import eventually

FROZEN = 3.0
"""Seconds of silence of a `/health/live` that mean a frozen loop: a publish that blocked would last longer."""


async def acks_lost(arena: Arena, people: Residents, seconds: float) -> str:
    """Half of all acks never reach the broker."""
    proxy = arena.proxy
    lost, again = proxy.lost, sum(proxy.again.values())
    proxy.lose_acks = 0.5
    await asyncio.sleep(seconds)
    proxy.lose_acks = 0.0
    await arena.recovers(people)

    async def come_again() -> int:
        return sum(proxy.again.values()) - again

    await eventually(come_again, within=arena.pace.patience, what="messages whose ack was lost, delivered again")
    await asyncio.sleep(arena.pace["ack_wait"])
    assert proxy.lost > lost, "no ack was lost: the fault did not happen"
    return f"{proxy.lost - lost} acks lost in {seconds:.0f} s, {await come_again()} deliveries came again"


async def killed_while_publishing(arena: Arena, people: Residents, rounds: float) -> str:
    """kill -9 in a loop; after each start a message has to get through."""
    for _ in range(int(rounds)):
        await arena.broker_down()
        await asyncio.sleep(arena.chance.uniform(0.1, 1.5))
        await arena.broker_up()
        await arena.recovers(people)
        await asyncio.sleep(arena.chance.uniform(0.2, 1.0))
    slowest = max(arena.recoveries[-int(rounds) :])
    return f"broker killed {int(rounds)} times with kill -9; consumers were back after at most {slowest:.1f} s"


async def frozen(arena: Arena, people: Residents, longest: float) -> str:
    """SIGSTOP: connections stand and nobody answers on them."""
    slowest, accepted = 0.0, arena.receipts.accepted()
    for part in (longest / 24, longest / 4, longest):
        async with arena.pulse() as felt:
            arena.broker.daemon.signal_tree(signal.SIGSTOP)
            try:
                await asyncio.sleep(part)
            finally:
                arena.broker.daemon.signal_tree(signal.SIGCONT)
        assert felt.of("live") | felt.of("ready") <= {200}, f"live answered {felt.live}, ready {felt.ready}"
        slowest = max(slowest, felt.slowest)
        if part > 2 * arena.pace["flow_limit"]:
            _all_red(felt.flow)
        await arena.recovers(people)
    assert slowest < FROZEN, f"a loop stood still for {slowest:.1f} s"
    await arena.flows()
    done = f"broker frozen for {longest / 24:.0f}, {longest / 4:.0f} and {longest:.0f} s"
    return f"{done}; {arena.receipts.accepted() - accepted} accepted meanwhile, slowest live answer {slowest:.2f} s"


async def away(arena: Arena, people: Residents, seconds: float) -> str:
    """The broker is gone for longer than any client library waits by itself."""
    accepted = arena.receipts.accepted()
    await arena.broker_down()
    async with arena.pulse() as felt:
        await asyncio.sleep(seconds)
    meanwhile = arena.receipts.accepted() - accepted
    await arena.broker_up()
    assert felt.of("live") == felt.of("ready") == {200}, f"live answered {felt.live}, ready {felt.ready}"
    _all_red(felt.flow)
    assert meanwhile, "intake accepted nothing while the broker was away"
    assert felt.slowest < FROZEN, f"a loop stood still for {felt.slowest:.1f} s"
    await arena.recovers(people)
    await arena.flows()
    return f"broker down for {seconds:.0f} s: live and ready 200, flow red, {meanwhile} accepted into outboxes; all flows green again"


def _all_red(flow: dict[str, set[int]]) -> None:
    green = [service for service in SERVICES if 503 not in flow.get(service, set())]
    assert not green, f"/health/flow never turned red at {green}"


async def consumers_deleted(arena: Arena, people: Residents, rounds: float) -> str:
    """Every durable consumer is deleted under load, as a careless administrator might; a purge is tried and refused."""
    slowest = 0.0
    async with arena.operator() as client:
        stream = client.jetstream()
        for _ in range(int(rounds)):
            await arena.flows()
            deleted: dict[str, Any] = {s: (await stream.consumer_info("EVENTS", s)).created for s in SERVICES}
            for service in SERVICES:
                await stream.delete_consumer("EVENTS", service)
            at = time.monotonic()

            async def back(deleted=deleted) -> bool:  # type: ignore[no-untyped-def]
                there = {info.name: info.created for info in await stream.consumers_info("EVENTS")}
                return all(there.get(service, made) != made for service, made in deleted.items())

            await eventually(back, within=arena.pace.patience, what="all consumers made anew")
            slowest = max(slowest, time.monotonic() - at)
            for service in ("intake", "routing", "scoring", "notify"):
                start = (await stream.consumer_info("EVENTS", service)).config.opt_start_seq
                assert start and start > 1, f"the consumer of {service} begins at the start of the stream"
            await arena.recovers(people)
        for forbidden in (stream.purge_stream("EVENTS"), stream.delete_msg("EVENTS", 1)):
            try:
                await forbidden
            except APIError:
                continue
            raise AssertionError("the operator could delete from EVENTS")
    return f"{len(SERVICES)} consumers deleted {int(rounds)} times, back after at most {slowest:.1f} s from their floor; purge refused"
