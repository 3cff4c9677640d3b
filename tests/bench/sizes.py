"""(a) and (g): the same work with few and with many cases before."""

from __future__ import annotations

import time
from contextlib import ExitStack

import uvloop

from tests.bench import lifecycle as lives
from tests.bench import lists, preload
from tests.bench.place import Place
from tests.bench.runs import Run, Runs, ratio, rested


def lifecycle(runs: Runs, small: Place) -> None:
    """(a) Lives with nothing and with a hundred thousand cases before."""
    with ExitStack() as stack:
        _lives(runs, "a", small, _large(runs, stack, "large", runs.settings.preloaded), runs.settings.preloaded, floor=30, aim=100)


def million(runs: Runs, small: Place) -> None:
    """(g) Lives with a million cases before; lists and searches with ten thousand and with a million."""
    few, most = runs.settings.few, runs.settings.most
    with ExitStack() as stack:
        large = _large(runs, stack, "most", most)
        _lives(runs, "g", small, large, most)
        places = {few: _large(runs, stack, "few", few), most: large}

        def run(kind: str, seed: str) -> Run:
            return rested(lists.lists(places[int(kind)], runs.settings.list_requests, seed))

        found = runs.interleaved("lists", [str(few), str(most)], run)
    for name in lists.USUAL:
        with_few, with_most = ([one[name] for one in found[str(n)]] for n in (few, most))
        runs.add("g", f"p95 of the list {name}, {few} cases", "ms", with_few, less=True)
        runs.add("g", f"p95 of the list {name}, {most} cases", "ms", with_most, less=True)
        ratios = [ratio(m, f) for m, f in zip(with_most, with_few, strict=True)]
        runs.add("g", f"list {name}, {most} / {few} cases", "ratio", ratios, floor=2, less=True)
    for name in lists.COMMON:
        runs.add("g", f"p95 of the search for words {name}, {most} cases", "ms", [r[name] for r in found[str(most)]], floor=300, less=True)


def _large(runs: Runs, stack: ExitStack, name: str, cases: int) -> Place:
    """A suite with so many cases before."""
    place = Place(name)
    stack.callback(place.remove)
    place.start()
    uvloop.run(lives.lifecycles(place, 4, 3.0, f"{runs.settings.seed}/few"))
    began = time.monotonic()
    uvloop.run(preload.preload(place, cases, runs.settings.seed))
    runs.say(f"{cases} preloaded in {time.monotonic() - began:.0f} s")
    runs.details[f"preloaded, {name}"] = uvloop.run(place.suite.counts())
    return place


def _lives(runs: Runs, part: str, small: Place, large: Place, cases: int, **bounds: float) -> None:
    settings = runs.settings
    kinds = {f"{n} clients, {before} cases": (p, n) for n in settings.lifecycle_clients for before, p in ((0, small), (cases, large))}

    def run(kind: str, seed: str) -> Run:
        place, clients = kinds[kind]
        return rested(lives.lifecycles(place, clients, settings.lifecycle_seconds, seed))

    found = runs.interleaved(part, list(kinds), run)
    for kind, made in found.items():
        runs.add(part, f"lifecycles, {kind}", "1/s", [r["rate"] for r in made], **bounds)
        for q in ("p50", "p95", "p99"):
            runs.add(part, f"{q}, {kind}", "ms", [r[f"{q}_ms"] for r in made], less=True)
    for n in settings.lifecycle_clients:
        pairs = zip(*(found[f"{n} clients, {before} cases"] for before in (cases, 0)), strict=True)
        runs.add(part, f"{cases} / 0 cases, {n} clients", "ratio", [ratio(m["rate"], f["rate"]) for m, f in pairs], floor=0.9)
    runs.errors(part, found)
