"""A transaction is the driver's own, whatever runs in it: whole or not at all, and its connection goes back without it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from shared.db import Database, Tx, is_outage
from shared.settings import ServiceSettings
from shared.tables import KnownKey
from tests.kit import eventually
from tests.shared import service as tiny

_BY_DRIVER = "INSERT INTO mark (name, times) VALUES ($1, 1)"
_BY_SESSION = text("INSERT INTO mark (name, times) VALUES (:name, 1)")
_MARKS = text("SELECT name FROM mark ORDER BY name")
_WHO = "SELECT pg_backend_pid() AS pid"


@pytest_asyncio.fixture
async def single(settings: ServiceSettings) -> AsyncIterator[Database]:
    """A database with one connection: what one transaction leaves on it meets the next."""
    database = Database(tiny.NAME, settings.model_copy(update={"pool_size": 1, "pool_overflow": 0}))
    yield database
    await database.close()


async def marks(database: Database) -> list[str]:
    async with database.alone() as connection:
        return [row["name"] for row in await connection.fetch(str(_MARKS))]


async def both(tx: Tx) -> None:
    await tx.run(_BY_DRIVER, "driver")
    await tx.execute(_BY_SESSION, {"name": "session"})


async def test_what_the_driver_and_the_session_write_commits_together(single: Database) -> None:
    async with single.transaction() as tx:
        await both(tx)
        assert await marks_seen_by_others(single) == []
    assert await marks(single) == ["driver", "session"]


async def marks_seen_by_others(database: Database) -> list[str]:
    other = Database(tiny.NAME, database.settings)
    try:
        return await marks(other)
    finally:
        await other.close()


async def test_what_the_driver_and_the_session_write_is_undone_together(single: Database) -> None:
    async def work() -> None:
        async with single.transaction() as tx:
            await both(tx)
            raise RuntimeError("changed its mind")

    with pytest.raises(RuntimeError, match="changed its mind"):
        await work()
    assert await marks(single) == []


async def test_after_a_refused_statement_the_connection_is_used_again(single: Database) -> None:
    async with single.transaction() as tx:
        (first,) = await tx.run(_WHO)
        await both(tx)
    with pytest.raises(IntegrityError):
        async with single.transaction() as tx:
            await tx.execute(_BY_SESSION, {"name": "session"})
    async with single.transaction() as tx:
        (second,) = await tx.run(_WHO)
        await tx.run(_BY_DRIVER, "after")
    assert second["pid"] == first["pid"]
    assert await marks(single) == ["after", "driver", "session"]


@pytest.mark.parametrize("slow", ["SELECT pg_sleep(30)", None])
async def test_a_cancelled_transaction_leaves_nothing_behind(single: Database, slow: str | None) -> None:
    begun = asyncio.Event()

    async def work() -> None:
        async with single.transaction() as tx:
            await both(tx)
            begun.set()
            await (tx.run(slow) if slow else asyncio.Event().wait())

    task = asyncio.create_task(work())
    await begun.wait()
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert single.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
    assert await marks(single) == []
    async with single.transaction() as tx:
        await both(tx)
    assert await marks(single) == ["driver", "session"]


async def test_a_connection_that_the_server_has_closed_is_replaced_before_use(single: Database) -> None:
    async with single.transaction() as tx:
        (row,) = await tx.run(_WHO)
        driver = await tx.driver()
    other = Database(tiny.NAME, single.settings)
    async with other.transaction() as tx:
        await tx.run("SELECT pg_terminate_backend($1, 5000)", row["pid"])
    await other.close()

    async def is_closed() -> bool:
        return bool(driver.is_closed())

    await eventually(is_closed)
    async with single.transaction() as tx:
        await both(tx)
    assert await marks(single) == ["driver", "session"]


async def by_driver(tx: Tx) -> None:
    await tx.run(_WHO)


async def by_session(tx: Tx) -> None:
    await tx.execute(_MARKS)


async def by_flush(tx: Tx) -> None:
    tx.add(KnownKey(kid="k", use="code", public="p", set_no=1))


@pytest.mark.parametrize("statement", [by_driver, by_session, by_flush])
async def test_a_connection_cut_within_a_transaction_is_an_outage_and_no_defect(
    single: Database, statement: Callable[[Tx], Awaitable[None]]
) -> None:
    other = Database(tiny.NAME, single.settings)

    async def work() -> None:
        async with single.transaction() as tx:
            await both(tx)
            (row,) = await tx.run(_WHO)
            async with other.transaction() as killer:
                await killer.run("SELECT pg_terminate_backend($1, 5000)", row["pid"])
            await statement(tx)

    with pytest.raises(Exception) as raised:  # noqa: PT011 - whose class it is, is the driver's affair
        await work()
    assert is_outage(raised.value), raised.value
    await other.close()
    assert await marks(single) == []


async def test_a_commit_that_does_not_wait_for_the_disk_says_so_for_itself_only(single: Database) -> None:
    async with single.transaction(durable=False) as tx:
        (row,) = await tx.run("SELECT current_setting('synchronous_commit') AS said")
    assert row["said"] == "off"
    async with single.transaction() as tx:
        (row,) = await tx.run("SELECT current_setting('synchronous_commit') AS said")
    assert row["said"] == "on"


async def test_connections_are_given_in_the_order_in_which_they_were_asked_for(single: Database) -> None:
    order = []

    async def use(name: str) -> None:
        for _ in range(3):
            async with single.alone() as connection:
                await connection.execute("SELECT 1")
                order.append(name)

    await asyncio.gather(*(use(name) for name in "abc"))
    assert "".join(order) == "abcabcabc"


async def test_who_waits_too_long_for_a_connection_is_told_so_and_blocks_nobody(settings: ServiceSettings) -> None:
    database = Database(tiny.NAME, settings.model_copy(update={"pool_size": 1, "pool_overflow": 0, "pool_wait": 1.0}))
    async with database.alone():
        with pytest.raises(PoolTimeout):
            async with database.alone():
                pass
    async with database.transaction() as tx:
        await both(tx)
    assert await marks(database) == ["driver", "session"]
    await database.close()
