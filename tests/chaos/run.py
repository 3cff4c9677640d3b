"""One run: the suite up, load and faults side by side, rest, verdict."""

from __future__ import annotations

import asyncio
import json
import statistics
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from deploy.cli import status
from deploy.local.demo_client import PATIENCE
from services.gateway.settings import LIMITS
from tests.chaos import plan, report
from tests.chaos.faults import Faults
from tests.chaos.load import OPINIONS, Load, Recorder
from tests.chaos.messages import Messages
from tests.chaos.supervisor import BREAK
from tests.chaos.verdict import Verdict, judge
from tests.chaos.watch import Watch
from tests.e2e.conftest import load_demo
from tests.e2e.suite import Suite, folder_of_marks

_TOO_CLOSE = {"account", "address", "code"}
ENVIRONMENT = {
    "LIANXIN_RESTART_LONGEST": "0.3",
    "LIANXIN_ACK_WAIT": "5",
    "LIANXIN_RELAY_LEASE": "5",
    "LIANXIN_RETRY_DELAY": "0.1",
    "LIANXIN_PARK_RETRY": "5",
    "LIANXIN_LOG_LEVEL": "WARNING",
    "LIANXIN_LIMITS": json.dumps(
        [{**rule.model_dump(), "rate": "60000/minute"} if rule.name in _TOO_CLOSE else rule.model_dump() for rule in LIMITS]
    ),
}
"""Half of the production values for what a killed process leaves waiting; the supervisor does not let dead services wait long.

A hundred clients look for their cases as one desk account from one address, and send by few codes. The limits of these are made for a
person and a village: in 30 minutes the clients were told 429 21,690 times, and starved while the suite was well.
"""

STARTS_WITHIN = 300.0
FINISHES_WITHIN = 90.0
RESTS_WITHIN = 120.0
STANDS_STILL = 15.0
"""Seconds without any change after which what still waits is taken to wait for ever."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the command line chose."""

    minutes: float
    seed: int
    broken: str
    rate: float
    scale: str
    keep: bool


async def run(chosen: Chosen) -> int:
    """The exit status: 0 green, 1 red, 3 when a BREAK was not seen for what it is."""
    on = report.machine()
    environment = {**ENVIRONMENT, BREAK: chosen.broken, "LIANXIN_CRASH_AT": ",".join(plan.crash_points())}
    suite = Suite("chaos", chosen.scale, "tests.chaos.supervisor", **environment)
    marks = folder_of_marks(suite)
    for point in plan.crash_points():
        (marks / point.replace(":", "-")).touch()
    suite = Suite("chaos", chosen.scale, "tests.chaos.supervisor", **environment, LIANXIN_CRASH_MARKS=str(marks))
    try:
        await asyncio.to_thread(suite.start, STARTS_WITHIN)
        await asyncio.to_thread(load_demo, suite, 2)
        async with asyncio.timeout(chosen.minutes * plan.MINUTE + 400):
            figures, verdict = await _under_chaos(chosen, suite)
    finally:
        if chosen.keep:
            suite.stop()
            print(f"kept: {suite.data}")
        else:
            suite.remove()
    red = report.reasons(figures, verdict)
    print(report.show(figures, red), f"  written to {report.keep(figures, red, on)}", sep="\n")
    if not chosen.broken:
        return 1 if red else 0
    seen = report.broke_as_expected(chosen.broken, verdict)
    print(f"  BREAK={chosen.broken}: {'red for its reason' if seen else 'NOT seen'}: {report.EXPECTED[chosen.broken][1]}")
    return 1 if seen else 3


