"""The verbs on exports: asked for with a purpose, written a page at a time by whichever replica is free, deleted after hours."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, select, update
from sqlmodel import col

from services.intake.figures import queries, rules
from services.intake.figures.models import Export, ExportPage
from services.intake.figures.rows import FIGURES_HEADING, OPINIONS_HEADING, figures_row, opinion_row
from services.intake.figures.wanted import Wanted
from services.intake.places import check_region
from shared.audit import about
from shared.clock import now
from shared.db import Tx
from shared.events import new_id
from shared.identity import Caller
from shared.live import live

PAGE = 500
"""Opinions that one transaction writes: what a process holds of an export at a time."""


async def ask(tx: Tx, caller: Caller, what: str, wanted: Wanted, purpose: str, lang: str) -> Export:
    """Begins an export of the caller's region or one below. The audit names purpose, filter and rows.

    Raises RegionOutOfReach, WindowUpsideDown, ExportPurposeUnknown, ExportTooLarge.
    """
    region = region_of(caller, wanted)
    total = len(await queries.counted(tx, wanted, region)) if what == "figures" else await queries.count_opinions(tx, wanted, region)
    rules.check_export(tx.policy.exports, purpose, total)
    begun = Export(
        id=new_id(),
        what=what,
        wanted=wanted.model_dump(mode="json"),
        region=region,
        lang=lang,
        purpose=purpose,
        by=caller.account_id,
        total=total,
        asked_at=now(),
    )
    tx.add(begun)
    chosen = {name: value for name, value in begun.wanted.items() if value is not None and name != "region"}
    about(tx, begun.id, f"purpose:{purpose}", f"what:{what}", f"rows:{total}", f"region:{region}", *(f"{n}:{v}" for n, v in chosen.items()))
    return begun


def region_of(caller: Caller, wanted: Wanted) -> str:
    """The region that figures are asked for: the caller's own unless one below is named. Raises RegionOutOfReach."""
    if wanted.region is None:
        return caller.region
    check_region(caller, wanted.region)
    return wanted.region


async def write_on(tx: Tx) -> int:
    """Writes the next page of the oldest export that nobody is writing. Returns 1 when there was one."""
    waiting = select(Export).where(col(Export.state) == "under_way").order_by(col(Export.asked_at)).limit(1)
    export = await tx.scalar(waiting.with_for_update(skip_locked=True))
    if export is None:
        return 0
    rows, last = await _rows(tx, export)
    heading = FIGURES_HEADING if export.what == "figures" else OPINIONS_HEADING
    position = -(-export.done // PAGE)
    tx.add(ExportPage(export_id=export.id, position=position, rows=[*([heading[export.lang]] if position == 0 else []), *rows]))
    export.done += len(rows)
    if last is None:
        export.state, export.finished_at, export.total = "ready", now(), export.done
    export.after = last
    about(tx, export.id, f"rows:{export.done}")
    live(tx, "export", str(export.id))
    return 1


async def _rows(tx: Tx, export: Export) -> tuple[Sequence[list[Any]], list[str] | None]:
    """The next rows, and the sort key to go on after; None when these were the last."""
    wanted = Wanted.model_validate(export.wanted)
    if export.what == "figures":
        found = await queries.counted(tx, wanted, export.region)
        return [figures_row(tx.policy, wanted, one, export.lang) for one in found], None
    page = await queries.page_of_opinions(tx, wanted, export.region, export.asked_at, export.after, PAGE)
    rows = [opinion_row(tx.policy, one, export.lang) for one in page]
    if len(page) < PAGE:
        return rows, None
    newest = page[-1].opinion
    return rows, [newest.submitted_at.isoformat(), str(newest.id)]


async def delete_old(tx: Tx) -> int:
    """Deletes the rows of exports whose hours are over; what was exported by whom stays. Returns how many."""
    before = now() - timedelta(hours=tx.policy.exports.keep_hours)
    over = select(col(Export.id)).where(col(Export.asked_at) < before, col(Export.state) != "deleted").limit(20)
    ids: list[uuid.UUID] = list(await tx.scalars(over.with_for_update(skip_locked=True)))
    if ids:
        await tx.execute(delete(ExportPage).where(col(ExportPage.export_id).in_(ids)))
        await tx.execute(update(Export).where(col(Export.id).in_(ids)).values(state="deleted", after=None))
        about(tx, *ids)
    return len(ids)
