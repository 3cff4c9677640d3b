"""Golden events shuffled and each twice leave the same business rows as once in order."""

from __future__ import annotations

import random
from datetime import UTC, datetime

from services.intake.models import Opinion, Rating
from shared.consumers import wake
from shared.events import Event
from tests import kit
from tests.intake import golden


async def begin_anew(service: kit.Running) -> None:
    """An emptied database with one opinion that was sent, and rated in its first round."""
    await kit.wipe(service.database)
    await put_opinion(service)


async def put_opinion(service: kit.Running) -> None:
    async with service.tx() as tx:
        tx.add(
            Opinion(
                id=golden.OPINION,
                number="320412-2026-ABCDEFGH",
                lookup_salt=b"s",
                lookup_hash=b"h",
                channel="station",
                code_id=golden.CODE,
                target_id=golden.STATION,
                region="320412001",
                title="路灯不亮",
                text="路灯坏了",
                category="construction",
                confidence=1.0,
                category_source="rule",
                profile_version="wujin@1",
                submitted_at=golden.START,
                status_at=golden.START,
            )
        )
        await tx.flush()
        tx.add(Rating(opinion_id=golden.OPINION, round=1, level="dissatisfied", rated_at=datetime(2026, 5, 12, tzinfo=UTC)))
        await wake(tx, "opinion", golden.OPINION)


async def deliver_in_batches(service: kit.Running, events: list[Event], rng: random.Random) -> None:
    while events:
        size = rng.randint(1, 8)
        batch, events = events[:size], events[size:]
        await service.deliver(*batch)


async def test_replay_in_any_order_and_twice_leaves_the_same_rows(intake: kit.Running) -> None:
    events = golden.events(golden.OPINION)
    await begin_anew(intake)
    for event in events:
        await intake.deliver(event)
    expected = await intake.rows()
    assert len(expected["timeline_entry"]) == len(golden.case_events(golden.OPINION))
    for seed in range(kit.SHUFFLES):
        await begin_anew(intake)
        rng = random.Random(seed)
        shuffled = [*events, *events]
        rng.shuffle(shuffled)
        await deliver_in_batches(intake, shuffled, rng)
        assert await intake.rows() == expected, f"seed {seed}"


async def test_the_rows_after_a_replay_are_those_of_the_story_s_end(intake: kit.Running) -> None:
    await begin_anew(intake)
    await intake.deliver(*reversed(golden.events(golden.OPINION)))
    async with intake.tx() as tx:
        opinion = await tx.get_one(Opinion, golden.OPINION)
    assert (opinion.status, opinion.round, opinion.replied_round, opinion.status_version) == ("closed", 2, 2, 10)
    rows = await intake.rows()
    assert '"区交通运输局"' in "".join(rows["organisation"])
    assert '"湖塘联络站"' in "".join(rows["station"])
    assert len(rows["revoked_code"]) == 1
    assert '"suspended"' in "".join(rows["deputy"])
    assert '"湖塘镇"' in "".join(rows["region"])


async def test_events_that_came_before_their_opinion_take_effect_once_it_is_there(intake: kit.Running) -> None:
    events = golden.events(golden.OPINION)
    await begin_anew(intake)
    await intake.deliver(*events)
    expected = await intake.rows()
    await kit.wipe(intake.database)
    await intake.deliver(*events, *events)
    assert not (await intake.rows())["timeline_entry"]
    await put_opinion(intake)
    await intake.deliver()
    assert await intake.rows() == expected
