"""How a defect is told in logs and dead letters: its kind and place, never its message, which may quote a resident."""

from __future__ import annotations

import traceback
from pathlib import Path

from shared.settings import ROOT


def describe(error: BaseException) -> str:
    """`ZeroDivisionError at services/routing/rules.py:41`; for a database error the driver's kind as well."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename.startswith(str(ROOT)) and ".venv" not in f.filename]
    place = f" at {Path(frames[-1].filename).relative_to(ROOT)}:{frames[-1].lineno}" if frames else ""
    cause = getattr(error, "orig", None)
    return f"{type(error).__name__}{f' ({type(cause).__name__})' if cause is not None else ''}{place}"
