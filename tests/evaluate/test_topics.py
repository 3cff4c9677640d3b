"""Topics on real messages streamed in order of time, as they are and with their names replaced: `make evaluate-topics` prints the figures."""

from __future__ import annotations

import time
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from sqlalchemy import select
from sqlmodel import col

from services.intake.topics import actions
from services.intake.topics.models import Reading, Topic
from tests import kit
from tests.evaluate import material

pytestmark = pytest.mark.slow

NAMES = ("丽发新城", "伊景园", "58车贷")
INVENTED = {"as they are": NAMES, "invented": ("芸泽佳园", "槐荫榭", "77易融"), "invented, longer": ("望岳府", "鹭洲海棠里", "铜钱袋子")}


async def placed(service: kit.Running, messages: list[material.Message]) -> dict[int, uuid.UUID]:
    """The topic of each message, after all were placed by the clock's own verb."""
    await material.put(service, messages)
    began, done = time.perf_counter(), 1
    while done:
        async with service.tx() as tx:
            done = await actions.place_new(tx)
    print(f"ms_per_message={(time.perf_counter() - began) / len(messages) * 1000:.1f}")
    async with service.tx() as tx:
        found = dict((await tx.execute(select(col(Reading.opinion_id), col(Reading.topic_id)))).tuples().all())
        sizes = dict((await tx.execute(select(col(Topic.id), col(Topic.size)).where(col(Topic.state) == "open"))).tuples().all())
    assert len(found) == len(messages)
    counted = Counter(one for one in found.values() if one)
    assert counted == Counter({one: n for one, n in sizes.items() if n}), "a topic's size is not the number of its messages"
    print(f"topics={len(counted)} placed={sum(counted.values())} largest={[n for _, n in counted.most_common(8)]}")
    return {n: topic for n in range(len(messages)) if (topic := found[material.id_of(n)])}


@pytest.mark.parametrize("version", INVENTED)
async def test_messages_that_name_one_thing_end_in_one_topic_of_their_own(
    running: Callable[..., Awaitable[kit.Running]], version: str
) -> None:
    messages = material.with_likes()
    names = INVENTED[version]
    for real, invented in zip(NAMES, names, strict=True):
        messages = [replace(m, title=m.title.replace(real, invented), text=m.text.replace(real, invented)) for m in messages]
    topics = await placed(await running("intake"), messages)
    missed = []
    for name in names:
        naming = {n for n, m in enumerate(messages) if name in m.title or name in m.text}
        topic, together = Counter(topics[n] for n in naming if n in topics).most_common(1)[0]
        members = sum(one == topic for one in topics.values())
        print(f"{version}: {name} messages={len(naming)} in_one_topic={together / len(naming):.3f} purity={together / members:.3f}")
        if together < 0.8 * len(naming) or together < 0.8 * members:
            missed.append(name)
    assert not missed
