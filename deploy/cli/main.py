"""The commands of `lianxin`. Each ends with 0 when all is well, 1 when it is not, 2 when it could not find out."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Annotated, Any

import typer
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js.errors import NotFoundError
from rich.table import Table

from deploy.cli import audit, backup, calendar, codes, doctor, documents, privacy, profile, reconcile, status, train
from deploy.cli.audit_commands import audits
from deploy.cli.explained import console
from deploy.cli.explained import explained as _explained
from deploy.local.backends import Backends
from deploy.local.errors import LocalError
from deploy.local.prepare import Preparation, prepare
from deploy.local.servers import SERVICES
from deploy.local.settings import read_settings
from shared import dead
from shared.bus import connect_once
from shared.settings import ROOT

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Lianxin 连心: what an operator types.")
letters = typer.Typer(no_args_is_help=True, help="Dead letters: messages that a service could not handle.")
app.add_typer(letters, name="dead")
app.add_typer(codes.codes, name="code")
app.command("doctor")(doctor.show_doctor)
app.command()(backup.backup)
app.command()(backup.restore)
app.add_typer(audits, name="audit")
app.command()(privacy.purge)
app.add_typer(privacy.erasures, name="erasures")
app.command()(train.train)
app.add_typer(train.models, name="model")
app.add_typer(profile.profiles, name="profile")
app.add_typer(calendar.calendar, name="calendar")

Number = Annotated[int, typer.Argument(help="the number that `dead list` shows")]


@app.command("status")
def show_status() -> None:
    """Services, replicas, lag, age of the outbox, dead letters. Exit status 1 when something stands still."""
    settings = read_settings()
    try:
        health = asyncio.run(status.fetch(settings.url))
    except OSError as error:
        console.print(
            f"The gateway at {settings.url} does not answer ({type(error).__name__}). Is the suite running? `make run` starts it."
        )
        raise typer.Exit(2) from error
    console.print(status.table(health))
    raise typer.Exit(0 if status.all_flows(health) else 1)


@app.command()
def migrate() -> None:
    """Brings all databases to the newest schema and declares the streams. Needs the servers, not the services."""
    with _explained():
        settings = read_settings()
        backends = Backends(settings, list(SERVICES))
        prepare(
            Preparation(
                databases={name: backends.database.url(name) for name in SERVICES},
                nats_url=backends.bus.url,
                operator_seed=backends.seed("operator"),
                site=settings.site,
                store=backends.bus.max_file_store,
            )
        )
        console.print("All databases are at the newest schema; the streams are declared.")


@app.command("reconcile")
def show_reconcile(
    grace: Annotated[float, typer.Option(help="seconds after which what was found is looked at again")] = 5.0,
    as_json: Annotated[bool, typer.Option("--json", help="every id, for a machine")] = False,
) -> None:
    """Does every row have its event, every event its effect, and each only once? Exit status 1 when something does not agree."""
    with _explained():
        report = reconcile.run(read_settings(), grace)
    if as_json:
        typer.echo(reconcile.as_json(report))
    else:
        reconcile.show(console, report)
    raise typer.Exit(0 if report.clean else 1)


@app.command()
def events() -> None:
    """Writes docs/events.md, docs/asyncapi.json and docs/cases.md anew, and a golden sample for each event that has none."""
    for path in documents.write_all():
        console.print(f"wrote {path.relative_to(ROOT)}")


@letters.command("list")
def dead_list(service: Annotated[str | None, typer.Argument(help="only of this service")] = None) -> None:
    """All dead letters with the reason, oldest first."""

    async def work(client: Client) -> None:
        table = Table("number", "service", "event", "reason", "tries", "since")
        found = 0
        async for letter in dead.letters(client, service):
            found += 1
            table.add_row(
                str(letter.number),
                letter.service,
                letter.headers.get("ce-type", "?"),
                letter.reason,
                str(letter.attempts),
                letter.died_at[:19],
            )
        console.print(table if found else "No dead letters.")

    _with_bus(work)


@letters.command("show")
def dead_show(number: Number) -> None:
    """One dead letter whole. Its body may hold what a resident wrote: look at it on this screen only."""

    async def work(client: Client) -> None:
        letter = await dead.letter(client, number)
        for name, value in (
            ("subject", letter.subject),
            ("handler", letter.handler),
            ("reason", letter.reason),
            ("tries", letter.attempts),
        ):
            console.print(f"{name:8} {value}", markup=False)
        console.print_json(json.dumps(letter.headers))
        console.print(_readable(letter.body), markup=False)

    _with_bus(work)


@letters.command("replay")
def dead_replay(numbers: Annotated[list[int], typer.Argument(help="the numbers that `dead list` shows")]) -> None:
    """Hands dead letters to the service that failed on them, and to no other."""

    async def work(client: Client) -> None:
        for number in numbers:
            letter = await dead.letter(client, number)
            async with audit.noted(read_settings(), letter.service, "dead replay", letter.headers.get("ce-id", "")):
                await dead.replay(client, number)
            console.print(f"{number}: handed to {letter.service} again")

    _with_bus(work)


@letters.command("discard")
def dead_discard(number: Number, yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False) -> None:
    """Takes a dead letter away for good: what it says will never take effect."""

    async def work(client: Client) -> None:
        letter = await dead.letter(client, number)
        if not yes:
            typer.confirm(f"{letter.service} {letter.headers.get('ce-type', '?')}: {letter.reason}. Discard it for good?", abort=True)
        async with audit.noted(read_settings(), letter.service, "dead discard", letter.headers.get("ce-id", "")):
            await dead.discard(client, number)
        console.print(f"{number}: discarded")

    _with_bus(work)


def _readable(body: bytes) -> str:
    try:
        return json.dumps(json.loads(body), ensure_ascii=False, indent=1)
    except ValueError:
        return repr(body)


def _with_bus(work: Callable[[Client], Awaitable[Any]]) -> None:
    async def run() -> None:
        async with _operator() as client:
            await work(client)

    with _explained():
        try:
            asyncio.run(run())
        except NotFoundError:
            raise LocalError(
                "There is no dead letter of that number: see `lianxin dead list`.", "没有这个编号的死信，请先执行 lianxin dead list。"
            ) from None
        except (NatsError, OSError) as error:
            raise LocalError(
                f"NATS does not answer ({type(error).__name__}). Is the suite running?", "无法连接 NATS，请确认系统已启动。"
            ) from error


@asynccontextmanager
async def _operator() -> AsyncIterator[Client]:
    backends = Backends(read_settings(), [])
    client = await connect_once(backends.bus.url, backends.seed("operator"))
    try:
        yield client
    finally:
        await client.close()
