"""The doors of the reports: handling results of a year as data, as a workbook and as a document to print."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import Query, Response

from services.routing.queries import count_classes
from services.routing.reports import queries, rows, rules
from services.routing.reports.print import as_pdf
from services.routing.reports.rules import Portions, Rate, Satisfaction
from services.routing.reports.views import (
    ClassReport,
    ClassShare,
    FiguresOut,
    HandlingReport,
    PhaseOut,
    RateOut,
    SatisfactionOut,
    ShareOut,
    SharesOut,
    YearsReport,
)
from services.routing.settings import Matter, RoutingPolicy
from shared.clock import now
from shared.db import Tx
from shared.http import Blank, InTx, Lang, service_router
from shared.identity import Caller, requires
from shared.sheets import MEDIA_TYPES, workbook

router = service_router(tags=["reports"])

Reader = Annotated[Caller, requires("case.read", "case.read.own")]
Year = Annotated[int, Query(ge=2000, le=2100)]
Decimals = Annotated[Annotated[int, Query(ge=0, le=4)] | None, Blank]
Department = Annotated[Annotated[str, Query(max_length=40)] | None, Blank]
Of = Annotated[Matter | None, Blank]
"""What the cases are about; opinions and suggestions together when it is not given."""


@router.get("/reports/classes")
async def report_classes(
    tx: InTx, caller: Reader, lang: Lang, department: Department = None, matter: Of = None, decimals: Decimals = None
) -> ClassReport:
    """Cases of all years by the result class of their newest reply, with largest-remainder shares (domain, principle 6)."""
    counts = await count_classes(tx, caller, department, matter)
    found = rules.class_shares(counts, tx.policy.result_classes, _places(tx, decimals))
    items = [ClassShare(code=p.code, label=p.label[lang], count=p.count, share=p.share) for p in found.items]
    return ClassReport(base=found.base, items=items)


@router.get("/reports/handling")
async def handling(
    tx: InTx, caller: Reader, lang: Lang, year: Year, department: Department = None, matter: Of = None, decimals: Decimals = None
) -> HandlingReport:
    """The year's handling report (办理情况报告; public by 代表法 51): classes, satisfaction, on time and returned, each with its base."""
    return await _report(tx, caller, lang, year, department, matter, _places(tx, decimals))


@router.get("/reports/handling/file", response_class=Response)
async def handling_file(
    tx: InTx,
    caller: Reader,
    lang: Lang,
    year: Year,
    department: Department = None,
    matter: Of = None,
    decimals: Decimals = None,
    format: Literal["xlsx", "pdf"] = "xlsx",  # noqa: A002 - the parameter's name
) -> Response:
    """The same report as a workbook with a sheet for each table, or as a document to print. Texts stay texts: nothing is calculated."""
    report = await _report(tx, caller, lang, year, department, matter, _places(tx, decimals))
    if format == "pdf":
        content, kind = await asyncio.to_thread(as_pdf, rows.document(report, lang)), "application/pdf"
    else:
        content, kind = await asyncio.to_thread(workbook, rows.tables(report, lang)), MEDIA_TYPES["xlsx"]
    headers = {
        "Content-Disposition": f'attachment; filename="handling-{year}.{format}"',
        "Cache-Control": "private, no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(content, media_type=kind, headers=headers)


@router.get("/reports/years")
async def years(
    tx: InTx, caller: Reader, lang: Lang, since: Year, until: Year, department: Department = None, matter: Of = None
) -> YearsReport:
    """The figures of each year from `since` to `until`, by the year in which cases were opened."""
    decimals = _places(tx, None)
    found = await queries.count(tx, caller, rules.year_of(since)[0], rules.year_of(until)[1], department, matter)
    groups = sorted((key or "", counted) for (kind, key), counted in found.items() if kind == "year")
    return YearsReport(decimals=decimals, years=[_figures(tx.policy, key, key, one, decimals, lang) for key, one in groups])


def _places(tx: Tx, decimals: int | None) -> int:
    places: int = tx.policy.reports.decimals
    return places if decimals is None else decimals


async def _report(
    tx: Tx, caller: Caller, lang: Lang, year: int, department: str | None, matter: Matter | None, decimals: int
) -> HandlingReport:
    policy: RoutingPolicy = tx.policy
    found = await queries.count(tx, caller, *rules.year_of(year), department, matter)
    leads = [key for kind, key in found if kind == "department" and key is not None]
    departments = await queries.names_of(tx, leads)
    categories = {c.code: getattr(c.label, lang) for c in policy.categories if c.label}
    total = found["all", None]

    def groups(kind: str, names: dict[str, str]) -> list[FiguresOut]:
        chosen = [(key, one) for (what, key), one in found.items() if what == kind]
        chosen.sort(key=lambda pair: (-pair[1].received, pair[0] or "~"))
        return [_figures(policy, key, names.get(key or "", key), one, decimals, lang) for key, one in chosen]

    return HandlingReport(
        year=year,
        region=caller.region,
        department=department,
        made_at=now(),
        profile_version=policy.profile_version,
        decimals=decimals,
        total=_figures(policy, None, None, total, decimals, lang),
        phases=[PhaseOut(code=p.code, label=getattr(p.label, lang), count=sum(total.statuses[s] for s in p.of)) for p in policy.phases],
        departments=groups("department", departments),
        categories=groups("category", categories),
    )


def _figures(policy: RoutingPolicy, key: str | None, name: str | None, one: queries.Counted, decimals: int, lang: str) -> FiguresOut:
    return FiguresOut(
        key=key,
        name=name,
        **{field: getattr(one, field) for field in ("received", "withdrawn", "replied", "unanswered", "overdue")},
        classes=_shares(rules.class_shares(one.classes, policy.result_classes, decimals), lang),
        satisfaction=_satisfaction(policy, one.levels, decimals, lang),
        first_satisfaction=_satisfaction(policy, one.first_levels, decimals, lang),
        on_time=_rate(rules.rate(one.on_time, one.replies + one.overdue, decimals)),
        returned=_rate(rules.rate(one.returned, one.handed_over, decimals)),
        handled_again=_rate(rules.rate(one.handled_again, one.replied, decimals)),
    )


def _rate(found: Rate) -> RateOut:
    return RateOut(**asdict(found))


def _shares(found: Portions, lang: str) -> SharesOut:
    return SharesOut(base=found.base, items=[ShareOut(code=p.code, label=p.label[lang], count=p.count, share=p.share) for p in found.items])


def _satisfaction(policy: RoutingPolicy, counted: Any, decimals: int, lang: str) -> SatisfactionOut:
    levels = {level: n for level, n in counted.items() if level}
    found: Satisfaction = rules.satisfaction(levels, counted.get("", 0), policy.ratings, decimals)
    plain = {name: getattr(found, name) for name in ("base", "rated", "not_returned", "satisfied", "percent")}
    return SatisfactionOut(**plain, levels=_shares(found.levels, lang))
