"""What the kit promises of events, on a real JetStream: each takes effect once, late ones wait, poison goes alone."""

from __future__ import annotations

import orjson
from nats.aio.client import Client

from deploy.local.servers import LocalServers
from shared import dead
from shared.codec import headers_of
from shared.consumers import Consumers
from shared.db import Tx
from shared.delivery import Delivery
from shared.events.base import Event
from shared.settings import ServiceSettings
from tests.kit import SITE, eventually, incoming_of
from tests.shared import service as tiny
from tests.shared.service import Behaviour, MarkMade, started


async def publish(operator: Client, event: MarkMade, *, msg_id: str | None = None, body: bytes | None = None) -> None:
    told = event.model_copy(update={"site": SITE})
    headers = headers_of(told, None)
    if msg_id:
        headers["Nats-Msg-Id"] = msg_id
    await operator.jetstream().publish(told.subject(SITE), body if body is not None else orjson.dumps(told.data()), headers=headers)


async def test_an_event_takes_effect_once_however_often_the_stream_holds_it(settings: ServiceSettings, operator: Client) -> None:
    event = MarkMade(mark="a")
    for n in range(5):
        await publish(operator, event, msg_id=f"another-{n}")
    await publish(operator, MarkMade(mark="last"))
    async with started(settings) as service:
        await eventually(lambda: service.scalar("SELECT times FROM mark WHERE name = 'last'"))
        assert await service.times() == {"a": 1, "last": 1}


async def test_what_a_transaction_emits_is_published_exactly_when_it_commits(settings: ServiceSettings, operator: Client) -> None:
    async with started(settings) as service:
        await service.client.post("/refuse", json={"mark": "refused"})
        response = await service.client.post("/marks", json={"mark": "kept"})
        assert response.status_code == 201
        await eventually(lambda: service.scalar("SELECT times FROM mark WHERE name = 'kept' AND times = 1"))
        assert await service.times() == {"kept": 1}
        await eventually(lambda: service.scalar("SELECT count(*) = 0 FROM kit_outbox"))
    info = await operator.jetstream().stream_info("EVENTS", subjects_filter=">")
    assert info.state.subjects == {MarkMade.subject(SITE): 1, tiny.MarkCounted.subject(SITE): 1}


async def test_poison_in_a_batch_of_100_goes_to_the_dead_stream_alone(settings: ServiceSettings, operator: Client) -> None:
    poison = MarkMade(mark="poison")
    for n in range(100):
        if n == 50:
            await publish(operator, poison, body=b"\x80 no json")
        else:
            await publish(operator, MarkMade(mark=f"m{n}"))
    async with started(settings) as service:
        await eventually(lambda: service.scalar("SELECT count(*) = 99 FROM mark WHERE times = 1"))
        found = await eventually(lambda: _letters(operator))
    assert [letter.headers["ce-id"] for letter in found] == [str(poison.id)]
    assert found[0].reason.startswith("NotReadable") and found[0].service == "scoring"


async def test_a_batch_that_lost_a_deadlock_is_tried_again_whole(settings: ServiceSettings) -> None:
    async with started(settings) as service:
        events = [MarkMade(mark=f"m{n}", fault="conflicts" if n == 10 else None) for n in range(20)]
        await service.app.state.listener.delivery.apply([incoming_of(event) for event in events])
        assert set((await service.times()).values()) == {1}
        assert await service.scalar("SELECT count(DISTINCT xmin::text) FROM kit_inbox") == 1, "one transaction, not one for each event"


async def test_one_bad_event_costs_the_others_of_its_batch_few_transactions(settings: ServiceSettings) -> None:
    async with started(settings) as service:
        events = [MarkMade(mark=f"m{n}", fault="raises" if n == 20 else None) for n in range(32)]
        await service.app.state.listener.delivery.apply([incoming_of(event) for event in events])
        assert len(await service.times()) == 31
        assert await service.scalar("SELECT count(DISTINCT xmin::text) FROM kit_inbox") == 5, "16, 8, 4, 2 and 1 of them"


