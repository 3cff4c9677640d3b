"""`lianxin calendar`: which days count as working days, and what open deadlines rest on (decision record 0028)."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

import typer
from rich.table import Table
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from deploy.cli.explained import console, explained
from deploy.local.backends import Backends
from deploy.local.errors import LocalError
from deploy.local.servers import SERVICES
from deploy.local.settings import RunSettings, read_settings
from shared import profile
from shared.audit import of_operator
from shared.clock import now
from shared.db import Database
from shared.workdays import CHINA, Calendar, CalendarNotValid, official_calendar

calendar = typer.Typer(no_args_is_help=True, help="The calendar of working days and make-up working days (调休).")

Outcome = TypeVar("Outcome")

_STANDING = text(
    "SELECT count(*), count(*) FILTER (WHERE due_is_provisional), count(*) FILTER (WHERE due_calendar <> :version) "
    "FROM cases WHERE status IN ('assigned', 'accepted', 'objected')"
)


@dataclass(frozen=True, slots=True)
class Standing:
    """Open deadlines: all, those that count days of a year without a calendar, those that rest on another calendar than this one."""

    in_force: str | None
    open: int
    provisional: int
    on_another: int


@calendar.command("show")
def show() -> None:
    """The years that are known, and how many deadlines are provisional. Exit status 1 when next year is missing in December."""
    with explained():
        here, found = _calendar(), asyncio.run(_with(standing))
    table = Table("calendar 日历", "")
    table.add_row("of this installation 本机", here.version)
    table.add_row("in force 生效", found.in_force or "none yet: routing has not run 尚未生效")
    table.add_row("years 年份", f"{min(here.years)}–{max(here.years)}")
    table.add_row("open deadlines 未到期限", str(found.open))
    table.add_row("provisional 暂定", str(found.provisional))
    table.add_row("on another calendar 依据其他日历", str(found.on_another))
    console.print(table)
    if year := missing_year(here):
        console.print(f"{year} is missing 缺少: put {year}.json into deploy/calendars and start the services anew.")
        raise typer.Exit(1)


@calendar.command("recompute")
def recompute() -> None:
    """Puts this installation's calendar in force, be it an older one, and computes open deadlines anew.

    Running services do so by themselves for a calendar that was never in force.
    """
    with explained():
        _calendar()
        moved = asyncio.run(_with(recompute_all))
    console.print(f"computed anew 重新计算: {moved}")


def missing_year(calendar: Calendar) -> int | None:
    """Next year, when it is December and the calendar does not know it; the State Council tells of a year in the autumn before."""
    today = now().astimezone(CHINA).date()
    return today.year + 1 if today.month == 12 and today.year + 1 not in calendar.years else None


def _calendar() -> Calendar:
    try:
        return official_calendar()
    except CalendarNotValid as error:
        raise LocalError(str(error), "日历文件不能使用，请更正后重试。") from error


async def _with(work: Callable[[Database], Awaitable[Outcome]]) -> Outcome:
    database = routing_database(read_settings())
    try:
        return await work(database)
    except (OSError, DBAPIError) as error:
        raise LocalError(
            f"Routing's database does not answer ({type(error).__name__}): see `lianxin doctor`.", "无法连接数据库，请执行 lianxin doctor。"
        ) from error
    finally:
        await database.close()


def routing_database(settings: RunSettings) -> Database:
    """Routing's database under the place's rules, for an operator's command."""
    module = importlib.import_module("services.routing.settings")
    policy = profile.load(settings.profile, "routing", module.RoutingPolicy)
    url = Backends(settings, SERVICES).database.url("routing")
    return Database("routing", module.Settings(site=settings.site, profile=settings.profile, database_url=url), policy)


async def standing(database: Database) -> Standing:
    """What open deadlines rest on."""
    from services.routing.actions import calendars

    async with database.transaction(reading=True) as tx:
        row = (await tx.execute(_STANDING, {"version": official_calendar().version})).one()
        return Standing(await calendars.in_force(tx), *row)


async def recompute_all(database: Database) -> int:
    """Puts this installation's calendar in force and computes all open deadlines anew; how many there were that rested on another."""
    from services.routing.actions import calendars

    async with database.transaction() as tx:
        await calendars.keep_policy(tx)
        if await calendars.in_force(tx) != official_calendar().version:
            await calendars.adopt(tx, official_calendar())
            tx.records.append(of_operator("calendar recompute", official_calendar().version))
    moved = 0
    while True:
        async with database.transaction() as tx:
            done = await calendars.recompute(tx)
            if done:
                tx.records.append(of_operator("calendar recompute", f"deadlines:{done}"))
        moved += done
        if not done:
            return moved
