"""`make faults`: every fault with its real duration against the real suite. Exit status 1 when one is red."""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import sys
import tempfile
from pathlib import Path

from rich.console import Console

from tests.faults import report
from tests.faults.acting import Result, act_out
from tests.faults.arena import Arena
from tests.faults.catalogue import FAULTS, Fault
from tests.faults.pace import REAL, SHORT


async def run(faults: list[Fault], arena_name: str, seed: int, *, short: bool, console: Console) -> list[Result]:
    """Acts the faults out one after another on one suite; after a red one on a new suite, since its rows may be wrong for good."""
    results: list[Result] = []
    arena: Arena | None = None
    machine = report.machine()
    try:
        for fault in faults:
            if arena is None:
                arena = Arena(arena_name, SHORT if short else REAL, seed)
                await arena.start()
            console.print(f"{fault.number} {fault.title} …", style="dim")
            result = await act_out(fault, arena, seed)
            results.append(result)
            console.print(report.line(result), markup=False)
            if not short:
                report.keep(result, machine, REAL.settings)
            if not result.green:
                console.print(f"  logs: {_keep_logs(arena)}", markup=False)
                await arena.remove()
                arena = None
    finally:
        if arena is not None:
            await arena.remove()
    return results


def _keep_logs(arena: Arena) -> Path:
    kept = Path(tempfile.mkdtemp(prefix="lianxin-faults-"))
    shutil.copytree(arena.suite.data / "logs", kept / "logs")
    shutil.copy(arena.suite.data / "printed.log", kept)
    return kept


def main() -> int:
    """Reads the command line; prints a line for each fault, then the table."""
    parser = argparse.ArgumentParser(prog="make faults", description=__doc__)
    parser.add_argument("--only", default="", help="numbers of faults, by comma")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--short", action="store_true", help="the durations of `make test`; writes no results")
    asked = parser.parse_args()
    wanted = [number.strip().upper() for number in asked.only.split(",") if number.strip()]
    if unknown := set(wanted) - {fault.number for fault in FAULTS}:
        parser.error(f"no such fault: {', '.join(sorted(unknown))}")
    console = Console(highlight=False, soft_wrap=True)
    chosen = [fault for fault in FAULTS if not wanted or fault.number in wanted]
    results = asyncio.run(run(chosen, "make-faults", asked.seed, short=asked.short, console=console))
    console.print(report.table(results))
    red = [result.fault for result in results if not result.green]
    console.print(f"faults are {'red: ' + ', '.join(red) if red else 'green'} (seed {asked.seed}, {os.cpu_count()} cores)")
    return 1 if red else 0


if __name__ == "__main__":
    sys.exit(main())
