"""The clock edge: what is due now. Every replica sweeps; rows are claimed with SKIP LOCKED, so that each is done once."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from shared.audit import of_sweep
from shared.db import Database, Tx, is_conflict, is_outage
from shared.metrics import Metrics

log = structlog.get_logger("lianxin.sweeps")

Verb = Callable[[Tx], Awaitable[int]]


@dataclass(frozen=True, slots=True)
class Sweep:
    """A verb that is run every so many seconds and says how many things it did; when it did some, again after `pause` seconds.

    Of the time it takes at most the `share`, as far as `pause` allows: it gives way to what somebody waits for.
    """

    name: str
    every: float
    verb: Verb
    pause: float = 0.0
    share: float = 1.0

    def rest(self, took: float) -> float:
        """How many seconds to wait after a run that did something and took `took` seconds."""
        return max(self.pause, took * (1 / self.share - 1))


class Sweeps:
    """The sweeps of one service."""

    def __init__(self) -> None:
        self.all: list[Sweep] = []

    def every(self, seconds: float, pause: float = 0.0, share: float = 1.0) -> Callable[[Verb], Verb]:
        """Declares a sweep. When it did something it is run again after `pause` seconds, since there may be more; see `Sweep.share`."""

        def declare(verb: Verb) -> Verb:
            self.all.append(Sweep(verb.__name__, seconds, verb, pause, share))
            return verb

        return declare


async def run_forever(database: Database, sweep: Sweep, metrics: Metrics) -> None:
    """Runs a sweep until cancelled; an outage or a defect in it is logged and does not end it."""
    metrics.sweep_every.labels(sweep.name).set(sweep.every)
    metrics.sweep_at.labels(sweep.name).set_to_current_time()
    while True:
        done, began = 0, time.monotonic()
        try:
            async with database.transaction() as tx:
                done = await sweep.verb(tx)
                if done:
                    tx.records.append(of_sweep(tx, sweep.name))
            metrics.sweep_at.labels(sweep.name).set_to_current_time()
        except Exception as error:
            if not (is_outage(error) or is_conflict(error)):
                log.exception("sweep_failed", sweep=sweep.name)
        # Spread, so that replicas do not all look at the same moment.
        await asyncio.sleep(sweep.rest(time.monotonic() - began) if done else sweep.every * random.uniform(0.8, 1.2))  # noqa: S311
