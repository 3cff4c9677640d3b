"""Talking to the bus as one of its users, and noticing what the server refuses."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import nats
from nats.aio.client import Client

from deploy.local.servers import LocalServers


async def connect(servers: LocalServers, user: str, refusals: list[str] | None = None) -> Client:
    """A connection of `user`; what the server refuses is appended to `refusals`."""

    async def note(error: Exception) -> None:
        if refusals is not None:
            refusals.append(str(error))

    return await nats.connect(
        servers.nats_url,
        nkeys_seed_str=servers.nats_seed(user),
        inbox_prefix=f"_INBOX.{user}".encode(),
        error_cb=note,
        max_reconnect_attempts=0,
    )


async def settle(client: Client) -> None:
    """Wait until the server has answered all that was sent, refusals included."""
    await client.flush()  # nats-py sends this ping ahead of what is still in its buffer,
    await client.flush()  # so only the second answer comes after the refusal


def refusals_of(servers: LocalServers, user: str, act: Callable[[Client], Awaitable[Any]]) -> list[str]:
    """What the server refuses when `user` does `act`."""
    refusals: list[str] = []

    async def run() -> None:
        client = await connect(servers, user, refusals)
        await act(client)
        await settle(client)
        await client.close()

    asyncio.run(run())
    return refusals