async def _under_chaos(chosen: Chosen, suite: Suite) -> tuple[dict[str, Any], Verdict]:
    prefix = f"chaos {chosen.seed} "
    async with Recorder(suite.url, 15.0 if chosen.broken else PATIENCE) as api:
        watch = Watch(suite, api)
        await watch.open()
        messages = Messages(watch)
        faults = Faults(watch, folder_of_marks(suite), messages)
        load = Load(api, chosen.rate, prefix)
        watching = asyncio.create_task(watch.run())
        working = asyncio.create_task(load.run(suite))
        try:
            begun = time.monotonic()
            await faults.run(plan.make(chosen.seed, chosen.minutes))
            await asyncio.sleep(max(0.0, begun + chosen.minutes * plan.MINUTE - time.monotonic()))
            minutes = (time.monotonic() - begun) / plan.MINUTE
            accepted = len(api.receipts())
            faults.release()
            load.stop()
            ended = time.monotonic()
            with suppress(TimeoutError):
                await asyncio.wait_for(working, FINISHES_WITHIN)
            settled, left = await _rest(suite, watch, len(messages.poisons))
            settled_after = time.monotonic() - ended
            verdict = await judge(watch, api, messages.poisons, prefix)
        finally:
            faults.release()
            for task in (working, watching):
                task.cancel()
            await asyncio.gather(working, watching, return_exceptions=True)
            await watch.close()
    figures = _figures(watch, api, faults, load, verdict) | {
        "seed": chosen.seed,
        "minutes": chosen.minutes,
        "break": chosen.broken,
        "rate": chosen.rate,
        "scale": chosen.scale,
        "settings": ENVIRONMENT,
        "accepted": accepted,
        "accepted_per_minute": round(accepted / minutes, 1),
        "kills_per_minute": round(sum(k.counts for k in faults.kills) / minutes, 1),
        "poisons": len(messages.poisons),
        "published_again": messages.published_again,
        "settled": settled,
        "settled_after": round(settled_after, 1),
        "left": left,
    }
    return figures, verdict


async def _rest(suite: Suite, watch: Watch, poisons: int) -> tuple[bool, str]:
    """Waits until nothing is under way and every service says that it flows; whether it came to that, and what is left."""
    deadline, changed, before, left = time.monotonic() + RESTS_WITHIN, time.monotonic(), "", "nothing was seen"
    while time.monotonic() < min(deadline, changed + STANDS_STILL):
        await asyncio.sleep(0.5)
        sample = watch.last
        if sample is None or time.monotonic() - sample.at > 3:
            continue
        with suppress(OSError, TimeoutError, ValueError):
            flows = status.all_flows(await status.fetch(suite.url))
            left = f"outbox {sample.outbox}, parked {sample.parked}, messages {sample.waiting}, flows {flows}, dead letters {sample.dead}"
            if sample.at_rest and flows and sample.dead >= poisons:
                return True, ""
        if left != before:
            before, changed = left, time.monotonic()
    return False, left


def _figures(watch: Watch, api: Recorder, faults: Faults, load: Load, verdict: Verdict) -> dict[str, Any]:
    slowest = watch.slowest()
    times = [f.recovered_after for f in watch.faults if f.recovered_after is not None]
    answered = [a for a in api.ledger.values() if a.answer]
    return {
        "acts": sum(a.path.startswith("/api/routing/") for a in answered),
        "ratings": sum(a.path.endswith("/rating") for a in answered),
        "unanswered": sum(a.path == OPINIONS and a.answer is None for a in api.ledger.values()),
        "gave_up": dict(load.gave_up),
        "answers": dict(api.answers),
        "effects": verdict.effects,
        "lost": verdict.count(verdict.lost),
        "doubled": verdict.count(verdict.doubled),
        "dead_healthy": verdict.dead_healthy,
        "kills": sum(k.counts for k in faults.kills),
        "kills_idle": sum(not k.counts for k in faults.kills),
        "faults": dict(faults.done),
        "faults_missed": dict(faults.missed),
        "slowest_recovery": round(slowest.recovered_after or 0, 1) if slowest else None,
        "slowest_after": slowest.name if slowest else None,
        "median_recovery": round(statistics.median(times), 1) if times else None,
        "unrecovered": [f.name for f in watch.faults if f.recovered_after is None],
    }
