"""The clock edge: what is due now. Every replica sweeps; rows are claimed with SKIP LOCKED, so that each is done once."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from shared.db import Database, Tx, is_conflict, is_outage

log = structlog.get_logger("lianxin.sweeps")

Verb = Callable[[Tx], Awaitable[int]]


@dataclass(frozen=True, slots=True)
class Sweep:
    """A verb that is run every so many seconds and says how many things it did."""

    name: str
    every: float
    verb: Verb


class Sweeps:
    """The sweeps of one service."""

    def __init__(self) -> None:
        self.all: list[Sweep] = []

    def every(self, seconds: float) -> Callable[[Verb], Verb]:
        """Declares a sweep. When it did something it is run again at once, since there may be more."""

        def declare(verb: Verb) -> Verb:
            self.all.append(Sweep(verb.__name__, seconds, verb))
            return verb

        return declare


async def run_forever(database: Database, sweep: Sweep) -> None:
    """Runs a sweep until cancelled; an outage or a defect in it is logged and does not end it."""
    while True:
        done = 0
        try:
            async with database.transaction() as tx:
                done = await sweep.verb(tx)
        except Exception as error:
            if not (is_outage(error) or is_conflict(error)):
                log.exception("sweep_failed", sweep=sweep.name)
        if not done:
            # Spread, so that replicas do not all look at the same moment.
            await asyncio.sleep(sweep.every * random.uniform(0.8, 1.2))  # noqa: S311
