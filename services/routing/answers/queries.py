"""Reads of answers."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from shared.db import Tx

_ANSWERS = (
    "SELECT round, deputy_id, part, sent_at, received_at FROM answer WHERE case_id = $1 ORDER BY round, part = 'lead' DESC, deputy_id"
)
_DELIVERIES = "SELECT round, department, delivered_on, evidence, recorded_at FROM delivery WHERE case_id = $1 ORDER BY round"
_PUBLISHED = "SELECT round, title, suggestion, reply, published_at FROM published_reply WHERE case_id = $1 ORDER BY round"
_REPLIED = "SELECT round, replied_at FROM reply WHERE case_id = $1 ORDER BY round"
_NEWEST = (
    "SELECT round, department, result_class, counts_as_done, text, replied_at FROM reply WHERE case_id = $1 ORDER BY round DESC LIMIT 1"
)
_DELIVERED = "SELECT FROM delivery WHERE case_id = $1 AND round = $2"
_IS_PUBLISHED = "SELECT FROM published_reply WHERE case_id = $1 AND round = $2"


async def newest_reply(tx: Tx, case_id: uuid.UUID) -> Mapping[str, Any] | None:
    """The newest reply of a case."""
    rows = await tx.run(_NEWEST, case_id)
    return rows[0] if rows else None


async def is_delivered(tx: Tx, case_id: uuid.UUID, round_: int) -> bool:
    """Whether the round's delivery is recorded."""
    return bool(await tx.run(_DELIVERED, case_id, round_))


async def is_published(tx: Tx, case_id: uuid.UUID, round_: int) -> bool:
    """Whether the round's reply is published."""
    return bool(await tx.run(_IS_PUBLISHED, case_id, round_))


async def answers_of(tx: Tx, case_id: uuid.UUID) -> dict[str, Any]:
    """When each round was replied to, to whom it went, when it was carried out, and what of it is published."""
    parts = {"replies": _REPLIED, "answers": _ANSWERS, "deliveries": _DELIVERIES, "published": _PUBLISHED}
    return {name: [dict(row) for row in await tx.run(statement, case_id)] for name, statement in parts.items()}
