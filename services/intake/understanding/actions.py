"""The verb of understanding: to learn from the desk."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert

from services.intake.understanding.models import CategoryCorrection
from shared.consumers import Early
from shared.db import Tx
from shared.events.routing import CategoryCorrected

_CORRECTIONS = CategoryCorrection.metadata.tables["category_correction"]
_DECIDED = text("UPDATE opinion SET category = :corrected, category_source = 'desk' WHERE id = :opinion_id")
_IS_THERE = text("SELECT 1 FROM opinion WHERE id = :opinion_id FOR UPDATE")


async def learn_correction(tx: Tx, event: CategoryCorrected) -> None:
    """Keeps the desk's newest word on an opinion's category, and gives the opinion that category. Raises Early."""
    if event.matter != "opinion":
        return
    if await tx.scalar(_IS_THERE, {"opinion_id": event.opinion_id}) is None:
        raise Early("opinion", event.opinion_id)
    row = {
        "opinion_id": event.opinion_id,
        "proposed": event.proposed,
        "corrected": event.corrected,
        "case_version": event.case_version,
        "at": event.occurred_at,
    }
    fresh = insert(_CORRECTIONS).values(row)
    kept = _CORRECTIONS.c
    newer = (kept.case_version < fresh.excluded.case_version) | (
        (kept.case_version == fresh.excluded.case_version) & (kept.at < fresh.excluded.at)
    )
    keep = fresh.on_conflict_do_update(index_elements=["opinion_id"], set_=row, where=newer).returning(kept.opinion_id)
    if await tx.scalar(keep) is not None:
        await tx.execute(_DECIDED, {"opinion_id": event.opinion_id, "corrected": event.corrected})
