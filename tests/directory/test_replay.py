"""Golden events shuffled and each twice leave the same rows as once in order."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from typing import Any

from sqlalchemy import text

from tests import kit
from tests.directory.golden import EVENTS


async def _state(service: kit.Running) -> tuple[Any, ...]:
    async with service.tx() as tx:
        known = (await tx.execute(text("SELECT kid, use, public, set_no FROM kit_key ORDER BY kid"))).all()
    return await service.rows(), known


async def test_keys_heard_shuffled_and_twice_are_the_keys_heard_once(running: Callable[..., Awaitable[kit.Running]]) -> None:
    service = await running("directory")
    await service.deliver(*EVENTS)
    expected = await _state(service)
    assert [row.kid for row in expected[1]] == ["token-3", "token-4"]
    for seed in range(kit.SHUFFLES):
        await kit.wipe(service.database)
        shuffled = [*EVENTS, *EVENTS]
        random.Random(seed).shuffle(shuffled)
        half = len(shuffled) // 2
        await service.deliver(*shuffled[:half])
        await service.deliver(*shuffled[half:])
        assert await _state(service) == expected, seed
