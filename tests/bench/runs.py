"""What a run of the benchmark is made of: its settings, its interleaved runs, what was found."""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import uvloop
from rich.console import Console

from tests.bench.figures import Figure
from tests.bench.undisturbed import Undisturbed

PARTS = "abcdefg"
Run = dict[str, Any]
T = TypeVar("T")


@dataclass(frozen=True)
class Settings:
    """What a run is made of. Durations in seconds."""

    only: str = PARTS
    runs: int = 5
    seed: str = "1"
    lifecycle_seconds: float = 8.0
    lifecycle_clients: tuple[int, ...] = (8, 32)
    preloaded: int = 100_000
    few: int = 10_000
    most: int = 1_000_000
    list_requests: int = 40
    submit_seconds: float = 6.0
    submit_clients: int = 32
    burst: int = 1_000
    chain_events: int = 10_000
    latency_seconds: float = 15.0
    overload_seconds: float = 60.0
    overload_factor: float = 3.0
    stolen_at_most: float = 0.1
    tries: int = 2
    patience: float = 600.0


class Runs:
    """Makes runs and keeps what they find. `details` are the runs themselves."""

    def __init__(self, settings: Settings, console: Console) -> None:
        self.settings, self._console = settings, console
        self.figures: list[Figure] = []
        self.details: dict[str, Any] = {}
        self._machine = Undisturbed(settings.stolen_at_most, settings.tries, settings.patience)

    def say(self, words: str) -> None:
        """Shows how far it is."""
        self._console.print(words, style="dim", highlight=False, markup=False)

    def interleaved(self, part: str, kinds: Sequence[str], run: Callable[[str, str], Run]) -> dict[str, list[Run]]:
        """Every kind once, then every kind again, as often as there are runs; `run` gets the kind and a seed."""
        found, made_of = {kind: list[Run]() for kind in kinds}, self.settings
        for number in range(made_of.runs):
            for kind in kinds:
                one = self._machine.run(partial(run, kind), f"{made_of.seed}/{part}/{kind}/{number}")
                found[kind].append(one)
                shown = {name: value for name, value in one.items() if not isinstance(value, dict) and value is not None}
                self.say(f"({part}) {number + 1}/{made_of.runs} {kind} {shown}")
        self.details[part] = found
        return found

    def add(self, part: str, name: str, unit: str, runs: Sequence[float], **bounds: Any) -> None:
        """Keeps a figure with the values of its runs."""
        self.figures.append(Figure(part, name, unit, tuple(runs), **bounds))

    def errors(self, part: str, found: dict[str, list[Run]]) -> None:
        """Keeps the errors of each run, of all kinds together: there may be none."""
        runs = [sum(found[kind][n]["errors"] for kind in found) for n in range(self.settings.runs)]
        self.add(part, "errors", "requests", runs, floor=0, less=True, every=True)


def ratio(one: float, other: float) -> float:
    """One as a multiple of the other; 0 where there is no other."""
    return round(one / other, 4) if other else 0.0


def rested(job: Coroutine[Any, Any, T]) -> T:
    """Runs a job after a moment in which what the one before set in motion comes to rest."""
    time.sleep(2)
    return uvloop.run(job)
