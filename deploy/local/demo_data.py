"""The demo place, loaded on first start by `python -m deploy.local.demo`, and its accounts, shown once."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from deploy.local.processes import open_log
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


def start_demo(settings: RunSettings) -> "subprocess.Popen[bytes]":
    """Begin to load the demo through the gateway; its output goes to a log."""
    log = open_log(demo_log(settings.data))
    try:
        return subprocess.Popen(
            [sys.executable, "-m", MODULE],
            cwd=PROJECT,
            env={**os.environ, "LIANXIN_URL": settings.url, "LIANXIN_DATA": str(settings.data)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    finally:
        os.close(log)


def demo_log(data: Path) -> Path:
    """Where the demo's loader writes."""
    return data / "logs" / "demo.log"


def show_demo(console: Console, data: Path, *, first: bool) -> None:
    """The demo's accounts once, at first load; later only where they are kept."""
    demo = read_demo(data)
    if not demo:
        return
    if not first:
        console.print(f"Demo accounts 演示账号: {demo_file(data)}", highlight=False, soft_wrap=True)
        return
    accounts = [account for account in demo.get("accounts", []) if isinstance(account, dict)]
    table = Table(title="Demo accounts 演示账号 (shown once 仅显示一次)", title_justify="left")
    columns = list(dict.fromkeys(key for account in accounts for key in account))
    for column in columns:
        table.add_column(column)
    for account in accounts:
        table.add_row(*(str(account.get(column, "")) for column in columns))
    console.print(table)
    for name, url in demo.get("urls", {}).items():
        console.print(f"{name}  {url}", highlight=False, markup=False, soft_wrap=True)
    console.print(f"Kept in 保存在 {demo_file(data)}", highlight=False, soft_wrap=True)
