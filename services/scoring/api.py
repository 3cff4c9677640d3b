"""The doors of scoring: a deputy's ledger and the ranking among peers. Points are numbers with two decimals at most."""

from __future__ import annotations

import uuid
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

from fastapi import Query
from pydantic import BaseModel, PlainSerializer

from services.scoring import queries, rules
from services.scoring.errors import LedgerUnknown
from services.scoring.models import MandateVersion
from services.scoring.settings import RuleTable, ScoringPolicy
from shared.clock import now
from shared.events.directory import MandateLevel
from shared.http import Blank, InTx, Lang, Page, Paging, page_of, service_router
from shared.identity import Caller, requires

router = service_router(tags=["scoring"])

Points = Annotated[Decimal, PlainSerializer(float, return_type=float, when_used="json")]
Year = Annotated[int, Query(ge=2000, le=2999, description="the period: a year in China; the present one when absent")]
Group = Annotated[str, Query(min_length=1, max_length=80)]


class LineOut(BaseModel):
    """A line of the ledger; `evidence` is the id of the event that earned it."""

    id: uuid.UUID
    item: str
    label: str
    points: Points
    occurred_at: datetime
    evidence: uuid.UUID
    rule_version: str


class ItemOut(BaseModel):
    """The points under one item, before and after its cap."""

    item: str
    label: str
    lines: int
    raw: Points
    capped: Points
    cap: Points | None


class TableOut(BaseModel):
    """The rule table whose caps apply."""

    version: str
    label: str


class LedgerOut(BaseModel):
    """A deputy's ledger of a period: the totals of all lines, and one page of the lines, the newest first."""

    deputy_id: uuid.UUID
    period: int
    table: TableOut
    raw: Points
    total: Points
    items: list[ItemOut]
    lines: list[LineOut]
    next_cursor: str | None


class StandingOut(BaseModel):
    """A deputy's place among the peers of one level, and of one group when the request names it."""

    rank: int
    deputy_id: uuid.UUID
    name: str
    level: MandateLevel
    group: str
    region: str
    status: Literal["active", "suspended", "ended"]
    points: Points


class RankingOut(Page[StandingOut]):
    """The ranking of a period, level by level; ties share a rank."""

    period: int
    table: TableOut


@router.get("/deputies/{deputy_id}/ledger")
async def ledger(
    *,
    deputy_id: uuid.UUID,
    tx: InTx,
    caller: Annotated[Caller, requires("ledger.read", "ledger.read.own")],
    lang: Lang,
    paging: Paging,
    period: Annotated[Year | None, Blank] = None,
) -> LedgerOut:
    """A deputy's points with the event that each is evidence of. A deputy reads the own ledger, staff those of their region."""
    mandate = await queries.account(tx, deputy_id)
    if mandate is None or not _may_read(caller, mandate):
        raise LedgerUnknown()
    year, table = _period(tx.policy, period)
    after = paging.after(datetime, uuid.UUID)
    rows = await queries.page_of_lines(tx, deputy_id, year, (after[0], after[1]) if after else None, paging.limit + 1)
    page, cursor = page_of(rows, paging.limit, key=lambda row: (row.occurred_at, row.id))
    items = rules.totals((await queries.sums(tx, year, deputy_id)).get(deputy_id, {}), table)
    return LedgerOut(
        deputy_id=deputy_id,
        period=year,
        table=TableOut(version=table.version, label=table.label[lang]),
        raw=sum((one.raw for one in items), Decimal(0)),
        total=sum((one.capped for one in items), Decimal(0)),
        items=[
            ItemOut(item=one.item, label=_label(table, one.item, lang), lines=one.lines, raw=one.raw, capped=one.capped, cap=one.cap)
            for one in items
        ],
        lines=[LineOut(**row._asdict(), label=_label(table, row.item, lang)) for row in page],
        next_cursor=cursor,
    )


@router.get("/ranking")
async def ranking(
    *,
    tx: InTx,
    caller: Annotated[Caller, requires("ranking.read")],
    lang: Lang,
    paging: Paging,
    period: Annotated[Year | None, Blank] = None,
    group: Annotated[Group | None, Blank] = None,
    level: Annotated[MandateLevel | None, Blank] = None,
) -> RankingOut:
    """Capped points of a period among peers: mandates of one level are ranked together, 议政代表 apart."""
    year, table = _period(tx.policy, period)
    peers = await queries.peers(tx, year, caller.region, level, group)
    sums = await queries.sums(tx, year)
    standings = rules.standings(peers, {one.deputy_id: rules.capped(sums.get(one.deputy_id, {}), table) for one in peers})
    after = paging.after(int, int, uuid.UUID)
    rest = [one for one in standings if after is None or rules.place(one) > after]
    page, cursor = page_of(rest[: paging.limit + 1], paging.limit, key=rules.place)
    return RankingOut(
        period=year,
        table=TableOut(version=table.version, label=table.label[lang]),
        items=[
            StandingOut(
                rank=one.rank,
                points=one.points,
                **one.mandate.model_dump(include={"deputy_id", "name", "level", "group", "region", "status"}),
            )
            for one in page
        ],
        next_cursor=cursor,
    )


def _may_read(caller: Caller, mandate: MandateVersion) -> bool:
    if caller.may("ledger.read") and caller.sees_region(mandate.region):
        return True
    return caller.deputy_id == mandate.deputy_id


def _period(policy: ScoringPolicy, period: int | None) -> tuple[int, RuleTable]:
    """The period asked for, else the present one, and the last table in force in it."""
    year = period if period is not None else rules.day_of(now()).year
    return year, policy.table_on(rules.last_day(year))


def _label(table: RuleTable, item: str, lang: str) -> str:
    rule = table.items.get(item)
    return rule.label[lang] if rule else item
