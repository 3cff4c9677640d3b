"""What a transaction has decided to tell and to note, and how it is stored beside its rows (decision records 0002 and 0016)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

from shared.audit import Record
from shared.events.base import Event

if TYPE_CHECKING:
    from shared.db import Tx


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
_STORE = """
    WITH answered AS (
        INSERT INTO kit_answer (key_hash, request_hash, status, box)
        SELECT * FROM unnest($1::bytea[], $2::bytea[], $3::int[], $4::bytea[])
    ), told AS (
        INSERT INTO kit_outbox (id, subject, headers, body)
        SELECT i, s, CAST(h AS jsonb), b FROM unnest($5::uuid[], $6::text[], $7::text[], $8::bytea[]) AS r (i, s, h, b)
    )
    INSERT INTO kit_audit_waiting (actor, action, object, outcome, request_id, trace_id, body_hash, salt)
    SELECT a, v, string_to_array(o, ' '), c, q, t, d, s
    FROM unnest($9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[], $15::bytea[], $16::bytea[])
         AS r (a, v, o, c, q, t, d, s)
    """


async def store(tx: Tx, outgoing: Sequence[Outgoing], records: Sequence[Record], answers: Sequence[KeptAnswer]) -> None:
    """Writes the events of a transaction into its outbox, its audit rows where they wait for their place in the chain, and its answer."""
    await tx.run(
        _STORE,
        [a.key_hash for a in answers],
        [a.request_hash for a in answers],
        [a.status for a in answers],
        [a.box for a in answers],
        [o.event.id for o in outgoing],
        [o.subject for o in outgoing],
        [orjson.dumps(o.headers).decode() for o in outgoing],
        [o.body for o in outgoing],
        [r.actor for r in records],
        [r.action for r in records],
        [" ".join(r.object) for r in records],
        [r.outcome for r in records],
        [r.request_id for r in records],
        [r.trace_id for r in records],
        [r.body_hash for r in records],
        [r.salt for r in records],
    )
