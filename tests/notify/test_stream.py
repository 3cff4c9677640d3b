"""The stream: it resumes, hears of what is posted, holds no connection, and ends with the token and with the service."""

from __future__ import annotations

import asyncio
import uuid
from contextlib import aclosing
from datetime import UTC, datetime, timedelta

import orjson
import pytest
from sqlalchemy import text

from services.notify import actions
from shared.identity import Caller
from tests import kit
from tests.notify import golden

IN_AN_HOUR = datetime.now(UTC) + timedelta(hours=1)
HOUSING = Caller(uuid.UUID(int=1), "department", "housing", "320412", None, frozenset({"inbox.read"}), IN_AN_HOUR)


@pytest.fixture
async def service(running):
    return await running("notify")


def opened(service, after=None, caller=HOUSING):
    return aclosing(service.app.state.streams.of(caller, after, "zh"))


def fields(frame: bytes) -> dict[str, str]:
    return dict(line.split(": ", 1) for line in frame.decode().strip().splitlines())


async def following(stream) -> tuple[int, dict]:
    """The next notice's position and data."""
    while (frame := fields(await asyncio.wait_for(anext(stream), 60))).get("event") != "notice":
        pass
    return int(frame["id"]), orjson.loads(frame["data"])


async def test_an_open_stream_hears_of_its_notices_and_of_no_others(service):
    await service.deliver(golden.EVENTS[3])
    async with opened(service) as stream:
        assert fields(await anext(stream))["event"] == "ready"
        waiting = asyncio.create_task(following(stream))
        await service.deliver(*golden.EVENTS[4:7])
        position, overdue = await waiting
        assert overdue["notice_class"] == "case_overdue"
        later, reopened = await following(stream)
        assert reopened["notice_class"] == "case_reopened"
        assert later > position


async def test_a_stream_resumes_after_the_last_event_id_without_gap_or_repetition(service):
    await service.deliver(*golden.EVENTS[:5])
    async with opened(service, after=0) as stream:
        await anext(stream)
        first = await following(stream)
    await service.deliver(*golden.EVENTS[5:])
    async with opened(service, after=first[0]) as stream:
        await anext(stream)
        rest = [await following(stream) for _ in range(4)]
    found = [data["notice_class"] for _, data in (first, *rest)]
    assert sorted(found) == ["assignment_made", "case_closed", "case_overdue", "case_reopened", "stage_delayed"]


async def test_more_than_a_page_comes_at_once(running):
    service = await running("notify", stream_page=2, stream_beat=3600)
    await service.deliver(*golden.EVENTS)
    async with opened(service, after=0) as stream:
        await anext(stream)
        assert len([await following(stream) for _ in range(5)]) == 5


async def test_a_silent_stream_beats_and_looks_again_for_a_signal_that_was_lost(running):
    service = await running("notify", stream_beat=0.05)
    async with opened(service) as stream:
        await anext(stream)
        assert await anext(stream) == b": beat\n\n"
        service.app.state.live._open["notice"].clear()
        await service.deliver(golden.EVENTS[3])
        assert (await following(stream))[1]["notice_class"] == "assignment_made"


async def test_a_waiting_stream_holds_no_connection(service):
    async with opened(service) as stream:
        await anext(stream)
        waiting = asyncio.create_task(following(stream))
        await kit.eventually(lambda: _subscribed_and_idle(service), what="stream waits")
        assert service.database.engine.pool.checkedout() == 0
        await service.deliver(golden.EVENTS[3])
        await waiting


async def _subscribed_and_idle(service) -> bool:
    return service.app.state.streams.open == 1 and service.database.engine.pool.checkedout() == 0


async def test_a_stream_ends_at_shutdown(service):
    async with opened(service) as stream:
        await anext(stream)
        ending = asyncio.create_task(anext(stream, b"ended"))
        service.app.state.live.close()
        assert await asyncio.wait_for(ending, 60) == b"ended"
    assert service.app.state.streams.open == 0


async def test_over_http_a_stream_ends_with_its_token_after_what_was_missed(service, token):
    await service.deliver(*golden.EVENTS)
    expiring = token("department", organisation="housing", expires_in=-1)
    answer = await service.client.get("/stream", headers={**expiring, "Last-Event-ID": "0"})
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["cache-control"] == "no-store"
    frames = [fields(frame) for frame in answer.content.split(b"\n\n") if frame]
    assert [f["event"] for f in frames] == ["ready"] + ["notice"] * 5
    positions = [int(f["id"]) for f in frames]
    assert positions == sorted(positions)


async def test_a_stream_is_refused_without_token_with_a_strange_position_and_when_full(running, token):
    service = await running("notify", streams_per_process=1)
    assert (await service.client.get("/stream")).status_code == 401
    strange = await service.client.get("/stream", headers={**token("desk"), "Last-Event-ID": "x"})
    assert strange.status_code == 422
    async with opened(service) as stream:
        await anext(stream)
        full = await service.client.get("/stream", headers=token("desk"))
        assert (full.status_code, full.json()["code"]) == (503, "TooManyStreams")


async def test_positions_become_visible_in_their_order(service):
    """A later position never commits before an earlier one: the second writer waits for the first one's commit."""
    async with service.tx() as first:
        await actions.post(first, [golden.EVENTS[0]])

        async def second() -> None:
            async with service.tx() as tx:
                await actions.post(tx, [golden.EVENTS[1]])

        overtaking = asyncio.create_task(second())
        await kit.eventually(lambda: _waits_for_lock(service), what="the second writer waits")
        assert not overtaking.done()
    await overtaking
    async with service.tx() as tx:
        found = (await tx.execute(text("SELECT audience FROM notice ORDER BY position"))).scalars().all()
    assert found == ["transport", "ecology"]


async def _waits_for_lock(service) -> bool:
    async with service.tx() as tx:
        waiting = text(
            "SELECT count(*) FROM pg_locks JOIN pg_database d ON d.oid = database "
            "WHERE locktype = 'advisory' AND NOT granted AND datname = current_database()"
        )
        return bool(await tx.scalar(waiting))
