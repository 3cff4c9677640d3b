"""That the benchmark tells the truth: a missed floor is named and ends it red, and the control does what it is said to do."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from deploy.local.servers import LocalServers
from services.intake.rules import classify
from services.intake.settings import IntakePolicy
from shared import profile
from shared.settings import ServiceSettings
from tests.bench import __main__ as bench
from tests.bench import figures, undisturbed
from tests.bench.client import Client
from tests.bench.figures import Figure
from tests.bench.submit import Control
from tests.bench.texts import words
from tests.bench.undisturbed import Undisturbed

MACHINE = {"cpu": "test", "cores": 2, "memory_gb": 1, "kernel": "test", "load_before": 0}


def conclude(monkeypatch: pytest.MonkeyPatch, folder: Path, *found: Figure) -> tuple[int, str, dict[str, Any], str]:
    """Exit status, what was printed, the JSON and the page of a whole run with these figures."""
    monkeypatch.setattr(figures, "RESULTS", folder)
    monkeypatch.setattr(figures, "PAGE", folder / "figures.md")
    console = Console(record=True, width=200, quiet=False, file=(folder / "printed").open("w"))
    status = bench.conclude(found, {}, bench.Settings(), MACHINE, console)
    return (
        status,
        console.export_text(),
        json.loads((folder / "latest.json").read_text("utf-8")),
        (folder / "figures.md").read_text("utf-8"),
    )


def test_a_run_with_every_floor_reached_ends_green_and_is_kept_as_the_latest_and_in_the_history(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    reached = Figure("b", "submit / control", "ratio", (0.31, 0.05, 0.2, 0.4, 0.2), floor=0.1, aim=0.3)
    quick = Figure("d", "p50", "ms", (9.0, 30.0, 8.0), floor=20, aim=10, less=True)
    for _ in range(2):
        status, printed, result, page = conclude(monkeypatch, tmp_path, reached, quick)
    assert status == 0 and "MISSED" not in printed and result["missed"] == []
    assert [(f["value"], f["verdict"]) for f in result["figures"]] == [(0.2, "floor"), (9.0, "aim")]
    assert "| b | submit / control | 0.2 | ratio | 0.31 0.05 0.2 0.4 0.2 | 0.1 | 0.3 | floor |" in page and "All floors are reached" in page
    history = [json.loads(line) for line in (tmp_path / "history.jsonl").read_text("utf-8").splitlines()]
    assert [entry["figures"] for entry in history] == [result["figures"]] * 2
    assert {"tree", "machine", "versions", "settings"} <= history[0].keys() and history[0]["settings"]["seed"] == "1"


@pytest.mark.parametrize(
    "missing",
    [
        Figure("a", "lifecycles", "1/s", (29.0, 29.9, 80.0), floor=30),
        Figure("d", "p50", "ms", (20.5, 20.1, 3.0), floor=20, less=True),
        Figure("e", "lost", "requests", (0, 0, 1), floor=0, less=True, every=True),
    ],
    ids=["below", "above", "one run of many"],
)
def test_a_missed_floor_ends_the_run_red_and_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, missing: Figure) -> None:
    fine = Figure("f", "second start", "s", (2.0,), less=True)
    status, printed, result, page = conclude(monkeypatch, tmp_path, fine, missing)
    assert status == 1
    assert [f"({missing.part}) {missing.name}" in line for line in result["missed"]] == [True]
    assert f"MISSED ({missing.part}) {missing.name}" in printed and f"({missing.part}) {missing.name}" in page.split("| part |")[0]


def test_a_part_that_is_measured_alone_is_kept_beside_the_others(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    slow, quick = (Figure("d", "p50", "ms", (value,), floor=20, less=True) for value in (30.0, 10.0))
    conclude(monkeypatch, tmp_path, Figure("b", "submit / control", "ratio", (0.05,), floor=0.1), slow)
    status, _, result, page = conclude(monkeypatch, tmp_path, quick)
    assert status == 0
    assert [(f["part"], f["value"]) for f in result["figures"]] == [("b", 0.05), ("d", 10.0)]
    assert [line[:3] for line in result["missed"]] == ["(b)"] and list(result["earlier"]) == ["b"]
    assert "Parts measured earlier: (b)" in page and "**Floors missed:** (b)" in page
    assert len((tmp_path / "history.jsonl").read_text("utf-8").splitlines()) == 2


def test_a_quick_look_is_not_kept_as_the_latest(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(figures, "RESULTS", tmp_path)
    monkeypatch.setattr(figures, "PAGE", tmp_path / "figures.md")
    found = [Figure("b", "submit / control", "ratio", (0.05,), floor=0.1)]
    with (tmp_path / "printed").open("w") as printed:
        assert bench.conclude(found, {}, bench.Settings(only="b", runs=1), MACHINE, Console(file=printed)) == 1
    assert sorted(p.name for p in tmp_path.iterdir()) == ["printed", "quick.json"]


async def test_the_control_keeps_a_row_for_each_answer_and_none_for_what_it_refuses(servers: LocalServers) -> None:
    control = Control(servers.postgres, servers.credentials)
    await control.start()
    client = Client(control.url)
    try:
        before, body = await control.rows(), {"code": "c", "title": "t", "text": "x"}
        answers = [await client.call("POST", "/messages", body) for _ in range(3)]
        refused = await client.call("POST", "/messages", {"code": "c"})
        assert [a.status for a in answers] == [201] * 3 and refused.status == 422
        assert len({a.json()["number"] for a in answers}) == 3
        assert await control.rows() - before == 3
    finally:
        client.close()
        control.stop()


def test_no_text_of_the_load_is_certain_enough_to_be_handed_over_without_the_desk() -> None:
    chance, policy = random.Random("test"), profile.load(ServiceSettings().profile, "intake", IntakePolicy)
    assert isinstance(policy, IntakePolicy)
    said = [words(chance) for _ in range(2000)]
    assert {classify(policy, None, s.title, s.text).category for s in said} == {None}


def test_the_page_shows_the_latest_run() -> None:
    result = json.loads((figures.RESULTS / "latest.json").read_text("utf-8"))
    assert figures.PAGE.read_text("utf-8") == figures.page(result)


def test_the_try_that_lost_least_to_others_counts_whatever_it_measured_and_no_error_is_put_aside(monkeypatch: pytest.MonkeyPatch) -> None:
    lost, rates = iter([0.4, 0.2, 0.3]), iter([30, 10, 20])
    monkeypatch.setattr(undisturbed, "_stolen", lambda before, after: next(lost))
    machine = Undisturbed(0.05, tries=3, patience=0)
    one = machine.run(lambda seed: {"rate": next(rates), "errors": int(seed == "s"), "seed": seed}, "s")
    assert (one["rate"], one["stolen"], one["errors"], one["seed"]) == (10, 0.2, 1, "s/1")
    assert {n: r["rate"] for n, r in one["put_aside"].items()} == {"0": 30, "2": 20}


def test_a_run_that_lost_little_is_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(undisturbed, "_stolen", lambda before, after: 0.05)
    assert Undisturbed(0.05, tries=3, patience=0).run(lambda seed: {"rate": 1}, "s") == {"rate": 1, "stolen": 0.05}


def test_a_run_waits_until_the_host_gives_the_processors_but_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds, stolen = iter(range(100)), iter([0.5, 0.3, 0.05])
    monkeypatch.setattr(undisturbed, "monotonic", lambda: next(seconds))
    monkeypatch.setattr(undisturbed, "sleep", lambda seconds: None)
    monkeypatch.setattr(undisturbed, "_probe", lambda: next(stolen))
    machine = Undisturbed(0.05, tries=1, patience=30)
    machine.run(lambda seed: {}, "s")
    assert next(stolen, None) is None and 0 < machine.patience < 30
    monkeypatch.setattr(undisturbed, "_probe", lambda: 0.5)
    machine.run(lambda seed: {}, "s")
    assert machine.patience <= 0
