"""What the person at the keyboard sees while the suite starts. No thread: the screen is redrawn when something changes."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.table import Table

from deploy.local.errors import LocalError


class Progress:
    """A list of steps, each waiting, under way, or done after so many seconds; plain lines when not on a terminal."""

    def __init__(self, console: Console, names: list[str]) -> None:
        self._console = console
        self._steps: dict[str, str] = dict.fromkeys(names, "")
        self._begun = time.monotonic()
        self._live = Live(console=console, auto_refresh=False, transient=True, redirect_stdout=False, redirect_stderr=False)

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._live.stop()

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """A step that is under way inside the `with` and done after it."""
        begun = time.monotonic()
        self._show(name, "…")
        yield
        self.done(name, time.monotonic() - begun)

    def done(self, name: str, seconds: float | None = None) -> None:
        """A step has been finished, after `seconds` or else since the beginning."""
        took = f"{time.monotonic() - self._begun if seconds is None else seconds:.1f} s"
        self._show(name, took)
        if not self._console.is_terminal:
            self._console.print(f"✓ {name} {took}", highlight=False)

    def _show(self, name: str, state: str) -> None:
        self._steps[name] = state
        table = Table.grid(padding=(0, 2))
        for step, shown in self._steps.items():
            mark = {"": "[dim]·", "…": "[yellow]▸"}.get(shown, "[green]✓")
            table.add_row(mark, step, f"[dim]{shown}")
        if self._live.is_started:
            self._live.update(table, refresh=True)


def show_error(console: Console, error: LocalError) -> None:
    """One clear message in both languages."""
    console.print(f"✗ {error.english}", style="red", highlight=False, markup=False, soft_wrap=True)
    console.print(f"  {error.chinese}", style="red", highlight=False, markup=False, soft_wrap=True)
