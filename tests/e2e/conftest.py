"""One real suite for the tests that only look at it; those that break something start their own."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator

import pytest
from rich.console import Console

from deploy.local import demo
from shared.settings import ROOT
from tests import kit
from tests.containers.servers import external_servers
from tests.e2e.suite import Suite


@pytest.fixture(scope="module")
def suite() -> Iterator[Suite]:
    """A running suite with the demo place and a few messages through the loop."""
    with external_servers(ROOT / f".data-e2e-loop-{os.getpid()}", kit.SITE):
        running = Suite("loop")
        try:
            running.start()
            load_demo(running, 12)
            yield running
        finally:
            running.remove()


def load_demo(suite: Suite, number: int) -> str:
    """Loads the demo place as the first start does; what it printed."""
    console = Console(file=open(os.devnull, "w"), record=True, width=120)  # noqa: SIM115 - lives as long as the console
    demo.NUMBER = number
    asyncio.run(demo.load(suite.settings, console))
    return console.export_text()