async def test_events_handled_singly_are_committed_fifty_at_a_time(settings: ServiceSettings) -> None:
    async with started(settings) as service:
        await service.app.state.listener.delivery.apply([incoming_of(MarkMade(mark=f"m{n}")) for n in range(120)])
        assert len(await service.times()) == 120
        assert await service.scalar("SELECT count(DISTINCT xmin::text) FROM kit_inbox") == 3


async def test_events_of_several_kinds_are_handled_in_the_order_of_what_they_are_about(settings: ServiceSettings) -> None:
    order: list[str] = []
    registry = Consumers(tiny.NAME)

    @registry.on(MarkMade, since="start")
    async def made(tx: Tx, event: MarkMade) -> None:
        order.append(event.mark)

    @registry.on(tiny.MarkCounted, since="start")
    async def counted(tx: Tx, event: tiny.MarkCounted) -> None:
        order.append(event.mark)

    async with started(settings) as service:
        delivery = Delivery(service.database, registry, service.app.state.metrics)
        batch: list[Event] = [MarkMade(mark="c"), tiny.MarkCounted(mark="a"), tiny.MarkCounted(mark="b"), MarkMade(mark="a")]
        await delivery.apply([incoming_of(event) for event in batch])
    assert order == ["a", "a", "b", "c"], "replicas take row locks in one order, whatever the events say of the rows"


async def test_a_defect_is_retried_then_buried_and_a_replay_after_the_fix_heals_it(settings: ServiceSettings, operator: Client) -> None:
    behaviour = Behaviour()
    async with started(settings, behaviour) as service:
        await service.send(MarkMade(mark="bad", fault="raises"), *(MarkMade(mark=f"good{n}") for n in range(20)))
        letter = (await eventually(lambda: _letters(operator)))[0]
        assert letter.attempts == settings.attempts
        assert 0 <= behaviour.entered.count("bad") - settings.attempts <= 5, "tries in a batch with others, 21 halved, are not counted"
        assert "RuntimeError" in letter.reason and "tests/shared/service.py" in letter.reason
        assert "secret words" not in letter.reason
        assert len(await service.times()) == 20
        behaviour.mended = True
        await dead.replay(operator, letter.number)
        await eventually(lambda: service.scalar("SELECT times FROM mark WHERE name = 'bad'"))
        assert await service.times() == {"bad": 1, **{f"good{n}": 1 for n in range(20)}}
        assert await _letters(operator) == []


async def test_an_early_event_waits_for_what_it_needs_and_takes_effect_once(settings: ServiceSettings, operator: Client) -> None:
    late, early = MarkMade(mark="late"), MarkMade(mark="early", needs="late")
    async with started(settings.model_copy(update={"park_retry": 60.0})) as service:
        await publish(operator, early)
        await publish(operator, early, msg_id="again")
        await eventually(lambda: service.scalar("SELECT waits_for FROM kit_parked"))
        await service.send(late)
        await eventually(lambda: service.scalar("SELECT times FROM mark WHERE name = 'early'"))
        assert await service.times() == {"early": 1, "late": 1}
        assert await service.scalar("SELECT count(*) FROM kit_parked") == 0


async def test_an_early_event_whose_day_has_passed_is_buried_and_can_be_replayed(settings: ServiceSettings, operator: Client) -> None:
    async with started(settings.model_copy(update={"park_days": 0.5 / 86_400})) as service:
        await service.send(MarkMade(mark="orphan", needs="nobody"))
        letter = (await eventually(lambda: _letters(operator)))[0]
        assert letter.reason.startswith("Early: waits for mark")
        await service.send(MarkMade(mark="nobody"))
        await eventually(lambda: service.scalar("SELECT times FROM mark WHERE name = 'nobody'"))
        await dead.replay(operator, letter.number)
        await eventually(lambda: service.scalar("SELECT times FROM mark WHERE name = 'orphan'"))
        assert await service.times() == {"nobody": 1, "orphan": 1}


