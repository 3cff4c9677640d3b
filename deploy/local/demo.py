"""The demo place on first start: 武进 by CSV imports, then real messages through the whole loop, by HTTP alone.

`python -m deploy.local.demo`, with LIANXIN_URL and LIANXIN_DATA. Safe to run again after a failure: what is there stays,
keys of requests are the same each time. Only the first two administrators come from the server itself
(`services.directory.bootstrap`), as in a real installation.
"""

from __future__ import annotations

import asyncio
import csv
import json
import os
import secrets
import sys
from collections import Counter
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from deploy.local.backends import Backends
from deploy.local.demo_client import Api, Refusal
from deploy.local.demo_loop import Loop, Plan
from deploy.local.demo_messages import Message, messages
from deploy.local.settings import PROJECT, RunSettings, read_settings

PLACE = PROJECT / "deploy" / "profiles" / "wujin"
NUMBER = int(os.environ.get("LIANXIN_DEMO_MESSAGES", "300"))
CLIENTS = 6
ADMINISTRATORS = ("sysadmin", "secadmin")


class Memory:
    """`demo.json`: accounts with their generated passwords, and codes. Mode 0600 from its first byte."""

    def __init__(self, path: Path) -> None:
        self.path = path
        found = json.loads(path.read_text("utf-8")) if path.exists() else {}
        self.accounts: list[dict[str, Any]] = found.get("accounts", [])
        self.codes: list[dict[str, Any]] = found.get("codes", [])
        self.loaded: bool = found.get("loaded", False)

    def save(self) -> None:
        """Writes the file whole or not at all."""
        whole = {"loaded": self.loaded, "accounts": self.accounts, "codes": self.codes}
        beside = self.path.with_suffix(".tmp")
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(whole, file, ensure_ascii=False, indent=1)
        beside.replace(self.path)

    def account(self, username: str, role: str, organisation: str | None) -> dict[str, Any]:
        """The account of that name, with a new password when it is not known yet."""
        for account in self.accounts:
            if account["username"] == username:
                return account
        account = {"username": username, "password": secrets.token_urlsafe(12) + "#7a", "role": role, "organisation": organisation}
        self.accounts.append(account)
        self.save()
        return account

    def of_role(self, role: str) -> list[dict[str, Any]]:
        """All accounts of a role."""
        return [account for account in self.accounts if account["role"] == role]


async def load(settings: RunSettings, console: Console) -> None:
    """Loads the place and runs the messages. Raises Refusal, which says what was asked and answered."""
    memory = Memory(settings.data / "demo.json")
    await _first_administrators(settings, memory)
    async with Api(settings.url) as api:
        system = await api.sign_in(memory.accounts[0])
        security = await api.sign_in(memory.accounts[1])
        with console.status("place 区划、机构、代表、站点"):
            for kind in ("regions", "organisations", "people", "stations"):
                await api.post(f"/api/directory/imports/{kind}", body=(PLACE / f"{kind}.csv").read_bytes(), token=system)
            deputies = {row["card"]: row for row in await api.all("/api/directory/deputies", token=system)}
            await _accounts(api, memory, system, security, deputies)
            await _codes(api, memory, system, security, deputies)
        desk = await api.sign_in(memory.of_role("desk")[0])
        await _projects(api, memory, desk)
        plan = Plan(
            desk=desk, departments={a["organisation"]: await api.sign_in(a) for a in memory.of_role("department")}, codes=memory.codes
        )
        loop = Loop(api, plan)
        await _run(loop, messages(NUMBER), console)
        console.print(await _table(api, memory, loop.counts, desk))
    memory.loaded = True
    memory.save()


async def _first_administrators(settings: RunSettings, memory: Memory) -> None:
    sysadmin, secadmin = (memory.account(name, name, None) for name in ADMINISTRATORS)
    backends = Backends(settings, ["directory"])
    os.environ["LIANXIN_MASTER_KEY"] = backends.credentials.master_key("directory")
    from services.directory.bootstrap import bootstrap
    from services.directory.settings import Settings

    await bootstrap(
        backends.database.url("directory"),
        sysadmin["username"],
        sysadmin["password"],
        secadmin=secadmin["username"],
        secadmin_password=secadmin["password"],
        settings=Settings(),
    )


