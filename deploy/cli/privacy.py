"""`lianxin purge` and `lianxin erasures`: what has had its time, and what must stay erased (decision record 0025)."""

from __future__ import annotations

import asyncio
import importlib
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from deploy.backup import erasures as lists
from deploy.cli.explained import console, explained
from deploy.local.backends import Backends
from deploy.local.servers import SERVICES
from deploy.local.settings import RunSettings, read_settings
from shared import profile
from shared.audit import of_operator
from shared.clock import now
from shared.db import Database
from shared.settings import ServiceSettings

erasures = typer.Typer(no_args_is_help=True, help="The list of erasures: it outlives every backup, and is kept apart from them.")


def purge(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="count only, erase nothing")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False,
) -> None:
    """Erases the contact data that have had their time by the profile's rules; the running suite does so every hour by itself."""
    with explained():
        settings = read_settings()
        counts = asyncio.run(_counts(settings))
        table = Table("rule 规则", "kept for days 保存天数", "due 到期", "with files 附件", "on hold 保全")
        for one in counts:
            table.add_row(one.keeping.group, str(one.keeping.days), str(one.due), str(one.files), str(one.held))
        console.print(table)
        if dry_run or not any(one.due for one in counts):
            return
        if not yes:
            typer.confirm("Destroy the keys of these? It cannot be undone. 销毁后不可恢复，是否继续?", abort=True)
        console.print(f"erased 已销毁: {asyncio.run(_purge(settings))}")


@erasures.command("list")
def show() -> None:
    """The list as JSON lines: ids and codes. Keep it every night in another place than the backups."""
    with explained():
        typer.echo(lists.as_lines(asyncio.run(lists.listed(_url(read_settings())))), nl=False)


@erasures.command("apply")
def apply(file: Annotated[Path, typer.Argument(help="what `erasures list` has written")]) -> None:
    """Destroys again what a restored backup brought back. Exit status 1 when the schema is older than the list."""
    with explained():
        settings = read_settings()
        destroyed = asyncio.run(lists.apply(settings.site, _url(settings), lists.from_lines(file)))
    if destroyed is None:
        console.print("This schema knows no erasures yet: `lianxin migrate`, then again. 请先执行 lianxin migrate。")
        raise typer.Exit(1)
    console.print(f"destroyed again 重新销毁: {destroyed}")


def _url(settings: RunSettings) -> str:
    return Backends(settings, SERVICES).database.url("intake")


def _database(settings: RunSettings) -> Database:
    policy = profile.load(settings.profile, "intake", importlib.import_module("services.intake.settings").IntakePolicy)
    return Database("intake", ServiceSettings(site=settings.site, database_url=_url(settings)), policy)


async def _counts(settings: RunSettings) -> list[Any]:
    from services.intake.privacy import queries, rules

    database = _database(settings)
    try:
        async with database.transaction(reading=True) as tx:
            return [await queries.due_now(tx, one, rules.due_before(one, now())) for one in tx.policy.privacy.retention]
    finally:
        await database.close()


async def _purge(settings: RunSettings) -> int:
    from services.intake.privacy import actions

    database, erased = _database(settings), 0
    try:
        while True:
            async with database.transaction() as tx:
                done = await actions.erase_due(tx, now())
                tx.records.append(of_operator("purge", f"erased:{done}"))
            erased += done
            if not done:
                return erased
    finally:
        await database.close()
