"""Runs that the machine let be: a virtual machine's host may give its processors to others for a while."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from time import monotonic, sleep
from typing import Any

import psutil

_BLOCK = bytes(1 << 20)


@dataclass
class Undisturbed:
    """Makes runs while the host gives the processors. `patience` is how many seconds all runs together may still wait for that."""

    stolen_at_most: float
    tries: int
    patience: float

    def run(self, run: Callable[[str], dict[str, Any]], seed: str) -> dict[str, Any]:
        """The try that lost least of the processors' time, whatever it measured: the first that lost no more than `stolen_at_most`.

        `stolen` is the share that it lost, `put_aside` has the others. An error in any of them is one, whoever had the processor.
        """
        made: list[dict[str, Any]] = []
        while not made or (made[-1]["stolen"] > self.stolen_at_most and len(made) < self.tries):
            self._await_the_host()
            before = psutil.cpu_times()
            one = run(f"{seed}/{len(made)}" if made else seed)
            made.append({**one, "stolen": _stolen(before, psutil.cpu_times())})
        best = min(made, key=lambda one: float(one["stolen"]))
        aside = {str(n): one for n, one in enumerate(made) if one is not best}
        errors = {"errors": max(one["errors"] for one in made)} if "errors" in best else {}
        return {**best, **errors, "put_aside": aside} if aside else best

    def _await_the_host(self) -> None:
        began = monotonic()
        while monotonic() - began < self.patience and _probe() > self.stolen_at_most:
            sleep(1)
        self.patience -= monotonic() - began


def _probe() -> float:
    """What is stolen while every processor is wanted for half a second: nothing is stolen from the idle."""
    before, cores = psutil.cpu_times(), os.cpu_count() or 1
    with ThreadPoolExecutor(cores) as pool:
        list(pool.map(_burn, [monotonic() + 0.5] * cores))
    return _stolen(before, psutil.cpu_times())


def _burn(until: float) -> None:
    while monotonic() < until:
        hashlib.sha256(_BLOCK)


def _stolen(before: Any, after: Any) -> float:
    whole = sum(after[:8]) - sum(before[:8])
    return round((getattr(after, "steal", 0.0) - getattr(before, "steal", 0.0)) / whole, 3) if whole else 0.0
