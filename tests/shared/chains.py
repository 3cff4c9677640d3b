"""A chain of audit rows for tests, and what its database's owner may do to it."""

from __future__ import annotations

import asyncio
import contextlib
import io
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import text

from deploy import verify_audit
from deploy.cli import audit
from deploy.local.servers import LocalServers
from deploy.local.settings import RunSettings
from shared.audit_chain import genesis, link, stamp
from shared.db import Database, Tx
from shared.settings import ROOT, ServiceSettings
from tests import kit
from tests.shared import service as tiny
from tests.shared.service import started

ROWS = 12
ORIGIN = f"lianxin/{kit.SITE}/{tiny.NAME}"
Tampering = Callable[[Tx], Awaitable[Any]]


@dataclass
class Chain:
    """A chain of 12 rows, signed for at 6 and 12, in the database of a service that has ended."""

    run: RunSettings
    settings: ServiceSettings
    keys: str
    database: Database

    async def tamper(self, change: Tampering) -> None:
        """Does something as the tables' owner, who can switch the triggers off."""
        async with self.database.transaction() as tx:
            await tx.execute(text("ALTER TABLE kit_audit DISABLE TRIGGER USER"))
            await change(tx)
            await tx.execute(text("ALTER TABLE kit_audit ENABLE TRIGGER USER"))

    async def verdict(self) -> audit.Verdict:
        """What the command finds."""
        return (await audit.verify(self.run, [tiny.NAME], self.keys))[0]

    async def standalone(self, folder: Path) -> tuple[int | None, str]:
        """What the stand-alone verifier says of the export: exit status and words. The files stay in `folder`."""
        files = [folder / name for name in ("rows", "checkpoints", "keys")]
        files[0].write_text("\n".join([line async for line in audit.export(self.run, tiny.NAME)]), "utf-8")
        if not files[1].exists():
            files[1].write_text((await audit.published(self.run)).notes, "utf-8")
            files[2].write_text(self.keys, "utf-8")
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            status = verify_audit.main(*map(str, files))
        return status, printed.getvalue()


async def run(*arguments: str) -> tuple[int | None, str]:
    """Exit status and output of a Python process."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    printed, _ = await process.communicate()
    return process.returncode, printed.decode()


@asynccontextmanager
async def signed_chain(settings: ServiceSettings, servers: LocalServers) -> AsyncIterator[Chain]:
    """The chain; everything in it was done by the running service."""
    async with started(settings.model_copy(update={"audit_seal_after": 3600.0})) as service:
        for half in (6, 12):
            for n in range(half - 6, half):
                await service.client.post("/refuse", json={"mark": "refused", "n": str(n)})
            await service.app.state.audit.seal_all()
            await service.app.state.audit.sign(0)
        await kit.eventually(lambda: service.scalar("SELECT count(*) = 2 FROM kit_audit_checkpoint WHERE published"))
        keys = service.app.state.audit_keys.verifier + "\n"
    database = Database(tiny.NAME, settings)
    yield Chain(RunSettings(data=servers.data, site=kit.SITE), settings, keys, database)
    await database.close()


def sql(*statements: str) -> Tampering:
    """Statements of somebody at psql."""

    async def change(tx: Tx) -> None:
        for statement in statements:
            await tx.execute(text(statement))

    return change


def rewritten(start: int, end: int = ROWS, delete: Sequence[int] = ()) -> Tampering:
    """What a clever owner does: changes a row, or takes rows away, and computes every hash anew up to `end`."""

    async def change(tx: Tx) -> None:
        rows = list((await tx.execute(text("SELECT * FROM kit_audit ORDER BY seq"))).all())
        await tx.execute(text("DELETE FROM kit_audit"))
        prev, seq = genesis(ORIGIN), 0
        for row in rows:
            if row.seq in delete:
                continue
            seq += 1
            outcome = "done" if row.seq == start else row.outcome
            body = row.body_hash.hex() if row.body_hash else None
            content = (seq, stamp(row.at), row.actor, row.action, row.object, outcome, row.request_id, row.trace_id, body)
            before, prev = (prev, link(prev, content)) if row.seq <= end else (row.prev, row.hash)
            values = {**row._asdict(), "seq": seq, "outcome": outcome, "prev": before, "hash": prev}
            names = ", ".join(values)
            await tx.execute(text(f"INSERT INTO kit_audit ({names}) VALUES ({', '.join(':' + n for n in values)})"), values)

    return change
