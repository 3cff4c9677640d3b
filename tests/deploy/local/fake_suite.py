"""Tiny services in place of the real ones, run by the real parent: `python -m tests.deploy.local.fake_suite [scale]`."""

import json
import os
import sys
import threading
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

from rich.console import Console

from deploy.local.errors import LocalError
from deploy.local.prepare import Preparation
from deploy.local.progress import show_error
from deploy.local.run import Suite, run
from deploy.local.settings import read_settings
from deploy.local.table import ServiceSpec

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


def build() -> Callable[[Message, Receive, Send], Awaitable[None]]:
    """An app that tells who it is at /who, and ends at once at /crash."""
    if os.environ["LIANXIN_SERVICE"] in os.environ.get("FAKE_BROKEN", ""):
        raise RuntimeError("broken on purpose")
    return _app


async def _app(scope: Message, receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        await _lifespan(receive, send)
        return
    if scope["path"] == "/crash":
        os._exit(7)
    who = {
        "pid": os.getpid(),
        "threads_at_start": os.environ.get("FAKE_THREADS"),
        "environment": {name: value for name, value in os.environ.items() if name.startswith("LIANXIN_")},
    }
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": json.dumps(who).encode()})


async def _lifespan(receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    print("lifespan ended", flush=True)
    await send({"type": "lifespan.shutdown.complete"})


def fake_prepare(what: Preparation) -> None:
    """Notes what it was given, in place of migrations and streams; fails if told to."""
    if os.environ.get("FAKE_PREPARE") == "fails":
        raise RuntimeError("no table today")
    note = {"databases": dict(what.databases), "threads": threading.active_count(), "events": what.events_max_bytes}
    Path(os.environ["LIANXIN_DATA"], "prepared.json").write_text(json.dumps(note))


FACTORY = f"{__name__ if __name__ != '__main__' else 'tests.deploy.local.fake_suite'}:build"
FAKE = Suite(
    specs=(ServiceSpec("intake", FACTORY), ServiceSpec("routing", FACTORY), ServiceSpec("gateway", FACTORY, database=False)),
    preload=("uvicorn", "uvloop", "httptools"),
    prepare=fake_prepare,
)


def main(arguments: list[str]) -> int:
    """What `python -m deploy.local run` does, with the small services."""
    console = Console()
    try:
        return run(read_settings(), arguments[0] if arguments else "", console, FAKE)
    except LocalError as error:
        show_error(console, error)
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
