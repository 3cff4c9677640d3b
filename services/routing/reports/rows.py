"""The handling report as tables for a workbook, and as what the printed document shows, in the language asked for."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from services.routing.reports.views import FiguresOut, HandlingReport, RateOut
from shared.texts import text
from shared.workdays import CHINA

_HERE = Path(__file__).resolve().parent
Table = list[list[Any]]


def tables(report: HandlingReport, lang: str) -> dict[str, Table]:
    """Sheet → its rows; numbers are numbers."""
    return {
        _say("sheet_summary", lang): _summary(report, lang),
        _say("sheet_departments", lang): _groups(report.departments, "department", lang),
        _say("sheet_categories", lang): _groups(report.categories, "category", lang),
        _say("sheet_bases", lang): [[line] for line in _bases(lang)],
    }


def document(report: HandlingReport, lang: str) -> dict[str, Any]:
    """What the printed document shows: everything as text, with the places that were asked for."""

    def shown(table: Table) -> list[list[str]]:
        return [[_shown(cell) for cell in row] for row in table]

    made = report.made_at.astimezone(CHINA).strftime("%Y-%m-%d %H:%M")
    return {
        "lang": lang,
        "title": _say("title", lang, year=report.year),
        "subtitle": _say("subtitle", lang, region=report.region, made=made, profile=report.profile_version),
        "summary": {"heading": _say("sheet_summary", lang), "rows": shown(_summary(report, lang))},
        "groups": [
            {"heading": _say(f"sheet_{many}", lang), "rows": shown(_groups(found, one, lang))}
            for many, one, found in (("departments", "department", report.departments), ("categories", "category", report.categories))
        ],
        "bases": {"heading": _say("sheet_bases", lang), "lines": _bases(lang)},
    }


def _summary(report: HandlingReport, lang: str) -> Table:
    total = report.total
    rows: Table = [[_say(f"column_{name}", lang) for name in ("figure", "count", "base", "percent")]]
    for name in ("received", "withdrawn", "replied", "unanswered", "overdue"):
        rows.append([_say(name, lang), getattr(total, name), None, None])
    rows.extend([_say("class", lang, label=f"{c.code} {c.label}"), c.count, total.classes.base, c.share] for c in total.classes.items)
    for name in ("satisfaction", "first_satisfaction"):
        found = getattr(total, name)
        rows.append([_say(name, lang), found.satisfied, found.base, found.percent])
        rows.extend([_say("level", lang, label=one.label), one.count, found.base, one.share] for one in found.levels.items)
        rows.append([_say("not_returned", lang), found.not_returned, None, None])
    rows.extend([_say(name, lang), *_cells(getattr(total, name))] for name in ("on_time", "returned", "handled_again"))
    rows.extend([_say("phase", lang, label=phase.label), phase.count, None, None] for phase in report.phases)
    return rows


def _groups(groups: Sequence[FiguresOut], by: str, lang: str) -> Table:
    plain = ("received", "withdrawn", "replied", "unanswered", "overdue")
    percents = ("satisfaction", "on_time", "returned", "handled_again")
    classes = [item.code for item in groups[0].classes.items] if groups else []
    heading = [_say(f"column_{by}", lang), *(_say(name, lang) for name in plain), *classes]
    for name in percents:
        heading += [_say(name, lang), _say("column_base", lang), "%"]
    rows: Table = [heading]
    for one in groups:
        row: list[Any] = [one.name or one.key or _say("none", lang), *(getattr(one, name) for name in plain)]
        row += [next((c.count for c in one.classes.items if c.code == code), 0) for code in classes]
        row += [one.satisfaction.satisfied, one.satisfaction.base, one.satisfaction.percent]
        for name in percents[1:]:
            row += _cells(getattr(one, name))
        rows.append(row)
    return rows


def _cells(rate: RateOut) -> list[Any]:
    return [rate.n, rate.of, rate.percent]


def _shown(cell: Any) -> str:
    return "" if cell is None else f"{cell}" if not isinstance(cell, Decimal) else f"{cell:f}"


def _bases(lang: str) -> list[str]:
    """What each share is of, in words."""
    return [_say(f"base_{name}", lang) for name in ("classes", "satisfaction", "on_time", "returned", "handled_again", "rounding")]


def _say(key: str, lang: str, **values: Any) -> str:
    return str(text(_HERE, key, lang, **values))
