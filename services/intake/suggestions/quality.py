"""The score of a text's quality (内容高质量): points by the profile's rule, each part shown with what was found. Never a black box."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from services.intake.suggestions.content import Content
from services.intake.suggestions.settings import (
    ScoredFormation,
    ScoredLength,
    ScoredMeasures,
    ScoredPart,
    ScoredPreCheck,
    SuggestionsPolicy,
)

_NUMBERED = re.compile(
    r"(?:^|(?<=[\s。；;：:]))"
    r"(?:[一二三四五六七八九十]{1,3}[、.．是要]|[(（][一二三四五六七八九十\d]{1,3}[)）]|\d{1,2}[、.．)）](?!\d)|第[一二三四五六七八九十]{1,3}[,，、])"
)
"""一、 (一) （1） 1. 1、 一是 第一， at the start of a line or sentence."""


def measures_in(text: str) -> int:
    """How many measures a text lists: its numbered items, or its lines when nothing is numbered."""
    numbered = len(_NUMBERED.findall(text))
    return numbered or sum(1 for line in text.splitlines() if line.strip())


def score(policy: SuggestionsPolicy, content: Content, favourable: Mapping[str, bool]) -> dict[str, Any]:
    """Points of 100 and the parts they come from: code, points, the most there is, what was found and what was asked for.

    `favourable` tells of each point that advisers spoke of whether all of them were in favour.
    """
    parts = []
    for rule in policy.quality:
        match rule:
            case ScoredPart(part=part, least=least):
                found: Any = len(getattr(content, part))
                asked: Any = least
                earned = found >= least
            case ScoredMeasures(least=least):
                found, asked = measures_in(content.measures), least
                earned = found >= least
            case ScoredLength(least=least, most=most):
                found, asked = len(content.cause) + len(content.analysis) + len(content.measures), [least, most]
                earned = least <= found <= most
            case ScoredFormation(any_of=any_of):
                found, asked = list(content.formed_by), sorted(any_of)
                earned = bool(any_of & set(content.formed_by))
            case ScoredPreCheck(point=point):
                found, asked = favourable.get(point), True
                earned = found is True
        parts.append({"code": rule.code, "points": rule.points if earned else 0, "of": rule.points, "found": found, "asked": asked})
    return {"points": sum(part["points"] for part in parts), "of": 100, "parts": parts}
