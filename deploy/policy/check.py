"""Does a profile hold together? Each section against its service's model, and the sections against each other."""

from __future__ import annotations

import csv
import importlib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from deploy.local.servers import SERVICES
from shared.profile import ProfileNotValid, layers, load, version_of, whole
from shared.workdays import CHINA, Clock, due, official_calendar

_HEAD = {"profile", "version", "extends"}
_BY_LAW = Clock(n=3, unit="month", source="代表法 51")
_HANDED_OVER = datetime(2026, 1, 5, 9, tzinfo=CHINA)
"""A Monday on which no festival is near: clocks of different units are compared by when they end from here."""


def models() -> dict[str, type[BaseModel]]:
    """Section → the model that its service loads it by."""
    policies = {name: importlib.import_module(f"services.{name}.settings").Settings.policy for name in SERVICES}
    return {name: policy for name, policy in policies.items() if policy is not None}


def check(path: Path) -> list[str]:
    """Every fault of the profile at `path`, as `file: key path: what is wrong`; none when a suite can run on it."""
    try:
        document, version = whole(path), version_of(path)
    except ProfileNotValid as error:
        return [str(error)]
    known = models()
    faults = [f"{path}: {key}: no such section; there are {', '.join(sorted(known))}" for key in document.keys() - known.keys() - _HEAD]
    if document.get("profile") != path.stem:
        faults.append(f"{path}: profile: is {document.get('profile')!r}, but the file is called {path.stem}")
    if "None" in version:
        faults.append(f"{path}: version: missing, in {version}")
    loaded = {}
    for section, model in known.items():
        try:
            loaded[section] = load(path, section, model)
        except ProfileNotValid as error:
            faults.extend(str(error).splitlines())
    if {"intake", "routing"} <= loaded.keys():
        faults.extend(f"{path}: {fault}" for fault in _between(loaded["intake"], loaded["routing"]))
    if "routing" in loaded:
        faults.extend(f"{path}: {fault}" for fault in [*_clocks(loaded["routing"]), *_leads(loaded["routing"], organisations(path))])
    return faults


def _between(intake: Any, routing: Any) -> Iterator[str]:
    """What intake and routing must say alike."""
    there, here = {c.code: c.label for c in intake.categories}, {c.code: c.label for c in routing.categories}
    for code in sorted(there.keys() - here.keys()):
        yield f"routing.categories: lacks {code}, which intake classifies into"
    for code in sorted(here.keys() - there.keys()):
        yield f"routing.categories.{code}: no category of intake"
    for code in sorted(there.keys() & here.keys()):
        if here[code] is not None and here[code].model_dump() != there[code].model_dump():
            yield f"routing.categories.{code}.label: {here[code].zh} here, {there[code].zh} with intake"
    classes, labels = {c.code for c in routing.result_classes}, set(intake.result_labels)
    for code in sorted(classes - labels):
        yield f"intake.result_labels: lacks {code}, which routing.result_classes has: residents would see a bare letter"
    for code in sorted(labels - classes):
        yield f"intake.result_labels.{code}: no class of routing.result_classes"


def _clocks(routing: Any) -> Iterator[str]:
    """Limits that contradict the law or each other."""
    clocks = routing.clocks
    if _end(clocks.reply["suggestion"]) > _end(_BY_LAW):
        yield f"routing.clocks.reply.suggestion: {words(clocks.reply['suggestion'])} is longer than 3 months (代表法 51)"
    for matter, clock in clocks.reply.items():
        if _end(clock) > _end(clocks.longest):
            yield f"routing.clocks.reply.{matter}: {words(clock)} is longer than the longest, {words(clocks.longest)}"
        if _end(clocks.co_handler[matter]) > _end(clock):
            yield f"routing.clocks.co_handler.{matter}: {words(clocks.co_handler[matter])} ends after the reply, {words(clock)}"
        if _end(clocks.objection) > _end(clock):
            yield f"routing.clocks.objection: {words(clocks.objection)} ends after the reply of {matter}, {words(clock)}"
    if not any(c.counts_as_done for c in routing.result_classes):
        yield "routing.result_classes: none counts as done"


def _leads(routing: Any, known: set[str] | None) -> Iterator[str]:
    if known is None:
        return
    for category in routing.categories:
        leads = [("lead", category.lead), *((f"regions.{code}", lead) for code, lead in category.regions.items())]
        for where, lead in leads:
            if lead is not None and lead not in known:
                yield f"routing.categories.{category.code}.{where}: no organisation {lead}; see organisations.csv"


def organisations(path: Path) -> set[str] | None:
    """The active organisations of the place, or of the nearest profile that it extends and that lists some; None when none does."""
    for layer in layers(path):
        file = layer.path.with_suffix("") / "organisations.csv"
        if file.exists():
            with file.open(encoding="utf-8-sig", newline="") as rows:
                return {row["organisation"] for row in csv.DictReader(rows) if row["active"] == "true"}
    return None


def words(clock: Clock) -> str:
    """A clock in words: `7 workdays`."""
    return f"{clock.n} {clock.unit}{'' if clock.n == 1 else 's'}"


def _end(clock: Clock) -> datetime:
    return due(_HANDED_OVER, clock, official_calendar()).at
