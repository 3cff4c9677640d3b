"""`python -m tests.chaos.supervisor run --scale …`: `make run` with the effect ledger, and with a guarantee less on demand."""

from __future__ import annotations

import asyncio
import os
import sys

from rich.console import Console
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from deploy.local.prepare import Preparation, prepare
from deploy.local.run import Suite, run
from deploy.local.settings import read_settings
from tests.chaos import broken

BREAK = "CHAOS_BREAK"


def main() -> int:
    """Patches, then runs the suite in the foreground until it is told to stop."""
    broken.observe()
    if name := os.environ.get(BREAK):
        broken.BREAKS[name]()
    return run(read_settings(), sys.argv[sys.argv.index("--scale") + 1], Console(), Suite(prepare=prepare_with_ledger))


def prepare_with_ledger(what: Preparation) -> None:
    """The tables and streams, and in each database the table of effects."""
    prepare(what)
    asyncio.run(_ledgers(what))


async def _ledgers(what: Preparation) -> None:
    for url in what.databases.values():
        engine = create_async_engine(url)
        async with engine.begin() as connection:
            await connection.execute(text(broken.LEDGER))
        await engine.dispose()


if __name__ == "__main__":
    sys.exit(main())
