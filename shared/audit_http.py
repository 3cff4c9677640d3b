"""HTTP writes in the audit: one row each, also for the refused ones, whose transaction is rolled back (decision record 0016)."""

from __future__ import annotations

import contextlib
import os
import uuid
from collections.abc import Iterable

import structlog
from fastapi import Request

from shared.audit import DONE, Record, objects, told_about
from shared.audit_keys import body_hash
from shared.db import Database, Tx, is_outage
from shared.errors import Refused
from shared.identity import caller_of
from shared.problem import refusal_of

log = structlog.get_logger("lianxin.audit")

WRITES = ("POST", "PUT", "PATCH", "DELETE")
ANYONE = "anyone"
"""A caller without a valid token: a resident, or whoever tries to sign in."""


async def note(request: Request, tx: Tx, outcome: str = DONE) -> None:
    """Adds the row of a write to its own transaction."""
    tx.records.append(await _record(request, outcome, objects(map(str, request.path_params.values()), tx.about, told_about(tx))))


async def note_refused(request: Request, error: Exception) -> None:
    """Writes the row of a refused write in a transaction of its own, unless the refusal `keeps` and its own transaction has it.

    A database that is away or has no connection to spare leaves none: the log has it. Nor does the row wait for the disk:
    a refusal has no effect that could be lost, and must not cost more than a success.
    """
    if is_outage(error) or (isinstance(error, Refused) and error.keeps):
        return
    tx: Tx | None = getattr(request.state, "tx", None)
    # A path that was refused may hold anything that a person typed: only ids that nobody types are taken from it.
    named = objects(_uuids(request.path_params.values()), tx.about if tx is not None else ())
    database: Database = request.app.state.database
    code = refusal_of(error).code()
    try:
        async with database.transaction(durable=False) as own:
            # Who asks is found out through the transaction at hand, and that of the refused write is over.
            request.state.tx = own
            own.records.append(await _record(request, code, named))
    except Exception as failure:
        if not is_outage(failure):
            raise
        log.warning("refusal_not_audited", reason=type(failure).__name__, outcome=code)


async def _record(request: Request, outcome: str, named: tuple[str, ...]) -> Record:
    try:
        caller = await caller_of(request)
    except Refused:
        caller = None
    body: bytes = getattr(request.state, "body", b"")
    key: bytes | None = request.app.state.audit_keys.body
    salt = os.urandom(16) if body and key else None
    return Record(
        actor=str(caller.account_id) if caller else ANYONE,
        action=f"{request.method} {request.scope['route'].path}",
        object=named,
        outcome=outcome,
        request_id=getattr(request.state, "request_id", None),
        trace_id=getattr(request.state, "traceparent", "")[3:35] or None,
        body_hash=body_hash(key, salt, body) if key and salt else None,
        salt=salt,
    )


def _uuids(values: Iterable[object]) -> Iterable[str]:
    for value in values:
        with contextlib.suppress(ValueError):
            yield str(uuid.UUID(str(value)))
