"""Golden events in any order and each twice leave the notices that they leave once and in order."""

from __future__ import annotations

import random

from services.notify import actions
from shared.events.notify import NoticePosted
from tests import kit
from tests.notify import golden


async def test_shuffled_and_doubled_events_leave_the_same_notices(running):
    service = await running("notify")
    for event in golden.EVENTS:
        await service.deliver(event)
    expected = await service.rows()
    assert len(expected["notice"]) == 19
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
        posted = await service.outbox()
        assert all(isinstance(e, NoticePosted) for e in posted)
        assert len(posted) == 19, f"seed {seed}"


async def test_notices_hold_no_free_text(running):
    service = await running("notify")
    await service.deliver(*golden.EVENTS)
    everything = str(await service.rows()) + str(await service.outbox())
    for words in ("路灯", "不属于", "王局长"):
        assert words not in everything


async def test_an_event_that_slips_past_the_inbox_still_makes_one_notice(running):
    service = await running("notify")
    for _ in range(2):
        async with service.tx() as tx:
            await actions.post(tx, [golden.EVENTS[4]])
    assert len((await service.rows())["notice"]) == 2
    assert len(await service.outbox()) == 2
