"""Crash points: places where a test kills the process to see that nothing is lost or doubled.

`LIANXIN_CRASH_AT` lists points, by comma: `<point>` or `<service>:<point>`, each optionally with `@n` for the n-th passage.
With `LIANXIN_CRASH_MARKS=<folder>` each point of the list kills once only, over all processes and restarts: whoever makes
its mark file dies. Costs one comparison when unset.
"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

POINTS = ("before_commit", "after_commit", "before_publish", "after_publish", "after_effect", "before_ack", "before_answer")

_wanted = {
    name: int(nth or 1) for name, _, nth in (part.partition("@") for part in os.environ.get("LIANXIN_CRASH_AT", "").split(",") if part)
}
_marks = os.environ.get("LIANXIN_CRASH_MARKS", "")
_passed: Counter[str] = Counter()


def point(name: str, service: str = "") -> None:
    """Dies here without any clean-up (exit status 137, as `kill -9` gives) when the environment asks for this point."""
    if not _wanted:
        return
    for wanted in (name, f"{service}:{name}"):
        if wanted in _wanted:
            _passed[wanted] += 1
            if _passed[wanted] >= _wanted[wanted] and _mine(wanted):
                os._exit(137)


def _mine(wanted: str) -> bool:
    if not _marks:
        return True
    try:
        os.close(os.open(Path(_marks) / wanted.replace(":", "-"), os.O_CREAT | os.O_EXCL | os.O_WRONLY))
    except FileExistsError:
        return False
    return True
