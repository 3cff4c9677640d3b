"""`lianxin audit …`: the commands."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from nats.errors import Error as NatsError
from nats.js.errors import Error as JetStreamError
from sqlalchemy.exc import DBAPIError

from deploy.cli import audit
from deploy.cli.audit import Verdict
from deploy.cli.explained import console, explained
from deploy.local.errors import LocalError
from deploy.local.servers import SERVICES
from deploy.local.settings import read_settings

audits = typer.Typer(no_args_is_help=True, help="The audit: who did what, and whether anybody has changed it since.")

Service = Annotated[str, typer.Argument(help="one of " + ", ".join(SERVICES))]
Services = Annotated[str | None, typer.Argument(help="only of this service")]

Answer = TypeVar("Answer")


@audits.command("verify")
def verify(
    service: Services = None,
    keys: Annotated[Path | None, typer.Option(help="public keys that you trust, as `audit keys` wrote them; else those on the bus")] = None,
) -> None:
    """Walks every chain, compares it with all checkpoints, and names the first bad row. Exit status 1 when something is wrong."""
    with explained():
        services = [_known(service)] if service else list(SERVICES)
        verdicts = _done(audit.verify(read_settings(), services, keys.read_text("utf-8") if keys else None))
    for verdict in verdicts:
        _show(verdict)
    raise typer.Exit(0 if all(verdict.clean for verdict in verdicts) else 1)


@audits.command("export")
def export(service: Service) -> None:
    """The chain of a service as JSON lines, for `deploy/verify_audit.py` on another machine."""

    async def write() -> None:
        async for line in audit.export(read_settings(), service):
            typer.echo(line)

    with explained():
        _known(service)
        _done(write())


@audits.command("checkpoints")
def checkpoints(service: Services = None) -> None:
    """The signed checkpoints on the bus, oldest first."""
    with explained():
        typer.echo(_done(audit.published(read_settings(), service and _known(service))).notes, nl=False)


@audits.command("keys")
def keys(service: Services = None) -> None:
    """The public keys of the checkpoints. Keep them where nobody who can change the databases or the bus can change them too."""
    with explained():
        typer.echo(_done(audit.published(read_settings(), service and _known(service))).keys, nl=False)


@audits.command("body")
def body(service: Service, row: int, file: Path) -> None:
    """Whether a file is the very body of the request that a row is about. Exit status 1 when it is not."""
    with explained():
        fits = _done(audit.fits_body(read_settings(), _known(service), row, file.read_bytes()))
    if fits is None:
        console.print("The row holds nothing to compare with: it had no body, or its salt has been taken away.")
        raise typer.Exit(2)
    console.print("It is." if fits else "It is not.")
    raise typer.Exit(0 if fits else 1)


def _show(verdict: Verdict) -> None:
    if verdict.bad is not None:
        console.print(f"{verdict.service}: BAD {verdict.bad}", style="bold red", markup=False)
    else:
        console.print(f"{verdict.service}: {verdict.rows} rows fit; checkpoints cover {verdict.covered}", markup=False)
    for warning in verdict.warnings:
        console.print(f"{verdict.service}: {warning}", style="red", markup=False)


def _known(service: str) -> str:
    if service not in SERVICES:
        raise LocalError(
            f"There is no service {service}: {', '.join(SERVICES)}.", f"没有名为 {service} 的服务，可选：{'、'.join(SERVICES)}。"
        )
    return service


def _done(work: Coroutine[Any, Any, Answer]) -> Answer:
    try:
        return asyncio.run(work)
    except (NatsError, JetStreamError) as error:
        raise LocalError(
            f"NATS does not answer ({type(error).__name__}). Is the suite running?", "无法连接 NATS，请确认系统已启动。"
        ) from error
    except (OSError, DBAPIError) as error:
        raise LocalError(
            f"A database does not answer ({type(error).__name__}). Is the suite running?", "无法连接数据库，请确认系统已启动。"
        ) from error
