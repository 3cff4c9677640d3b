"""A service that is asked to stop ends, also when a job in it misses the first request."""

from __future__ import annotations

import asyncio

import pytest
from fastapi import FastAPI

from shared import app as kit
from shared.settings import ServiceSettings


async def test_a_job_that_missed_its_cancellation_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kit, "_STOPS_WITHIN", 0.05)
    missed = []

    async def deaf_once(app: FastAPI) -> None:
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                # As `asyncio.wait_for` of Python 3.11 does when its result comes in the same moment.
                if missed:
                    raise
                missed.append(True)

    service = kit.create_app("gateway", settings=ServiceSettings(), database=False)
    service.state.background.append(deaf_once)

    async def serve() -> None:
        async with service.router.lifespan_context(service):
            await asyncio.sleep(0)

    await asyncio.wait_for(serve(), 30)
    assert missed
