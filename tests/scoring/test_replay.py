"""Events in any order and each twice leave one ledger, which is the replay of the events, and tell each deputy exactly it."""

from __future__ import annotations

import asyncio
import random
import uuid
from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal

from sqlalchemy import text

from services.scoring import actions, queries, rules
from services.scoring.rules import Line
from shared.events import Event, derived_id
from shared.events.scoring import PointsPosted
from tests import kit
from tests.scoring import golden
from tests.scoring.story import history


async def deliver(service: kit.Running, events: Iterable[Event], chance: random.Random) -> None:
    """Each event twice, shuffled, in batches of any size."""
    doubled = [*events, *events]
    chance.shuffle(doubled)
    while doubled:
        size = chance.randint(1, 20)
        await service.deliver(*doubled[:size])
        del doubled[:size]


def _facts(line: Line | queries.Owned) -> tuple[object, ...]:
    return line.id, line.item, line.points, line.evidence, line.occurred_at, line.rule_version


async def ledgers(service: kit.Running) -> dict[uuid.UUID, set[tuple[object, ...]]]:
    """Deputy → the lines that SQL puts on the account."""
    found = defaultdict(set)
    async with service.tx() as tx:
        for line in (await queries.owners(tx)).values():
            found[line.deputy_id].add(_facts(line))
    return dict(found)


def told(events: list[Event]) -> dict[tuple[uuid.UUID, uuid.UUID], Decimal]:
    """(deputy, line) → the points that `PointsPosted` told of, taken back ones taken back."""
    sums: dict[tuple[uuid.UUID, uuid.UUID], Decimal] = defaultdict(Decimal)
    for event in events:
        assert isinstance(event, PointsPosted)
        sums[event.deputy_id, event.line_id] += event.points
    return {key: points for key, points in sums.items() if points}


async def test_shuffled_and_doubled_events_leave_the_same_rows(running):
    service = await running("scoring")
    for event in golden.ALL:
        await service.deliver(event)
    expected = await service.rows()
    assert len(expected["ledger_line"]) == 17
    for seed in range(kit.SHUFFLES):
        await kit.wipe(service.database)
        await deliver(service, golden.ALL, random.Random(seed))
        assert await service.rows() == expected, f"seed {seed}"


async def test_the_golden_ledger_is_what_a_person_reckons(running):
    service = await running("scoring")
    await service.deliver(*golden.ALL)
    found = await ledgers(service)
    hours = {deputy: sorted((line[4] - golden.START).total_seconds() / 3600 for line in lines) for deputy, lines in found.items()}
    assert hours == {golden.FIRST: [1.0, 1.1, 1.3, 3.0, 3.0, 3.0, 11.0, 13.0, 14.0, 15.0], golden.SECOND: [3.0, 7.0, 14.0]}


async def test_the_ledger_is_the_replay_of_its_events_in_whatever_order_they_came(running):
    service = await running("scoring")
    lines = 0
    for seed in range(kit.SHUFFLES):
        chance = random.Random(seed)
        events = history(chance, 30)
        await kit.wipe(service.database)
        await deliver(service, events, chance)
        replayed = rules.recompute(events, service.database.policy)
        assert await ledgers(service) == {d: {_facts(x) for x in ledger} for d, ledger in replayed.items()}, f"seed {seed}"
        async with service.tx() as tx:
            summed = await queries.sums(tx, 2026)
        assert {d: sum(points for _, points in items.values()) for d, items in summed.items()} == {
            d: sum(line.points for line in ledger) for d, ledger in replayed.items()
        }, f"seed {seed}"
        owed = {(d, line.id): line.points for d, ledger in replayed.items() for line in ledger}
        assert told(await service.outbox()) == owed, f"seed {seed}"
        lines += len(owed)
    assert lines > 4 * kit.SHUFFLES


async def test_an_opinion_and_its_station_heard_side_by_side_are_told_of_once(running):
    service = await running("scoring")
    await service.deliver(golden.mandate(0, 1))
    async with service.tx() as posting:
        await actions.post(posting, [golden.opinion(1)])

        async def station() -> None:
            async with service.tx() as tx:
                await actions.note_station(tx, golden.station(0.2, 1, golden.FIRST))

        beside = asyncio.create_task(station())
        await kit.eventually(lambda: _waits_for_lock(service), what="the station waits for the opinion")
        assert not beside.done()
    await beside
    assert told(await service.outbox()) == {(golden.FIRST, derived_id(golden.opinion(1).id, rules.OPINION_TAKEN_IN)): Decimal("0.5")}


async def _waits_for_lock(service: kit.Running) -> bool:
    async with service.tx() as tx:
        waiting = text(
            "SELECT count(*) FROM pg_locks JOIN pg_database d ON d.oid = database "
            "WHERE locktype = 'advisory' AND NOT granted AND datname = current_database()"
        )
        return bool(await tx.scalar(waiting))
