"""Crash points: places where a test kills the process to see that nothing is lost or doubled.

`LIANXIN_CRASH_AT=<point>` or `<service>:<point>`, optionally with `@n` for the n-th passage. Costs one comparison when unset.
"""

from __future__ import annotations

import os

POINTS = ("before_commit", "after_commit", "before_publish", "after_publish", "after_effect", "before_ack", "before_answer")

_wanted = os.environ.get("LIANXIN_CRASH_AT", "")
_passed = 0


def point(name: str, service: str = "") -> None:
    """Dies here without any clean-up (exit status 137, as `kill -9` gives) when the environment asks for this point."""
    if not _wanted:
        return
    global _passed
    wanted, _, nth = _wanted.partition("@")
    if wanted not in (name, f"{service}:{name}"):
        return
    _passed += 1
    if _passed >= int(nth or 1):
        os._exit(137)
