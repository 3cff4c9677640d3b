"""One fault, acted out under load and judged afterwards: the same for the short form and the long one."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, field
from typing import Any

from tests.faults.arena import Arena
from tests.faults.catalogue import Fault
from tests.faults.checking import at_rest, judge
from tests.faults.residents import Residents
from tests.kit import eventually


@dataclass(slots=True)
class Result:
    """What a fault did and what was found. `recovery` is the slowest, in seconds, from a fault's end to a new message's case."""

    fault: str
    title: str
    seed: int
    done: str = ""
    accepted: int = 0
    effects: int = 0
    lost: int = 0
    doubled: int = 0
    recovery: float = 0.0
    seconds: float = 0.0
    breaches: list[str] = field(default_factory=list)

    @property
    def green(self) -> bool:
        return not self.breaches

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "verdict": "green" if self.green else "red"}


async def act_out(fault: Fault, arena: Arena, seed: int) -> Result:
    """Load, the fault, rest, checkers. A breach is told in the result, not raised."""
    result, started = Result(fault.number, fault.title, seed), time.monotonic()
    length = getattr(fault, arena.pace.name)
    accepted, effects = arena.receipts.accepted(), await arena.effects()
    arena.recoveries.clear()
    try:
        async with arena.load() as people:
            await _at_work(arena, people)
            result.done = await fault.act(arena, people, length)
        await at_rest(arena)
        verdict = await judge(arena)
        result.lost, result.doubled, result.breaches = verdict.lost, verdict.doubled, verdict.breaches
    except Exception as error:
        result.breaches.append(f"{type(error).__name__}: {error}"[:600])
        return result
    result.recovery = round(max(arena.recoveries, default=0.0), 2)
    if arena.pace.name == "real" and result.recovery > fault.limit:
        result.breaches.append(f"recovered after {result.recovery} s, {fault.limit:.0f} s are the most")
    result.accepted, result.effects = arena.receipts.accepted() - accepted, await arena.effects() - effects
    result.seconds = round(time.monotonic() - started, 1)
    return result


async def _at_work(arena: Arena, people: Residents) -> None:
    """Waits until messages come in and cases are being handled: a fault without work in flight shows nothing."""
    before = arena.receipts.accepted()

    async def work() -> bool:
        return arena.receipts.accepted() > before + 2 and people.counts["assigned"] > 0

    await eventually(work, within=arena.pace.patience, what="work in flight")
