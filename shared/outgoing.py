"""What a transaction has decided to tell and to note, and how it is stored beside its rows (decision records 0002 and 0016)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from shared.audit import Record
from shared.events.base import Event


@dataclass(frozen=True, slots=True)
class Outgoing:
    """An event ready to be published: subject, CloudEvents headers and JSON body."""

    event: Event
    subject: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """The encrypted answer that an `Idempotency-Key` got (decision record 0008)."""

    key_hash: bytes
    request_hash: bytes
    status: int
    box: bytes


# Arrays instead of a row at a time: 5.7 against 10.4 ms for 400 rows (measured on routing's history). All tables in one
# statement, because nearly every transaction that tells something is also a write to be audited: one round trip for all.
_STORE = text(
    """
    WITH answered AS (
        INSERT INTO kit_answer (key_hash, request_hash, status, box) SELECT k, r, s, b
        FROM unnest(CAST(:keys AS bytea[]), CAST(:asked AS bytea[]), CAST(:statuses AS int[]), CAST(:boxes AS bytea[])) AS a (k, r, s, b)
    ), told AS (
        INSERT INTO kit_outbox (id, subject, headers, body) SELECT i, s, CAST(h AS jsonb), b
        FROM unnest(CAST(:ids AS uuid[]), CAST(:subjects AS text[]), CAST(:headers AS text[]), CAST(:bodies AS bytea[])) AS r (i, s, h, b)
    )
    INSERT INTO kit_audit_waiting (actor, action, object, outcome, request_id, trace_id, body_hash, salt)
    SELECT a, v, string_to_array(o, ' '), c, q, t, d, s
    FROM unnest(CAST(:actors AS text[]), CAST(:actions AS text[]), CAST(:objects AS text[]), CAST(:outcomes AS text[]),
                CAST(:requests AS text[]), CAST(:traces AS text[]), CAST(:hashes AS bytea[]), CAST(:salts AS bytea[]))
         AS r (a, v, o, c, q, t, d, s)
    """
)


async def store(tx: AsyncSession, outgoing: Sequence[Outgoing], records: Sequence[Record], answers: Sequence[KeptAnswer]) -> None:
    """Writes the events of a transaction into its outbox, its audit rows where they wait for their place in the chain, and its answer."""
    columns = {
        "ids": [o.event.id for o in outgoing],
        "subjects": [o.subject for o in outgoing],
        "headers": [orjson.dumps(o.headers).decode() for o in outgoing],
        "bodies": [o.body for o in outgoing],
        "actors": [r.actor for r in records],
        "actions": [r.action for r in records],
        "objects": [" ".join(r.object) for r in records],
        "outcomes": [r.outcome for r in records],
        "requests": [r.request_id for r in records],
        "traces": [r.trace_id for r in records],
        "hashes": [r.body_hash for r in records],
        "salts": [r.salt for r in records],
        "keys": [a.key_hash for a in answers],
        "asked": [a.request_hash for a in answers],
        "statuses": [a.status for a in answers],
        "boxes": [a.box for a in answers],
    }
    await tx.execute(_STORE, columns)
