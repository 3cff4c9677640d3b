"""Golden events in any order and each twice leave the rows that they leave once and in order."""

from __future__ import annotations

import random

from tests import kit
from tests.supervision import golden


async def test_shuffled_and_doubled_events_leave_the_same_rows(running):
    service = await running("supervision")
    for event in golden.EVENTS:
        await service.deliver(event)
    expected = await service.rows()
    assert len(expected["organisation"]) == 2
    assert len(expected["mandate"]) == 2
    assert len(expected["dissatisfied_matter"]) == 3
    for seed in range(kit.SHUFFLES):
        chance = random.Random(seed)
        events = golden.EVENTS * 2
        chance.shuffle(events)
        await kit.wipe(service.database)
        while events:
            size = chance.randint(1, 9)
            await service.deliver(*events[:size])
            del events[:size]
        assert await service.rows() == expected, f"seed {seed}"
