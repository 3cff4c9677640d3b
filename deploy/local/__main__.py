"""`python -m deploy.local run|stop|nats-users`: the suite on this machine."""

import argparse
import sys
from collections.abc import Sequence

from rich.console import Console

from deploy.local import accounts
from deploy.local.errors import LocalError
from deploy.local.external import nats_users
from deploy.local.progress import show_error
from deploy.local.run import run
from deploy.local.settings import read_settings
from deploy.local.stop import stop


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m deploy.local", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    run_parser = commands.add_parser("run", help="start everything and stay in the foreground until Ctrl-C")
    run_parser.add_argument("--scale", default="", help='replicas, e.g. "routing=3,intake=2"')
    commands.add_parser("stop", help="stop what runs on the data folder")
    commands.add_parser("nats-users", help="print the accounts block for an external nats-server")
    chosen = parser.parse_args(arguments)
    console = Console()
    try:
        settings = read_settings()
        if chosen.command == "run":
            return run(settings, chosen.scale, console)
        if chosen.command == "stop":
            console.print("Stopped 已停止" if stop(settings) else "Nothing was running 没有在运行", highlight=False)
        else:
            accounts.make_data_folder(settings.data, passage=False)
            sys.stdout.write(nats_users(settings.data, settings.site))
    except LocalError as error:
        show_error(console, error)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
