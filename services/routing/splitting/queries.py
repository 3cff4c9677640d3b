"""What may be read of a split matter: its parts with what they answered."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from services.routing.errors import PartsNotAnswered
from services.routing.models import CaseState
from shared.db import Tx
from shared.texts import text

_HERE = Path(__file__).resolve().parent

_PARTS = """
    SELECT c.id, c.number, c.status, c.version, c.round, c.lead, c.reply_due_at, c.result_class,
        r.text, r.replied_at, r.signer, r.on_time, o.name
    FROM cases c LEFT JOIN reply r ON r.case_id = c.id AND r.round = c.round
    LEFT JOIN LATERAL (SELECT name FROM organisation_version WHERE organisation = c.lead ORDER BY version_no DESC LIMIT 1) o ON true
    WHERE c.part_of = $1 AND c.id <> $1 ORDER BY c.number
    """


async def parts_of(tx: Tx, first: uuid.UUID) -> Sequence[Any]:
    """The parts that were split off a case, with the reply of their round, by their numbers."""
    return await tx.run(_PARTS, first)


async def answers_of_parts(tx: Tx, case: CaseState) -> str:
    """What the parts of a split matter answered in this round, each under its department's name, to be told with the first's reply.

    Empty for a case that was not split. Raises PartsNotAnswered when a part that was not taken back owes its answer.
    """
    if case.part_of != case.id:
        return ""
    parts = [row for row in await parts_of(tx, case.id) if row["status"] != "withdrawn"]
    if missing := [row["number"] for row in parts if row["status"] not in ("replied", "closed")]:
        raise PartsNotAnswered(number=case.number, open=missing)
    answered = [row for row in parts if row["text"]]
    return "".join(str(text(_HERE, "reply_of_part", "zh", department=row["name"] or row["lead"], text=row["text"])) for row in answered)
