"""The demo place, loaded on first start by `python -m deploy.local.demo`, and its accounts, shown once."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from rich.cells import cell_len
from rich.console import Console

from deploy.local.settings import PROJECT, RunSettings

MODULE = "deploy.local.demo"


def demo_file(data: Path) -> Path:
    """Where the demo's generated passwords and codes are kept, mode 0600."""
    return data / "demo.json"


def read_demo(data: Path) -> dict[str, Any]:
    """What the demo left there: `loaded`, `accounts` (a list of objects), `urls`; empty before the first load."""
    try:
        found = json.loads(demo_file(data).read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def demo_is_due(settings: RunSettings) -> bool:
    """Whether the demo is wanted, there, and not loaded yet."""
    return settings.demo and find_spec(MODULE) is not None and not read_demo(settings.data).get("loaded")


def start_demo(settings: RunSettings) -> subprocess.Popen[bytes]:
    """Begin to load the demo through the gateway; it shows its own progress on this terminal."""
    return subprocess.Popen(
        [sys.executable, "-m", MODULE],
        cwd=PROJECT,
        env={**os.environ, "LIANXIN_URL": settings.url, "LIANXIN_DATA": str(settings.data)},
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )


def show_demo(console: Console, data: Path, *, first: bool) -> None:
    """The demo's passwords and codes once, at first load; later only where they are kept."""
    demo = read_demo(data)
    if not demo:
        return
    if first:
        for title, key in (("Demo accounts 演示账号", "accounts"), ("Demo codes 演示二维码", "codes")):
            _show_rows(console, f"{title} (shown once 仅显示一次)", demo.get(key, []))
        console.print()
    console.print(f"  demo accounts and codes 演示账号与二维码  {demo_file(data)}", highlight=False, soft_wrap=True)


def _show_rows(console: Console, title: str, rows: list[dict[str, Any]]) -> None:
    """One line a row, never cut or folded: these are to be copied."""
    columns = list(dict.fromkeys(key for row in rows for key in row))
    lines = [columns, *(["" if row.get(column) is None else str(row[column]) for column in columns] for row in rows)]
    widths = [max(cell_len(line[number]) for line in lines) for number in range(len(columns))]
    console.print(f"\n{title}", style="bold", highlight=False)
    for line in lines:
        padded = "  ".join(cell + " " * (width - cell_len(cell)) for cell, width in zip(line, widths, strict=True))
        console.print(f"  {padded.rstrip()}", style="dim" if line is columns else "", highlight=False, markup=False, soft_wrap=True)
