"""The kit while servers are killed under it: nothing is lost, nothing doubled, nothing stands still for good."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
from nats.aio.client import Client
from sqlalchemy import text

from deploy.local.servers import LocalServers
from shared import crash
from shared.settings import ROOT, ServiceSettings
from tests.kit import eventually
from tests.shared.service import MarkMade, Service, started


async def test_events_decided_while_the_broker_is_killed_all_arrive_once(settings: ServiceSettings, servers: LocalServers) -> None:
    async with started(settings) as service:
        for round_no in range(3):
            await service.send(*(MarkMade(mark=f"r{round_no}-{n}") for n in range(40)))
            servers.kill_nats(signal.SIGKILL)
            await service.send(*(MarkMade(mark=f"r{round_no}-late-{n}") for n in range(40)))
            assert (await service.client.get("/health/ready")).status_code == 200
            await asyncio.to_thread(servers.start)
        await eventually(lambda: service.scalar("SELECT count(*) = 240 FROM mark"), within=30)
        await eventually(lambda: service.scalar("SELECT count(*) = 0 FROM kit_outbox"), within=15)
        assert set((await service.times()).values()) == {1}
        assert await service.scalar("SELECT count(*) FROM kit_failure") == 0


async def test_a_paused_broker_freezes_nobody_and_doubles_nothing(settings: ServiceSettings, servers: LocalServers) -> None:
    async with started(settings) as service:
        await service.send(MarkMade(mark="before"))
        await eventually(lambda: service.scalar("SELECT times FROM mark WHERE name = 'before'"))
        servers.pause_nats()
        try:
            await service.send(*(MarkMade(mark=f"m{n}") for n in range(30)))
            assert (await service.client.post("/marks", json={"mark": "accepted"})).status_code == 201
            await eventually(lambda: _flow_is_red(service), within=10)
            assert (await service.client.get("/health/live")).status_code == 200
        finally:
            servers.resume_nats()
        await eventually(lambda: service.scalar("SELECT count(*) = 32 FROM mark WHERE times = 1"), within=25)
        await eventually(lambda: _flow_is_green(service), within=10)


async def test_cut_database_connections_dead_letter_no_healthy_event(
    settings: ServiceSettings, servers: LocalServers, operator: Client
) -> None:
    async with started(settings) as service:
        for n in range(60):
            await service.send(MarkMade(mark=f"m{n}"))
            if n % 20 == 10:
                await _cut(servers, "scoring")
                await eventually(service.database.answers)
        await eventually(lambda: service.scalar("SELECT count(*) = 60 FROM mark"), within=20)
        assert set((await service.times()).values()) == {1}
    assert (await operator.jetstream().stream_info("DEAD")).state.messages == 0


async def test_a_row_locked_by_another_delays_the_event_and_costs_it_no_attempt(settings: ServiceSettings) -> None:
    async with started(settings.model_copy(update={"statement_timeout": 0.5})) as service:
        await service.send(MarkMade(mark="held"))
        await eventually(lambda: service.scalar("SELECT times FROM mark WHERE name = 'held'"))
        async with service.database.transaction() as tx:
            await tx.execute(text("SELECT * FROM mark FOR UPDATE"))
            await service.send(MarkMade(mark="held"))
            await eventually(lambda: _someone_waits(service))
        await eventually(lambda: service.scalar("SELECT times = 2 FROM mark WHERE name = 'held'"), within=15)
        assert await service.scalar("SELECT count(*) FROM kit_failure") == 0


@pytest.fixture(scope="module")
def parent() -> Iterator[subprocess.Popen[str]]:
    """Forks the processes of the tiny service."""
    command = [sys.executable, "-m", "tests.chaos.tiny"]
    forks = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    yield forks
    forks.kill()
    forks.wait()


@pytest.fixture
def process(settings: ServiceSettings, parent: subprocess.Popen[str]) -> Callable[..., int]:
    """Runs the tiny service as a process until it ends; its exit status."""

    def run(**environment: str) -> int:
        assert settings.nats_seed and parent.stdin and parent.stdout
        own = {f"LIANXIN_{k.upper()}": str(v) for k, v in settings.model_dump(exclude={"nats_seed", "otlp_endpoint"}).items()}
        own |= {"LIANXIN_NATS_SEED": settings.nats_seed.get_secret_value()}
        parent.stdin.write(json.dumps({**own, **environment}) + "\n")
        parent.stdin.flush()
        assert int(parent.stdout.readline()) > 0
        return int(parent.stdout.readline())

    return run


@pytest.mark.parametrize("point", crash.POINTS)
async def test_a_process_killed_at_any_point_loses_and_doubles_nothing(
    settings: ServiceSettings, process: Callable[..., int], point: str
) -> None:
    marks = "a,b,c"
    # Points around a request are passed once a mark; those of relay and consumer may see all marks at once.
    passage = 2 if point in ("before_commit", "after_commit", "before_answer") else 1
    dying = asyncio.to_thread(process, LIANXIN_CRASH_AT=f"{point}@{passage}", MARKS=marks)
    assert await asyncio.wait_for(dying, 120) == 137, f"the point {point} was never passed"
    async with started(settings) as service:
        for mark in marks.split(","):
            again = await service.client.post("/marks", json={"mark": mark}, headers={"Idempotency-Key": f"key-of-{mark}"})
            assert again.status_code == 201, "the client asks again with its key, as after any lost answer"
        await eventually(lambda: service.scalar("SELECT count(*) = 3 FROM mark WHERE times = 1"), within=20)
        await eventually(lambda: service.scalar("SELECT count(*) = 0 FROM kit_outbox"), within=20)
        assert await service.times() == {"a": 1, "b": 1, "c": 1}
        assert await service.scalar("SELECT count(*) FROM kit_failure") == 0


async def _flow_is_red(service: Service) -> bool:
    return (await service.client.get("/health/flow")).status_code == 503


async def _flow_is_green(service: Service) -> bool:
    return (await service.client.get("/health/flow")).status_code == 200


async def _someone_waits(service: Service) -> bool:
    sql = "SELECT count(*) > 0 FROM pg_stat_activity WHERE application_name = 'lianxin-scoring' AND wait_event_type = 'Lock'"
    return bool(await service.scalar(sql))


async def _cut(servers: LocalServers, role: str) -> None:
    from sqlalchemy.ext.asyncio import create_async_engine

    engine = create_async_engine(servers.admin_database_url)
    async with engine.connect() as connection:
        await connection.execute(text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = :r"), {"r": role})
    await engine.dispose()
