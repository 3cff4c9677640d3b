"""The chain: committed audit rows get their number and their hash, and checkpoints say how far it went (decision record 0016).

A row's hash covers its content, its number and the hash before it. `deploy/verify_audit.py` computes the same on its own.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import text

from shared.audit_keys import AuditKeys
from shared.db import Tx

MOST = 2000
"""Rows that one transaction puts into the chain."""

COLUMNS = ("seq", "at", "actor", "action", "object", "outcome", "request_id", "trace_id", "body_hash")
"""What the hash covers, in this order; binary values in hex, moments in UTC with microseconds."""

_TRY = text("SELECT pg_try_advisory_xact_lock(hashtext('kit_audit'))")
_LOCK = text("SELECT pg_advisory_xact_lock(hashtext('kit_audit'))")
_HEAD = text("SELECT seq, hash FROM kit_audit ORDER BY seq DESC LIMIT 1")
# In the order in which they came: a row that commits late comes later, and is not missed as it would be by a number alone.
_WAITING = text(
    "SELECT id, at, actor, action, object, outcome, request_id, trace_id, body_hash FROM kit_audit_waiting ORDER BY id LIMIT :most"
)
_MOVE = text(
    """
    WITH gone AS (DELETE FROM kit_audit_waiting WHERE id = ANY(CAST(:ids AS bigint[])) RETURNING *)
    INSERT INTO kit_audit (seq, at, actor, action, object, outcome, request_id, trace_id, body_hash, salt, prev, hash)
    SELECT n, at, actor, action, object, outcome, request_id, trace_id, body_hash, salt, p, h
    FROM unnest(CAST(:ids AS bigint[]), CAST(:seqs AS bigint[]), CAST(:prevs AS bytea[]), CAST(:hashes AS bytea[])) AS placed (i, n, p, h)
    JOIN gone ON gone.id = i ORDER BY n
    """
)
_CHECKPOINTED = text(
    "SELECT size, at < now() - make_interval(secs => :every) AS due FROM kit_audit_checkpoint WHERE origin = :origin "
    "ORDER BY kept_at DESC LIMIT 1"
)
_CHECKPOINT = text(
    "INSERT INTO kit_audit_checkpoint (origin, size, head, at, note, key, published) "
    "VALUES (:origin, :size, :head, :at, :note, :key, false) ON CONFLICT DO NOTHING"
)

_ENCODE = json.JSONEncoder(separators=(",", ":")).encode


def genesis(origin: str) -> bytes:
    """What the first row has before it: no chain can be passed off as another's."""
    return hashlib.sha256(origin.encode()).digest()


def link(prev: bytes, content: Sequence[Any]) -> bytes:
    """The hash of a row with these values of COLUMNS behind `prev`: over a JSON array in ASCII without white space."""
    return hashlib.sha256(prev + _ENCODE(content).encode()).digest()


def stamp(at: datetime) -> str:
    """A moment as it is hashed, exported and written into checkpoints."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


async def seal(tx: Tx, origin: str) -> int:
    """Gives up to MOST waiting rows their place in the chain; 0 also when another replica is at it."""
    if not (await tx.execute(_TRY)).scalar_one():
        return 0
    rows = (await tx.execute(_WAITING, {"most": MOST})).all()
    if not rows:
        return 0
    seq, prev = await head(tx, origin)
    seqs = range(seq + 1, seq + len(rows) + 1)
    hashes = [prev]
    for seq, row in zip(seqs, rows, strict=True):
        body = row.body_hash.hex() if row.body_hash else None
        content = (seq, stamp(row.at), row.actor, row.action, row.object, row.outcome, row.request_id, row.trace_id, body)
        hashes.append(link(hashes[-1], content))
    await tx.execute(_MOVE, {"ids": [r.id for r in rows], "seqs": list(seqs), "prevs": hashes[:-1], "hashes": hashes[1:]})
    return len(rows)


async def head(tx: Tx, origin: str) -> tuple[int, bytes]:
    """How many rows the chain has, and the hash of the last."""
    row = (await tx.execute(_HEAD)).one_or_none()
    return (row.seq, bytes(row.hash)) if row else (0, genesis(origin))


async def checkpoint(tx: Tx, keys: AuditKeys, every: float) -> bool:
    """Signs how far the chain went, when it went on and the last checkpoint is older than `every` seconds.

    The transaction must be durable: what has been signed may not be undone by a crash.
    """
    if keys.signing is None:
        return False
    await tx.execute(_LOCK)
    last = (await tx.execute(_CHECKPOINTED, {"origin": keys.origin, "every": every})).one_or_none()
    size, hashed = await head(tx, keys.origin)
    if size == (last.size if last else 0) or (last and not last.due):
        return False
    at = (await tx.execute(text("SELECT now()"))).scalar_one()
    note = keys.sign(f"{keys.origin}\n{size}\n{base64.b64encode(hashed).decode()}\n{stamp(at)}\n")
    row = {"origin": keys.origin, "size": size, "head": hashed, "at": at, "note": note, "key": keys.verifier}
    await tx.execute(_CHECKPOINT, row)
    return True
