"""What a relay takes up and takes out: one window at a time, and nothing twice that the stream holds."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from shared.bus import Bus
from shared.db import Database
from shared.metrics import Metrics
from shared.relay import Relay
from shared.settings import ServiceSettings
from tests.shared import service as tiny

_FILL = "INSERT INTO kit_outbox (id, subject, headers, body) SELECT gen_random_uuid(), 'lx.test', '{}', '' FROM generate_series(1, 50)"


@pytest.mark.parametrize("avoided", [(), ("hashjoin", "mergejoin", "material", "memoize", "hashagg", "sort")])
async def test_a_relay_never_takes_more_than_its_window(settings: ServiceSettings, avoided: tuple[str, ...]) -> None:
    database = Database(tiny.NAME, settings.model_copy(update={"relay_window": 10}))
    relay = Relay(database, Bus(tiny.NAME, settings), Metrics(tiny.NAME))
    async with database.transaction() as tx:
        await tx.execute(text(_FILL))
    sizes = []
    for _ in range(6):
        async with database.alone() as connection, connection.transaction():
            for way in avoided:
                await connection.execute(f"SET LOCAL enable_{way} = off")
            sizes.append(len(await relay._claim(connection)))
    await database.close()
    assert sizes == [10, 10, 10, 10, 10, 0]


async def test_what_the_stream_holds_goes_out_though_its_lease_has_ended_meanwhile(settings: ServiceSettings) -> None:
    database = Database(tiny.NAME, settings.model_copy(update={"relay_window": 100, "relay_lease": -1.0}))
    relay = Relay(database, Bus(tiny.NAME, settings), Metrics(tiny.NAME))
    async with database.transaction() as tx:
        await tx.execute(text(_FILL))
    async with database.alone() as connection:
        first = await relay._claim(connection)
        again = await relay._claim(connection, [row["id"] for row in first[:30]])
    await database.close()
    assert (len(first), len(again)) == (50, 20)
