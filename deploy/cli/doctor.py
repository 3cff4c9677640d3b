"""`lianxin doctor`: what is wrong, and what to type."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import typer

from deploy.cli.explained import console, explained
from deploy.doctor import Finding, examine
from deploy.local.settings import read_settings

_SIGNS = {"ok": "[green]✓[/green]", "warning": "[yellow]![/yellow]", "wrong": "[red]✗[/red]"}
_EXIT = {"ok": 0, "warning": 1, "wrong": 2}


def show_doctor(
    as_json: Annotated[bool, typer.Option("--json", help="for a machine")] = False,
    everything: Annotated[bool, typer.Option("--all", help="also what is well")] = False,
) -> None:
    """Finds out what is wrong and says what to type. Exit status 0: all is well; 1: warnings; 2: something is wrong."""
    with explained():
        found = asyncio.run(examine(read_settings()))
    worst = max(_EXIT[finding.level] for finding in found)
    if as_json:
        typer.echo(json.dumps({"exit": worst, "findings": [asdict(finding) for finding in found]}, ensure_ascii=False, indent=1))
    else:
        _show(found, everything=everything)
    raise typer.Exit(worst)


def _show(found: Sequence[Finding], *, everything: bool) -> None:
    for finding in found:
        if everything or finding.level != "ok":
            console.print(_SIGNS[finding.level], end=" ")
            console.print(f"{finding.zh}  {finding.en}", markup=False)
            if finding.heal:
                console.print(f"    → {finding.heal}", markup=False)
    number = {level: sum(finding.level == level for finding in found) for level in _EXIT}
    console.print(f"正常 ok {number['ok']}  警告 warnings {number['warning']}  故障 wrong {number['wrong']}", markup=False)
