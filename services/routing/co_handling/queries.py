"""Reads of co-handlers' opinions."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

import orjson

from services.routing.co_handling.errors import CoHandlersStillToAnswer
from services.routing.models import CaseState
from shared.db import Tx

_OF_CASE = """
    SELECT o.assignment_id, o.organisation, o.round, p.current, o.due_at, o.turn, o.given_at, o.asked_again,
        (SELECT coalesce(json_agg(json_build_object('turn', t.turn, 'text', t.text, 'document', t.document, 'given_at', t.given_at,
            'on_time', t.on_time) ORDER BY t.turn), '[]') FROM co_opinion_text t WHERE t.assignment_id = o.assignment_id)::text AS said
    FROM co_opinion o JOIN part p ON p.id = o.assignment_id WHERE o.case_id = $1 ORDER BY o.round, o.organisation, o.assignment_id
    """
_STILL_OWED = """
    SELECT o.organisation, coalesce((SELECT v.name FROM organisation_version v WHERE v.organisation = o.organisation
        ORDER BY v.version_no DESC LIMIT 1), o.organisation) AS name
    FROM co_opinion o JOIN part p ON p.id = o.assignment_id
    WHERE o.case_id = $1 AND p.current AND o.given_at IS NULL AND o.due_at >= $2 ORDER BY o.organisation
    """


async def opinions_of(tx: Tx, case_id: uuid.UUID) -> list[dict[str, Any]]:
    """What co-handlers owe and have said, of all rounds."""
    return [{**dict(row), "said": orjson.loads(row["said"])} for row in await tx.run(_OF_CASE, case_id)]


async def check_co_handlers(tx: Tx, case: CaseState, at: datetime) -> None:
    """Passes when each co-handler has answered or its time is over. Raises CoHandlersStillToAnswer. Without co-handlers nothing is read."""
    if not case.co_handlers:
        return
    missing = await tx.run(_STILL_OWED, case.id, at)
    if missing:
        codes, names = ([row[column] for row in missing] for column in ("organisation", "name"))
        raise CoHandlersStillToAnswer(number=case.number, missing=codes, units="、".join(names), current=case.version)
