"""The image's entry point: `serve <service>`; the jobs `credentials`, `migrate`, `administrators`, `demo`; else a command of `lianxin`."""

import json
import os
import socket
import sys

from rich.console import Console

from deploy.container.healthy import PORT
from deploy.container.jobs import administrators, credentials, migrate, operator_settings, secrets_of
from deploy.local.errors import LocalError
from deploy.local.progress import show_error
from deploy.local.sockets import BACKLOG
from deploy.local.table import SUITE

JOBS = {"credentials": credentials, "migrate": migrate, "administrators": administrators}


def serve(name: str) -> None:
    """Serves one service until SIGTERM; variables that are set already win over the volume's."""
    from deploy.local import replica

    spec = next(spec for spec in SUITE if spec.name == name)
    path = secrets_of(name)
    kept = json.loads(path.read_text("utf-8")) if path.exists() else {}
    own = socket.create_server(("0.0.0.0", PORT), backlog=BACKLOG)
    own.setblocking(False)
    replica.preload([spec.factory.partition(":")[0]])
    gate = replica.Gate()
    gate.open()
    replica.serve(spec, own, (), {"LIANXIN_SERVICE": name, **kept, **os.environ}, gate)


def demo() -> int:
    """Loads the demo place through the gateway, and shows its accounts and codes."""
    settings = operator_settings()
    from deploy.local import demo_data
    from deploy.local.demo import main as load

    first = not demo_data.read_demo(settings.data).get("loaded")
    failed = load()
    demo_data.show_demo(Console(), settings.data, first=first)
    return failed


def main(arguments: list[str]) -> int:
    """Does what the arguments say; the exit status."""
    match arguments:
        case ["serve", name] if name in {spec.name for spec in SUITE}:
            serve(name)
        case [job] if job in JOBS:
            JOBS[job]()
        case ["demo"]:
            return demo()
        case _:
            operator_settings()
            from deploy.cli.main import app

            app(arguments, prog_name="lianxin")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except LocalError as error:
        show_error(Console(), error)
        sys.exit(2)