async def test_two_replicas_and_a_shuffled_flood_leave_each_effect_once(settings: ServiceSettings, servers: LocalServers) -> None:
    marks = [MarkMade(mark=f"m{n % 150:03}") for n in range(600)]
    async with started(settings, batch=True) as first, started(settings, batch=True):
        await first.send(*marks[::2])
        await first.send(*marks[1::2])
        await eventually(lambda: first.scalar("SELECT sum(times) = 600 FROM mark"), within=20)
        await eventually(lambda: first.scalar("SELECT count(*) = 0 FROM kit_outbox"))
        assert set((await first.times()).values()) == {4}


async def test_a_deleted_consumer_is_made_anew_where_it_stood(settings: ServiceSettings, operator: Client) -> None:
    async with started(settings) as service:
        await service.send(*(MarkMade(mark=f"a{n}") for n in range(50)))
        await eventually(lambda: service.scalar("SELECT count(*) = 50 FROM mark"))
        await eventually(lambda: service.scalar("SELECT ack_floor >= 50 FROM kit_cursor"))
        await operator.jetstream().delete_consumer("EVENTS", "scoring")
        await service.send(*(MarkMade(mark=f"b{n}") for n in range(50)))
        await eventually(lambda: service.scalar("SELECT count(*) = 100 FROM mark"), within=15)
        info = await operator.jetstream().consumer_info("EVENTS", "scoring")
        assert info.config.opt_start_seq and info.config.opt_start_seq > 50
        assert set((await service.times()).values()) == {1}


async def test_a_handler_for_since_now_does_not_hear_the_past(settings: ServiceSettings, operator: Client) -> None:
    await publish(operator, MarkMade(mark="before"))
    async with started(settings, since="now") as service:
        await eventually(lambda: service.scalar("SELECT from_seq FROM kit_subscription WHERE event LIKE '%mark_made%'"))
        await service.send(MarkMade(mark="after"))
        await eventually(lambda: service.scalar("SELECT times FROM mark WHERE name = 'after'"))
        assert await service.times() == {"after": 1}


async def test_a_handler_added_later_hears_the_past_through_a_backfill(settings: ServiceSettings, operator: Client) -> None:
    from shared.app import create_app
    from shared.consumers import Consumers

    bare = create_app("scoring", settings=settings, consumers=Consumers("scoring"))
    async with bare.router.lifespan_context(bare):
        await publish(operator, MarkMade(mark="past"))
        await eventually(lambda: _consumer_exists(operator))
    async with started(settings) as service:
        await eventually(lambda: service.scalar("SELECT times FROM mark WHERE name = 'past'"))
        await service.send(MarkMade(mark="new"))
        await eventually(lambda: service.scalar("SELECT times FROM mark WHERE name = 'new'"))
        assert await service.times() == {"past": 1, "new": 1}


async def test_an_event_too_large_for_the_broker_is_parked_and_blocks_nobody(settings: ServiceSettings) -> None:
    async with started(settings) as service:
        await service.send(MarkMade(mark="huge", padding="x" * 1_100_000), MarkMade(mark="small"))
        await eventually(lambda: service.scalar("SELECT times FROM mark WHERE name = 'small'"))
        assert "bytes" in await service.scalar("SELECT parked_reason FROM kit_outbox WHERE parked_reason IS NOT NULL")
        flow = (await service.client.get("/health/flow")).json()
        assert "outbox_row_parked" in flow["troubles"]


async def _letters(operator: Client) -> list[dead.DeadLetter]:
    return [letter async for letter in dead.letters(operator)]


async def _consumer_exists(operator: Client) -> bool:
    return any(info.name == "scoring" for info in await operator.jetstream().consumers_info("EVENTS"))
