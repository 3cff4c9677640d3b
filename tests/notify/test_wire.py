"""One stream over real HTTP, from an event on the broker to the page, and a stop that does not wait for it."""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import asynccontextmanager

import httpx
import orjson
from sqlalchemy import text

from shared.bus import Bus, Message
from shared.settings import ServiceSettings
from tests import kit
from tests.notify import golden


@asynccontextmanager
async def process(servers, socket):
    """notify as it runs in earnest, on a Unix socket; a stop may take as long as it wants to."""
    told = {
        "LIANXIN_SITE": kit.SITE,
        "LIANXIN_DATABASE_URL": servers.database_url("notify"),
        "LIANXIN_NATS_URL": servers.nats_url,
        "LIANXIN_NATS_SEED": servers.nats_seed("notify"),
        "LIANXIN_STREAM_BEAT": "3600",
    }
    running = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "uvicorn",
        "--factory",
        "services.notify.main:build",
        "--uds",
        str(socket),
        "--no-access-log",
        env={**os.environ, **told},
        stdout=asyncio.subprocess.DEVNULL,
    )
    try:
        yield running
    finally:
        if running.returncode is None:
            running.kill()
        await running.wait()


async def publish(servers, *events):
    settings = ServiceSettings(site=kit.SITE, nats_url=servers.nats_url, nats_seed=servers.nats_seed("routing"))
    bus = Bus("routing", settings)
    await bus.connect()
    try:
        incoming = [kit.incoming_of(event) for event in events]
        outcome = await bus.publish([Message(i.headers["Nats-Msg-Id"], i.subject, i.headers, i.body) for i in incoming])
        assert len(outcome.stored) == len(events)
    finally:
        await bus.close()


async def test_an_event_reaches_an_open_page_and_a_stop_does_not_wait_for_the_page(servers, running, token, tmp_path):
    service = await running("notify")

    async def listening() -> bool:
        async with service.tx() as tx:
            return bool(await tx.scalar(text("SELECT count(*) FROM kit_subscription WHERE event = 'routing.assignment_made.v1'")))

    socket = tmp_path / "s"
    async with (
        process(servers, socket) as notify,
        httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(uds=str(socket)), base_url="http://notify", timeout=30) as client,
    ):
        await kit.eventually(listening, within=30, what="notify listens")
        async with client.stream("GET", "/stream", headers=token("department", organisation="housing")) as page:
            frames = page.aiter_text()
            assert "event: ready" in await anext(frames)
            await publish(servers, golden.EVENTS[0], golden.EVENTS[3])
            notice = await asyncio.wait_for(anext(frames), 90)
            assert orjson.loads(notice.split("data: ")[1])["params"]["case_id"] == str(golden.CASE)
            notify.terminate()
            assert [frame async for frame in frames] == []
        assert await asyncio.wait_for(notify.wait(), 90) in {0, -15}
