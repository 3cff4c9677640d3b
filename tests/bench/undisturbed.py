"""A run that the machine let be: a virtual machine's host may give its processors to others for a while."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psutil


def undisturbed(run: Callable[[str], dict[str, Any]], seed: str, stolen_at_most: float, tries: int) -> dict[str, Any]:
    """The try that lost least of the processors' time, whatever it measured: the first that lost no more than `stolen_at_most`, of `tries`.

    `stolen` is the share that it lost, `put_aside` has the others. An error in any of them is one, whoever had the processor.
    """
    made: list[dict[str, Any]] = []
    while not made or (made[-1]["stolen"] > stolen_at_most and len(made) < tries):
        before = psutil.cpu_times()
        one = run(f"{seed}/{len(made)}" if made else seed)
        made.append({**one, "stolen": _stolen(before, psutil.cpu_times())})
    best = min(made, key=lambda one: float(one["stolen"]))
    aside = {str(n): one for n, one in enumerate(made) if one is not best}
    errors = {"errors": max(one["errors"] for one in made)} if "errors" in best else {}
    return {**best, **errors, "put_aside": aside} if aside else best


def _stolen(before: Any, after: Any) -> float:
    whole = sum(after[:8]) - sum(before[:8])
    return round((getattr(after, "steal", 0.0) - getattr(before, "steal", 0.0)) / whole, 3) if whole else 0.0
