"""`make bench`: every part, medians of interleaved runs (`undisturbed`), a table; exit status 1 when a floor is missed, and which.

ONLY=b,c runs these parts alone, as the machine's quiet hours allow. RUNS=1 once each: a quick look, not kept. SEED gives other texts.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict
from typing import Any

import uvloop
from rich.console import Console

from deploy.local.backends import Backends
from deploy.local.postgres import Postgres
from deploy.local.servers import SERVICES
from shared.settings import ROOT
from tests.bench import burst, chain, figures, footprint, latency, overload, sizes, submit
from tests.bench.figures import Figure
from tests.bench.grounds import Grounds
from tests.bench.place import Place
from tests.bench.runs import PARTS, Run, Runs, Settings, ratio, rested

LABELLED = ROOT.parent / "shared" / "data" / "messages_labelled.csv.gz"


class Bench:
    """One run of the benchmark. `place` is the small suite, begun when a part first needs it."""

    def __init__(self, settings: Settings, console: Console, stack: ExitStack) -> None:
        self.settings, self._console, self._stack = settings, console, stack
        self.runs = Runs(settings, console)
        self._place: Place | None = None

    def execute(self) -> None:
        """All parts that are wanted. (c) comes first, for it has servers of its own; what leaves most behind comes last."""
        parts = {
            "c": self.chain,
            "f": self.footprint,
            "a": self.lifecycle,
            "g": self.million,
            "b": self.submit,
            "d": self.latency,
            "e": self.overload,
        }
        for name, part in parts.items():
            if name in self.settings.only:
                began = time.monotonic()
                part()
                self._console.print(f"({name}) took {time.monotonic() - began:.0f} s", style="dim", highlight=False)
        self.runs.figures.sort(key=lambda figure: figure.part)

    @property
    def place(self) -> Place:
        """The suite with nothing but the demo place."""
        if self._place is None:
            self._place = self._started(Place("small"))
        return self._place

    def _started(self, place: Place) -> Place:
        self._stack.callback(place.remove)
        self._console.print(f"suite started in {place.start():.1f} s", style="dim", highlight=False)
        return place

    def lifecycle(self) -> None:
        """(a)"""
        sizes.lifecycle(self.runs, self.place)

    def million(self) -> None:
        """(g)"""
        sizes.million(self.runs, self.place)

    def submit(self) -> None:
        """(b) with the trained classifier where the labelled messages are."""
        settings, place = self.settings, self.place
        self.runs.details["classifier"] = place.teach(LABELLED)
        servers = Backends(place.suite.settings, list(SERVICES))
        assert isinstance(servers.database, Postgres)
        control = submit.Control(servers.database, servers.credentials)
        with ExitStack() as only_here:
            only_here.callback(control.stop)
            uvloop.run(control.start())
            targets = {
                "control": submit.control_target(control, place.processes()["postgres"]),
                "submit": submit.suite_target(place, keyed=True),
                "unkeyed": submit.suite_target(place, keyed=False),
            }

            def run(kind: str, seed: str) -> Run:
                return rested(submit.submits(targets[kind], place.codes(), settings.submit_clients, settings.submit_seconds, seed))

            found = self.runs.interleaved("b", list(targets), run)
        rates = {kind: [r["rate"] for r in runs] for kind, runs in found.items()}
        bounds = {"submit": {"floor": 0.10, "aim": 0.3}, "unkeyed": {}}
        for kind, limits in bounds.items():
            ratios = [ratio(ours, control) for ours, control in zip(rates[kind], rates["control"], strict=True)]
            self.runs.add("b", f"{kind} / control", "ratio", ratios, **limits)
        for kind, values in rates.items():
            self.runs.add("b", kind, "1/s", values)
            self.runs.add("b", f"p95, {kind}", "ms", [r["p95_ms"] for r in found[kind]], less=True)
        self.runs.errors("b", found)
        self._bursts()

    def _bursts(self) -> None:
        settings, place = self.settings, self.place

        def run(kind: str, seed: str) -> Run:
            return rested(burst.burst(place, settings.burst, settings.submit_clients, seed))

        runs = self.runs.interleaved("burst", (f"{settings.burst} at once",), run)[f"{settings.burst} at once"]
        self.runs.add("b", f"burst of {settings.burst}, accepted", "1/s", [r["accepted_rate"] for r in runs])
        self.runs.add("b", f"burst of {settings.burst}, accepted and routed", "1/s", [r["routed_rate"] for r in runs], floor=200)
        self.runs.add("b", f"burst of {settings.burst}, handed over without the desk", "share", [r["handed_over"] for r in runs])
        self.runs.add("b", "burst, errors", "requests", [r["errors"] for r in runs], floor=0, less=True, every=True)

    def chain(self) -> None:
        """(c)"""
        settings, grounds = self.settings, Grounds()
        with ExitStack() as only_here:
            only_here.callback(grounds.remove)
            grounds.start()

            def run(kind: str, seed: str) -> Run:
                return uvloop.run(_chained(grounds, kind == "raw", settings.chain_events, seed))

            found = self.runs.interleaved("c", ("raw", "ours"), run)
        pairs = list(zip(found["ours"], found["raw"], strict=True))
        self.runs.add("c", "ours / raw", "ratio", [ratio(o["rate"], r["rate"]) for o, r in pairs], floor=0.5, aim=0.8)
        self.runs.add("c", "ours / raw, followed by the source", "ratio", [ratio(o["loop_rate"], r["loop_rate"]) for o, r in pairs])
        for kind, runs in found.items():
            self.runs.add("c", f"events through the chain, {kind}", "1/s", [r["rate"] for r in runs])

    def latency(self) -> None:
        """(d)"""
        settings, place = self.settings, self.place
        uvloop.run(latency.keep_commit_times(place))
        place.stop()
        place.start()
        found = self.runs.interleaved("d", ("50/s",), lambda kind, seed: rested(latency.latencies(place, settings.latency_seconds, seed)))
        for q, bounds in {"p50": {"floor": 20, "aim": 10}, "p95": {}, "p99": {}}.items():
            self.runs.add("d", f"commit to commit, {q}", "ms", [r[f"{q}_ms"] for r in found["50/s"]], less=True, **bounds)
        self.runs.errors("d", found)

    def overload(self) -> None:
        """(e)"""
        settings, place = self.settings, self.place
        saturation = self._saturation()
        rate = saturation * settings.overload_factor
        found = self.runs.interleaved(
            "e", ("overload",), lambda kind, seed: rested(overload.overload(place, rate, settings.overload_seconds, seed))
        )
        runs = found["overload"]
        self.runs.add("e", "saturation", "1/s", [saturation])
        self.runs.add("e", "offered", "1/s", [r["offered_rate"] for r in runs])
        self.runs.add("e", "accepted and kept", "1/s", [r["accepted_rate"] for r in runs])
        self.runs.add("e", "p95 of the accepted", "ms", [r["accepted_ms"]["p95_ms"] for r in runs], less=True)
        self.runs.add("e", "told 429 or 503", "share", [round(sum(r["told"].values()) / r["sent"], 3) for r in runs], less=True)
        self.runs.add("e", "recovery", "s", [r["recovery_s"] for r in runs], floor=10, less=True, every=True)
        for name in ("faults", "lost", "doubled", "not_accepted_yet_there"):
            self.runs.add("e", name.replace("_", " "), "requests", [r[name] for r in runs], floor=0, less=True, every=True)

    def _saturation(self) -> float:
        """Submits a second as (b) measured them, or as one run finds now."""
        if "b" in self.runs.details:
            return next(f.value for f in self.runs.figures if (f.part, f.name) == ("b", "submit"))
        target, settings = submit.suite_target(self.place, keyed=True), self.settings
        found = rested(submit.submits(target, self.place.codes(), settings.submit_clients, settings.submit_seconds, "saturation"))
        return float(found["rate"])

    def footprint(self) -> None:
        """(f)"""
        found = self.runs.interleaved("f", ("suite",), lambda kind, seed: footprint.footprint(self.place, seed))
        runs = found["suite"]
        self.runs.add("f", "second start", "s", [r["start_s"] for r in runs], less=True)
        for state in ("idle", "loaded"):
            self.runs.add("f", f"memory, {state}, all", "MB PSS", [r[f"{state}_total_mb"] for r in runs], less=True)
            for name in runs[0][f"{state}_mb"]:
                self.runs.add("f", f"memory, {state}, {name}", "MB PSS", [r[f"{state}_mb"][name] for r in runs], less=True)
        self.runs.errors("f", found)


async def _chained(grounds: Grounds, is_raw: bool, events: int, seed: str) -> Run:
    one = chain.Chain(grounds, raw=is_raw)
    try:
        await one.start()
        await asyncio.sleep(1)
        return await chain.run(grounds, one, events, seed)
    finally:
        one.stop()


def conclude(found: Sequence[Figure], details: dict[str, Any], settings: Settings, machine: dict[str, Any], console: Console) -> int:
    """Writes and shows what was found. 0: all floors are reached, 1: one is missed."""
    result = figures.report(found, details, {**asdict(settings), "machine": machine})
    path = figures.write(result, keep=settings.runs >= Settings.runs)
    figures.show(found, console)
    console.print(f"written to {path}", style="dim", highlight=False, soft_wrap=True)
    return 1 if result["missed"] else 0


def main() -> int:
    """Everything that the environment asks for; the exit status."""
    only = "".join(sorted(set(os.environ.get("ONLY") or PARTS) & set(PARTS)))
    settings = Settings(only=only, runs=int(os.environ.get("RUNS") or Settings.runs), seed=os.environ.get("SEED") or Settings.seed)
    console, machine = Console(), figures.machine()
    with ExitStack() as stack:
        bench = Bench(settings, console, stack)
        bench.execute()
    return conclude(bench.runs.figures, bench.runs.details, settings, machine, console)


if __name__ == "__main__":
    sys.exit(main())
