"""Figures with their floors and aims, and the report: JSON, history, a table on the screen and in docs/figures.md."""

from __future__ import annotations

import json
import platform
import statistics
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import psutil
from rich.console import Console
from rich.table import Table

from shared.settings import ROOT

RESULTS = Path(__file__).parent / "results"
PAGE = ROOT / "docs" / "figures.md"
PACKAGES = ("fastapi", "uvicorn", "uvloop", "httptools", "pydantic", "sqlalchemy", "asyncpg", "nats-py", "faststream", "orjson")


@dataclass(frozen=True)
class Figure:
    """One figure: every run's value, and the median that stands for them.

    `floor` is what it must reach (with `less`: must not exceed), `aim` what it is meant to. With `every` no run at all may miss
    the floor, and the worst one stands for them: for errors and losses.
    """

    part: str
    name: str
    unit: str
    runs: tuple[float, ...]
    floor: float | None = None
    aim: float | None = None
    less: bool = False
    every: bool = False

    @property
    def value(self) -> float:
        """The median of the runs, or the worst of them."""
        if self.every:
            return max(self.runs) if self.less else min(self.runs)
        return round(statistics.median(self.runs), 4)

    def reaches(self, bound: float | None) -> bool:
        """Whether the value is at the bound or on its good side; a bound that is not set is reached."""
        return bound is None or (self.value <= bound if self.less else self.value >= bound)

    @property
    def verdict(self) -> Literal["", "aim", "floor", "MISSED"]:
        """Which bound it reaches, if any is set."""
        if not self.reaches(self.floor):
            return "MISSED"
        if self.aim is not None and self.reaches(self.aim):
            return "aim"
        return "floor" if self.floor is not None else ""

    def as_json(self) -> dict[str, Any]:
        """What the report holds of it."""
        bounds = {"floor": self.floor, "aim": self.aim, "better": "less" if self.less else "more"}
        return {
            "part": self.part,
            "name": self.name,
            "unit": self.unit,
            "value": self.value,
            "runs": self.runs,
            **bounds,
            "verdict": self.verdict,
        }


def missed(figures: Sequence[Figure]) -> list[str]:
    """A line for each floor that is not reached."""
    relation = {True: "above", False: "below"}
    return [
        f"({f.part}) {f.name}: {f.value:g} {f.unit} is {relation[f.less]} the floor of {f.floor:g}"
        for f in figures
        if f.verdict == "MISSED"
    ]


def machine() -> dict[str, Any]:
    """What it ran on."""
    lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.processor())
    load = psutil.getloadavg()[0]
    memory = round(psutil.virtual_memory().total / 1024**3, 1)
    return {"cpu": model, "cores": psutil.cpu_count(), "memory_gb": memory, "kernel": platform.release(), "load_before": round(load, 2)}


def versions() -> dict[str, str]:
    """Of Python, the servers and the packages on the hot path."""
    from deploy.local.nats_server import server_program

    nats = subprocess.run([server_program(), "--version"], capture_output=True, text=True, check=True).stdout.strip().rpartition("v")[2]
    return {
        "python": platform.python_version(),
        "postgresql": _postgres(),
        "nats-server": nats,
        **{name: version(name) for name in PACKAGES},
    }


def _postgres() -> str:
    from deploy.local.accounts import postgres_binaries

    program = postgres_binaries(ROOT / ".data", None) / "postgres"
    return subprocess.run([str(program), "--version"], capture_output=True, text=True, check=True).stdout.split()[-1]


def tree() -> dict[str, Any]:
    """The commit, and whether files differ from it."""
    git = ["git", "-C", str(ROOT)]
    commit = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=False).stdout.strip()
    changed = subprocess.run([*git, "status", "--porcelain"], capture_output=True, text=True, check=False).stdout.strip()
    return {"commit": commit or None, "changed_files": len(changed.splitlines())}


