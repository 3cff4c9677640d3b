"""What could not be done, told to whoever typed the command."""

from __future__ import annotations

import typer
from rich.console import Console

from deploy.local.errors import LocalError
from deploy.local.progress import show_error

console = Console(soft_wrap=True, highlight=False)


class explained:  # noqa: N801 - used as a statement
    """Shows a LocalError as two lines that say what to do, and ends with 2."""

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, LocalError):
            show_error(console, error)
            raise typer.Exit(2) from error