async def _accounts(api: Api, memory: Memory, system: str, security: str, deputies: dict[str, Any]) -> None:
    there = {row["username"] for row in await api.all("/api/directory/accounts", token=system)}
    with (PLACE / "accounts.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        account = memory.account(row["username"], row["role"], row["organisation"] or None)
        if row["username"] in there:
            continue
        wanted = {
            "username": account["username"],
            "role": account["role"],
            "password": account["password"],
            "must_change": False,
            "organisation": account["organisation"],
            "region": row["region"] or None,
            "deputy_id": deputies[row["deputy"]]["id"] if row["deputy"] else None,
        }
        opened = await api.post("/api/directory/accounts", wanted, token=system)
        if opened["awaits_grant"]:
            await api.post(f"/api/directory/accounts/{opened['id']}/role", {"role": row["role"]}, token=security, version=opened["version"])


async def _codes(api: Api, memory: Memory, system: str, security: str, deputies: dict[str, Any]) -> None:
    stations = await api.all("/api/directory/stations", token=system)
    leads = {row["lead_deputy_id"] for row in stations}
    wanted = [("station", row["id"], row["name"]) for row in stations if row["status"] in ("open", "upgraded")]
    wanted += [("deputy", row["id"], row["name"]) for row in deputies.values() if row["id"] in leads]
    known = {(code["kind"], code["name"]) for code in memory.codes}
    for kind, target, name in wanted:
        if (kind, name) not in known:
            issued = await api.post("/api/directory/codes", {"kind": kind, "target_id": target}, token=security)
            memory.codes.append({"code": issued["code"], "kind": kind, "name": name})
            memory.save()


async def _projects(api: Api, memory: Memory, desk: str) -> None:
    with (PLACE / "projects.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    deputy = await api.sign_in(memory.of_role("deputy")[0])
    for number, row in enumerate(rows):
        stages = {stage: row[stage] for stage in ("initiation", "approval", "construction", "acceptance")}
        body = {"name": row["name"], "board": row["board"], "owner": row["owner"], "region": row["region"], "stages": stages}
        # The board's owner may not have reached supervision yet: its organisations come by event.
        entered = await api.patiently(partial(api.post, "/api/supervision/projects", body, token=desk, key=f"demo-project-{number}"))
        if number % 2 == 0:
            act = {"kind": "site_visit", "note": "现场查看进度"}
            path = f"/api/supervision/projects/{entered['id']}/acts"
            await api.patiently(partial(api.post, path, act, token=deputy, key=f"demo-act-{number}"))


async def _run(loop: Loop, todo: list[Message], console: Console) -> None:
    columns = TextColumn("messages 群众留言"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("", total=len(todo))
        waiting = list(enumerate(todo))[::-1]

        async def work() -> None:
            while waiting:
                number, message = waiting.pop()
                await loop.through(number, message)
                progress.advance(task)

        await asyncio.gather(*(work() for _ in range(CLIENTS)))


async def _table(api: Api, memory: Memory, counts: Counter[str], desk: str) -> Table:
    classes = await api.get("/api/routing/reports/classes", token=desk)
    ranking = await api.get("/api/scoring/ranking", token=desk)
    inboxes = [await api.sign_in(account) for account in memory.accounts]
    sent = {n["id"] for token in inboxes for n in await api.all("/api/notify/inbox", token=token)}
    table = Table(title="Demo 演示结果", title_justify="left", show_header=False)
    shares = "  ".join(f"{item['class']} {item['count']} ({item['share']} %)" for item in classes["items"])
    for label, value in (
        ("received 收到", counts["received"]),
        ("assigned 交办", f"{counts['assigned']}  (by rule 规则 {counts['by_rule']}, by the desk 人工 {counts['by_desk']})"),
        ("objected 异议", counts["objected"]),
        (f"replied 答复 ({classes['base']})", shares),
        ("rated 评价", "  ".join(f"{label} {counts[level]}" for level, label in LEVELS.items())),
        ("reopened 重新办理", counts["reopened"]),
        ("points 积分", f"{sum(Decimal(str(row['points'])) for row in ranking['items'])}  ({len(ranking['items'])} deputies 代表)"),
        ("messages sent 消息", len(sent)),
    ):
        table.add_row(label, str(value))
    return table


LEVELS = {"satisfied": "满意", "basically_satisfied": "基本满意", "dissatisfied": "不满意"}


def main() -> int:
    """Loads the demo place; exit status 1 with one line when something was refused."""
    console = Console()
    try:
        asyncio.run(load(read_settings(), console))
    except Refusal as refusal:
        console.print(f"demo: {refusal}", markup=False, highlight=False, soft_wrap=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