def report(figures: Sequence[Figure], details: dict[str, Any], settings: dict[str, Any]) -> dict[str, Any]:
    """The whole result as it is written."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "tree": tree(),
        "machine": settings.pop("machine", None) or machine(),
        "versions": versions(),
        "settings": settings,
        "missed": missed(figures),
        "figures": [figure.as_json() for figure in figures],
        "runs": details,
    }


def write(result: dict[str, Any], *, keep: bool) -> Path:
    """Keeps the parts of a run as their latest, adds it to the history and renews the page; a quick look goes to `quick.json` only."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / ("latest.json" if keep else "quick.json")
    latest = beside(json.loads(path.read_text("utf-8")), result) if keep and path.is_file() else result
    path.write_text(json.dumps(latest, indent=1, ensure_ascii=False) + "\n", "utf-8")
    if keep:
        with (RESULTS / "history.jsonl").open("a", encoding="utf-8") as history:
            history.write(json.dumps({name: part for name, part in result.items() if name != "runs"}, ensure_ascii=False) + "\n")
        PAGE.write_text(page(latest), "utf-8")
    return path


def beside(before: dict[str, Any], result: dict[str, Any]) -> dict[str, Any]:
    """The newest result with the parts that only earlier ones have; `earlier` says of which moment and commit those are."""
    made = {f["part"] for f in result["figures"]}
    old = [f for f in before["figures"] if f["part"] not in made]
    said = {"at": before["at"], "commit": before["tree"]["commit"]}
    earlier = {part: before.get("earlier", {}).get(part, said) for part in sorted({f["part"] for f in old})}
    figures = sorted([*old, *result["figures"]], key=lambda f: str(f["part"]))
    missed_before = [line for line in before["missed"] if line[1] in earlier]
    return {
        **result,
        "earlier": earlier,
        "missed": [*missed_before, *result["missed"]],
        "figures": figures,
        "runs": {**before["runs"], **result["runs"]},
    }


def show(figures: Sequence[Figure], console: Console) -> None:
    """The table on the screen, and under it what was missed."""
    table = Table("", "figure", "median", "unit", "runs", "floor", "aim", "", title="make bench", title_justify="left")
    for figure in figures:
        runs = " ".join(f"{run:g}" for run in figure.runs)
        floor, aim = ("" if bound is None else f"{bound:g}" for bound in (figure.floor, figure.aim))
        style = {"MISSED": "red", "aim": "green"}.get(figure.verdict, "")
        table.add_row(figure.part, figure.name, f"{figure.value:g}", figure.unit, runs, floor, aim, figure.verdict, style=style)
    console.print(table)
    for line in missed(figures):
        console.print(f"MISSED {line}", style="red", markup=False, highlight=False)


def page(result: dict[str, Any]) -> str:
    """docs/figures.md."""
    machine, found, tree_ = result["machine"], result["versions"], result["tree"]
    changed = f", {tree_['changed_files']} files changed" if tree_["changed_files"] else ""
    on = (
        f"{machine['cpu']}, {machine['cores']} cores, {machine['memory_gb']} GB, Linux {machine['kernel']}, "
        f"load {machine['load_before']} before"
    )
    lines = [
        "# Figures",
        "",
        "Written by `make bench` from `tests/bench/results/latest.json`; each earlier run is a line of `history.jsonl` beside it.",
        f"Medians of {result['settings']['runs']} interleaved runs (errors, losses and recovery: the worst run).",
        "What each part does is said at the head of its module in `tests/bench/`.",
        "",
        f"{result['at']} · commit {str(tree_['commit'])[:12]}{changed} · {on} · " + ", ".join(f"{n} {v}" for n, v in found.items()),
        "",
    ]
    of_before = [f"({part}) {said['at']}, commit {str(said['commit'])[:12]}" for part, said in result.get("earlier", {}).items()]
    lines += ["Parts measured earlier: " + "; ".join(of_before) + ".", ""] if of_before else []
    lines += ["All floors are reached." if not result["missed"] else "**Floors missed:** " + "; ".join(result["missed"]), ""]
    lines += ["| part | figure | median | unit | single runs | floor | aim | reaches |", "|---|---|---:|---|---|---:|---:|---|"]
    for f in result["figures"]:
        bounds = " | ".join("" if f[name] is None else f"{f[name]:g}" for name in ("floor", "aim"))
        runs = " ".join(f"{run:g}" for run in f["runs"])
        lines.append(f"| {f['part']} | {f['name']} | {f['value']:g} | {f['unit']} | {runs} | {bounds} | {f['verdict']} |")
    return "\n".join(lines) + "\n"
