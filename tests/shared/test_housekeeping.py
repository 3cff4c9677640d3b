"""What has had its time is removed, a batch at a time; what has not is left alone; a sweep that stands is seen."""

from __future__ import annotations

import asyncio

import pytest
from pydantic import ValidationError
from sqlalchemy import text

from shared.db import Tx
from shared.housekeeping import purge
from shared.settings import ServiceSettings
from shared.sweeps import Sweep, run_forever
from tests.kit import eventually
from tests.shared.service import started

_OLD = (
    "INSERT INTO kit_inbox SELECT gen_random_uuid(), 'scoring', now() - interval '181 days' FROM generate_series(1, 25)",
    "INSERT INTO kit_inbox SELECT gen_random_uuid(), 'scoring', now() - interval '179 days' FROM generate_series(1, 5)",
    "INSERT INTO kit_answer SELECT decode(md5(n::text), 'hex'), '', 201, '', now() - interval '49 hours' FROM generate_series(1, 15) n",
    "INSERT INTO kit_answer SELECT decode(md5(n::text), 'hex'), '', 201, '', now() - interval '47 hours' FROM generate_series(50, 52) n",
    "INSERT INTO kit_failure SELECT n::text, 'scoring', 1, '', now() - n * interval '20 days' FROM generate_series(1, 3) n",
)
_OURS = "SELECT count(*) FROM kit_inbox WHERE at < now() - interval '1 day'"
"""What the running service hears meanwhile, an earlier test's events say, is not ours."""
_LEFT = f"SELECT ({_OURS}), (SELECT count(*) FROM kit_answer), (SELECT count(*) FROM kit_failure)"


async def test_inbox_answers_and_failures_are_purged_in_batches_and_the_young_ones_stay(settings: ServiceSettings) -> None:
    async with started(settings.model_copy(update={"purge_batch": 10, "purge_every": 3600.0})) as service:
        async with service.database.transaction() as tx:
            for statement in _OLD:
                await tx.execute(text(statement))
        rounds: list[int] = []
        while not rounds or rounds[-1]:
            async with service.database.transaction() as tx:
                rounds.append(await purge(tx))
        assert rounds == [2, 1, 0], "ten of each, then ten of the inbox alone, then the rest"
        async with service.database.transaction() as tx:
            assert tuple((await tx.execute(text(_LEFT))).one()) == (5, 3, 1)


async def test_the_service_purges_by_itself(settings: ServiceSettings) -> None:
    async with started(settings.model_copy(update={"purge_batch": 10, "purge_every": 0.1, "purge_pause": 0.01})) as service:
        async with service.database.transaction() as tx:
            await tx.execute(text(_OLD[0]))
        await eventually(lambda: service.scalar(f"SELECT ({_OURS}) = 0"))


def test_an_inbox_that_forgets_before_the_stream_does_is_refused() -> None:
    with pytest.raises(ValidationError, match="inbox_days"):
        ServiceSettings(inbox_days=90)


async def test_a_sweep_that_fails_shows_in_the_time_of_its_last_success_and_one_that_works_does_not(settings: ServiceSettings) -> None:
    async def broken(tx: Tx) -> int:
        raise ZeroDivisionError

    async def working(tx: Tx) -> int:
        return 0

    async with started(settings) as service:
        metrics = service.app.state.metrics
        tasks = [asyncio.create_task(run_forever(service.database, Sweep(f.__name__, 0.02, f), metrics)) for f in (broken, working)]
        begun = metrics.sweep_at.labels("broken")

        async def works() -> bool:
            return bool(metrics.sweep_at.labels("working")._value.get() > begun._value.get() + 0.2)

        await eventually(works)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
