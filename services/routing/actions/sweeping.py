"""What the clock asks for: late replies are told once a round, and new cases get into the search index."""

from __future__ import annotations

from typing import Any

from sqlalchemy import bindparam, select, update
from sqlmodel import col

from services.routing import rules
from services.routing.actions.steps import tell
from services.routing.models import Case, CaseSearch
from services.routing.search import grams
from shared.clock import now
from shared.db import Tx
from shared.events.routing import CaseOverdue
from shared.live import live


async def mark_overdue(tx: Tx) -> int:
    """Tells of each case whose reply was due and is not there, once in a round, the longest overdue first. Says how many."""
    late = await tx.execute(
        select(Case)
        .where(col(Case.status).in_(rules.RUNNING), col(Case.overdue_round) < col(Case.round), col(Case.reply_due_at) < now())
        .order_by(col(Case.reply_due_at))
        .limit(tx.settings.overdue_batch)
        .with_for_update(skip_locked=True)
    )
    cases = late.scalars().all()
    for case in cases:
        case.overdue_round = case.round
        tell(tx, case, CaseOverdue, department=case.lead, due_at=case.reply_due_at)
        live(tx, "case", str(case.id))
    return len(cases)


async def make_searchable(tx: Tx) -> int:
    """Computes the bigrams of cases that have none yet. Says how many."""
    unread = await tx.execute(
        select(col(CaseSearch.case_id), col(Case.title), col(Case.text))
        .join(Case, col(Case.id) == col(CaseSearch.case_id))
        .where(col(CaseSearch.grams).is_(None))
        .limit(tx.settings.search_batch)
        .with_for_update(of=CaseSearch, skip_locked=True)
    )
    rows: list[dict[str, Any]] = [{"of_case": case_id, "found": grams(f"{title} {text}")} for case_id, title, text in unread]
    if rows:
        table = CaseSearch.__table__  # type: ignore[attr-defined]
        connection = await tx.connection()
        await connection.execute(update(table).where(table.c.case_id == bindparam("of_case")).values(grams=bindparam("found")), rows)
    return len(rows)
