"""Faults of PostgreSQL: rows locked, the server frozen, connections cut, deadlocks and serialization failures."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from uuid import UUID

import asyncpg

from deploy.local.servers import SERVICES
from shared.events import derived_id
from tests.faults.arena import Arena
from tests.faults.residents import Residents
from tests.kit import eventually

_CUT = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = current_user AND pid <> pg_backend_pid()"
_DEADLOCKS = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
_UNSTABLE = """
CREATE SEQUENCE fault_passages;
CREATE FUNCTION fault_conflict() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF nextval('fault_passages') % 3 <> 0 THEN
        RAISE EXCEPTION 'could not serialize access' USING ERRCODE = 'serialization_failure';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER fault BEFORE INSERT ON ledger_line FOR EACH STATEMENT EXECUTE FUNCTION fault_conflict();
"""
_STABLE = "DROP TRIGGER fault ON ledger_line; DROP FUNCTION fault_conflict(); DROP SEQUENCE fault_passages;"


async def locked_frozen_and_cut(arena: Arena, people: Residents, seconds: float) -> str:
    """Rows locked by a stranger, then the whole server frozen, then connections cut again and again."""
    while not await _held_all_rows(arena, seconds):
        pass
    await arena.recovers(people)
    arena.postgres(signal.SIGSTOP)
    try:
        await asyncio.sleep(seconds)
    finally:
        arena.postgres(signal.SIGCONT)
    await arena.recovers(people)
    cut, rounds = 0, max(2, int(seconds / 6))
    for _ in range(rounds):
        for service in SERVICES:
            async with arena.session(service) as session:
                cut += await session.fetchval(_CUT)
        await asyncio.sleep(arena.chance.uniform(0.3, 1.0))
    await arena.recovers(people)
    return f"all rows of cases and opinions locked for {seconds:.0f} s, PostgreSQL frozen for {seconds:.0f} s, {cut} connections cut"


async def _held_all_rows(arena: Arena, seconds: float) -> bool:
    """Whether it got all rows: a batch that locks some of them in another order may meet it half way, and this one gives way."""
    try:
        async with arena.session("routing") as routing, arena.session("intake") as intake, routing.transaction(), intake.transaction():
            await routing.execute("SELECT 1 FROM cases ORDER BY id FOR UPDATE")
            await intake.execute("SELECT 1 FROM opinion ORDER BY id FOR UPDATE")
            await asyncio.sleep(seconds)
    except asyncpg.DeadlockDetectedError:
        return False
    return True


async def deadlocks(arena: Arena, people: Residents, rounds: float) -> str:
    """A stranger takes the rows that a batch is taking, in the opposite order; ledger lines fail to serialize two times in three."""
    async with arena.session("scoring") as session:
        await session.execute(_UNSTABLE)
    try:
        async with arena.session("intake") as session:
            before = await session.fetchval(_DEADLOCKS)
            await _cross(arena, people, session, int(rounds))
            seen = await session.fetchval(_DEADLOCKS) - before
    finally:
        async with arena.session("scoring") as session:
            failed = await session.fetchval("SELECT last_value * 2 / 3 FROM fault_passages")
            await session.execute(_STABLE)
    await arena.recovers(people)
    assert seen and failed, "no conflict happened"
    return f"{seen} deadlocks in intake, about {failed} serialization failures in scoring"


async def _cross(arena: Arena, people: Residents, session: asyncpg.Connection, rounds: int) -> None:
    """Makes deadlocks: holds one row that a batch of intake's wants, waits until it stands before it, then wants the batch's other rows."""
    before = await session.fetchval(_DEADLOCKS)
    while await session.fetchval(_DEADLOCKS) - before < rounds:
        rows = await _one_batch(arena, people, session)
        try:
            with contextlib.suppress(asyncpg.DeadlockDetectedError):
                async with session.transaction():
                    await session.execute("SELECT 1 FROM opinion WHERE id = $1 FOR UPDATE", rows[0])
                    arena.send(arena.pids("intake"), signal.SIGCONT)
                    await arena.waits_for_lock(session)
                    for row in rows[1:]:
                        await session.execute("SELECT 1 FROM opinion WHERE id = $1 FOR UPDATE", row)
        finally:
            arena.send(arena.pids("intake"), signal.SIGCONT)
        # The statistics are told when a transaction has ended.
        await asyncio.sleep(0.6)


async def _one_batch(arena: Arena, people: Residents, session: asyncpg.Connection) -> list[UUID]:
    """Opinions whose cases have been opened while intake was frozen: it has events about all of them before it when it goes on."""
    routing = arena.pids("routing")
    arena.send(routing, signal.SIGSTOP)
    try:
        numbers = await people.many(5)
        at = await session.fetchval("SELECT clock_timestamp()")

        async def published() -> bool:
            return not await session.fetchval("SELECT count(*) FROM kit_outbox WHERE created_at < $1", at)

        await eventually(published, within=arena.pace.patience, what="what was submitted published")
        arena.send(arena.pids("intake"), signal.SIGSTOP)
    finally:
        arena.send(routing, signal.SIGCONT)
    for number in numbers:
        await arena.until_case(number)
    ids = [row["id"] for row in await session.fetch("SELECT id FROM opinion WHERE number = ANY($1)", numbers)]
    # A batch goes by the order of its cases: when it stands before the last, it holds the others.
    return sorted(ids, key=lambda opinion: str(derived_id(opinion, "case")), reverse=True)
