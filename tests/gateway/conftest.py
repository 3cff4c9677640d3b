"""Fixtures of the gateway's tests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest_asyncio

from tests.gateway.serving import Upstream, gateway, served, settings


class Suite:
    """An upstream called `intake`, and gateways in front of it."""

    def __init__(self, stack: AsyncExitStack) -> None:
        self._stack = stack
        self.intake = Upstream()
        self.intake_port = self.port = 0

    async def start(self, *, upstreams: dict[str, int] | None = None, **options: Any) -> httpx.AsyncClient:
        """A gateway with these settings and a client of it."""
        self.intake_port = await self._stack.enter_async_context(served(self.intake))
        chosen = settings({"intake": self.intake_port} | (upstreams or {}), **options)
        self.port = await self._stack.enter_async_context(gateway(chosen))
        return await self._stack.enter_async_context(httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.port}", timeout=10, verify=False))


@pytest_asyncio.fixture
async def suite() -> AsyncIterator[Suite]:
    """`client = await suite.start(...)`; what reached the service is in `suite.intake`."""
    async with AsyncExitStack() as stack:
        yield Suite(stack)
