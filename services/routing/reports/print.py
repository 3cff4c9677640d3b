"""The printed handling report: PDF by typst with an embedded font, so that it looks the same wherever it is opened."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

_HERE = Path(__file__).resolve().parent
_FONT = _HERE / "font"
MISSING = "〓"
"""What stands for a character that the font lacks: typst would print nothing, and say nothing (architecture, section 6)."""


def as_pdf(document: dict[str, Any]) -> bytes:
    """The document that `rows.document` gives, as PDF/A. Its texts are data to the template, never markup."""
    # Imported here: only who prints pays for it.
    import typst

    shown = json.dumps(_printable(document), ensure_ascii=False)
    template = (_HERE / "handling.typ").read_bytes()
    compiled: Any = typst.compile  # its declaration takes either a path or bytes, and then paths of that type only
    made: bytes = compiled(
        template, sys_inputs={"document": shown}, font_paths=[str(_FONT)], ignore_system_fonts=True, pdf_standards=["a-2u"]
    )
    return made


@cache
def covered() -> frozenset[str]:
    """The characters that the font has."""
    return frozenset((_FONT / "characters.txt").read_text("utf-8"))


def _printable(value: Any) -> Any:
    if isinstance(value, str):
        return "".join(c if c in covered() or c.isspace() else MISSING for c in value)
    if isinstance(value, dict):
        return {name: _printable(one) for name, one in value.items()}
    return [_printable(one) for one in value] if isinstance(value, list) else value
