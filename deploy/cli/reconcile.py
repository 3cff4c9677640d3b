"""`lianxin reconcile`: the checkers of the fault runs, for the running suite."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta

from nats.errors import Error as NatsError
from nats.js.errors import Error as JetStreamError
from rich.console import Console
from rich.table import Table
from sqlalchemy.exc import DBAPIError

from deploy.local.errors import LocalError
from deploy.local.settings import RunSettings
from deploy.reconcile import Report, Sources, reconcile


def run(settings: RunSettings, grace: float) -> Report:
    """The report. `grace` is in seconds. Raises LocalError when a database or the broker does not answer."""
    try:
        return asyncio.run(reconcile(Sources.of(settings), timedelta(seconds=grace)))
    except (NatsError, JetStreamError) as error:
        raise LocalError(
            f"NATS does not answer ({type(error).__name__}): see `lianxin doctor`.", "无法连接 NATS，请执行 lianxin doctor。"
        ) from error
    except (OSError, DBAPIError) as error:
        raise LocalError(
            f"A database does not answer ({type(error).__name__}): see `lianxin doctor`.", "无法连接数据库，请执行 lianxin doctor。"
        ) from error


def show(console: Console, report: Report) -> None:
    """A line for each check, and what is wrong with its ids."""
    table = Table("invariant", "service", "check", "compared", "missing", "doubled", "orphaned")
    for finding in report.findings:
        table.add_row(
            finding.invariant,
            finding.service,
            finding.check,
            str(finding.counted),
            *(str(len(ids) or "–") for ids in (finding.missing, finding.doubled, finding.orphaned)),
        )
    console.print(table)
    for line in report.wrong():
        console.print(line, markup=False)
    dead = sum(map(len, report.dead.values()))
    console.print(
        f"{'All agrees' if report.clean else 'Something does not agree'}; on their way: {sum(report.waiting.values())} events, "
        f"parked: {sum(report.parked.values())}, dead letters: {dead}, unreadable messages: {report.unreadable}."
    )


def as_json(report: Report) -> str:
    """The report with every id, for a machine."""
    return json.dumps(
        {
            "clean": report.clean,
            "findings": [
                {
                    "invariant": f.invariant,
                    "service": f.service,
                    "check": f.check,
                    "counted": f.counted,
                    "missing": sorted(f.missing),
                    "doubled": sorted(f.doubled),
                    "orphaned": sorted(f.orphaned),
                }
                for f in report.findings
            ],
            "waiting": report.waiting,
            "parked": report.parked,
            "dead": report.dead,
            "unreadable": report.unreadable,
        },
        indent=1,
    )
