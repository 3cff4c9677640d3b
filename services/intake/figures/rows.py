"""Opinions and figures as rows of a sheet, in the language asked for. Nothing here knows of contact data."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from services.intake.figures.queries import Counted, Listed
from services.intake.figures.rules import share
from services.intake.figures.wanted import Wanted
from services.intake.settings import IntakePolicy
from shared.masking import mask
from shared.workdays import CHINA

OPINIONS_HEADING: Mapping[str, list[Any]] = {
    "zh": ["编号", "提交时间", "区划代码", "区划", "渠道", "站点或代表", "类别", "状态", "轮次", "标题", "内容"],
    "en": ["Number", "Sent at", "Region code", "Region", "Channel", "Station or deputy", "Category", "Status", "Round", "Title", "Text"],
}
FIGURES_HEADING: Mapping[str, list[Any]] = {
    "zh": [
        "分组",
        "名称",
        "收到",
        "转交（占收到）",
        "转交率%",
        "答复（占转交）",
        "答复率%",
        "办结（占收到）",
        "办结率%",
        "代表直接答复（占收到）",
        "代表答复率%",
    ],
    "en": [
        "Group",
        "Name",
        "Received",
        "Passed on (of received)",
        "%",
        "Replied (of passed on)",
        "%",
        "Solved (of received)",
        "%",
        "Answered by a deputy (of received)",
        "%",
    ],
}


def opinion_row(policy: IntakePolicy, listed: Listed, lang: str) -> list[Any]:
    """An opinion, numbers in its texts masked, times as the clock in China shows them."""
    one = listed.opinion
    return [
        one.number,
        _local(one.submitted_at),
        one.region,
        listed.region,
        one.channel,
        listed.target,
        category_label(policy, one.category, lang),
        policy.progress[one.status].label.of(lang),  # type: ignore[index]
        one.round,
        mask(one.title),
        mask(one.text),
    ]


def figures_row(policy: IntakePolicy, wanted: Wanted, counted: Counted, lang: str) -> list[Any]:
    """A group's figures, each share beside its number; the base of each is in the heading and in the row."""
    name = category_label(policy, counted.key, lang) if wanted.by == "category" else counted.name
    shares = (
        share(counted.passed_on, counted.received),
        share(counted.replied, counted.passed_on),
        share(counted.solved, counted.received),
        share(counted.answered_by_rep, counted.received),
    )
    cells = [cell for one in shares for cell in (one.n, None if one.percent is None else float(one.percent))]
    return [counted.key, name, counted.received, *cells]


def category_label(policy: IntakePolicy, code: str | None, lang: str) -> str | None:
    """What people call a category; one that the profile does not know any more keeps its code."""
    label = next((one.label for one in policy.categories if one.code == code), None)
    return label.of(lang) if label else code


def _local(moment: datetime) -> str:
    return moment.astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S")
