"""What an event gives rise to says when it all began, through any number of services (decision record 0017)."""

from __future__ import annotations

from nats.aio.client import Client

from shared.bus import EVENTS
from shared.codec import BEGUN
from shared.settings import ServiceSettings
from tests.kit import eventually
from tests.shared.service import MarkMade, started


async def test_an_event_that_another_gave_rise_to_carries_the_time_at_which_the_first_occurred(
    settings: ServiceSettings, operator: Client
) -> None:
    made, late = MarkMade(mark="early"), MarkMade(mark="late", needs="early")
    async with started(settings) as service:
        await service.send(late)
        await eventually(lambda: service.scalar("SELECT count(*) = 1 FROM kit_parked"))
        await service.send(made)
        await eventually(lambda: service.scalar("SELECT count(*) = 2 FROM mark WHERE times = 1"))
        await eventually(lambda: service.scalar("SELECT count(*) = 0 FROM kit_outbox"))
    told = [dict((await operator.jetstream().get_msg(EVENTS, seq)).headers or {}) for seq in range(1, 5)]
    for event in (made, late):
        own = next(headers for headers in told if headers["ce-id"] == str(event.id))
        assert BEGUN not in own
        counted = [h for h in told if h["ce-type"].startswith("scoring.mark_counted") and h["ce-subject"] == event.mark]
        assert [headers[BEGUN] for headers in counted] == [own["ce-time"]]
