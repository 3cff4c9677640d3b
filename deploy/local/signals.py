"""Signals of the parent: noted, never acted upon in the middle of something."""

import contextlib
import os
import select
import signal
from types import FrameType

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Signals:
    """Counts the requests to stop, and wakes the parent when a child has ended. For the main thread only."""

    def __init__(self) -> None:
        self.stops = 0
        self._read, write = os.pipe()
        for descriptor in (self._read, write):
            os.set_blocking(descriptor, False)
        signal.set_wakeup_fd(write, warn_on_full_buffer=False)
        for number in STOPPING:
            signal.signal(number, self._note)
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def wait(self, seconds: float) -> None:
        """Sleep until a signal arrives or the time is up."""
        with contextlib.suppress(InterruptedError):
            select.select([self._read], [], [], max(0.0, seconds))
        with contextlib.suppress(BlockingIOError):
            os.read(self._read, 4096)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.stops += 1
