"""Masks telephone and identity numbers in free text before it leaves a service (architecture, section 7)."""

from __future__ import annotations

import re

# Residents write numbers with spaces, dashes and full-width digits between; a run glued to other digits is an amount or an id.
_GAP = r"[\s\-－—]?"
_IDENTITY = re.compile(rf"(?<!\d)(?:\d{_GAP}){{17}}[\dXxＸｘ](?!\d)")
_MOBILE = re.compile(rf"(?<!\d)(?:[+＋]?[8８][6６]{_GAP})?[1１](?:{_GAP}\d){{10}}(?!\d)")
_LANDLINE = re.compile(r"(?<!\d)0\d{2,3}[\s\-－—]\d{7,8}(?!\d)")


def _hide(match: re.Match[str]) -> str:
    digits = re.sub(r"[\s\-－—+＋]", "", match.group())
    return f"{digits[:1]}{'*' * (len(digits) - 2)}{digits[-1:]}"


def mask(text: str) -> str:
    """`text` with identity, mobile and landline numbers reduced to their first and last digit."""
    for pattern in (_IDENTITY, _MOBILE, _LANDLINE):
        text = pattern.sub(_hide, text)
    return text
