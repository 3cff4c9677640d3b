"""`GET /audit`: what an auditor reads of a service (decision record 0016)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel
from sqlalchemy import text

from shared.http import Blank, InTx, Page, Paging, page_of, service_router
from shared.identity import Caller, requires

Filter = Annotated[Annotated[str, Query(max_length=200)] | None, Blank]
Moment = Annotated[AwareDatetime | None, Blank]

_FIELDS = "seq, at, actor, action, object, outcome, request_id, trace_id"
_CONDITIONS = {
    "actor": "actor = :actor",
    "object": "object @> ARRAY[CAST(:object AS text)]",
    "action": "action = :action",
    "outcome": "outcome = :outcome",
    "since": "at >= :since",
    "until": "at < :until",
    "before": "seq < :before",
}


class AuditRow(BaseModel):
    """A row of the chain. `seq` is its number; `outcome` is `done`, `repeated`, or the code of the refusal."""

    seq: int
    at: datetime
    actor: str
    action: str
    object: list[str]
    outcome: str
    request_id: str | None
    trace_id: str | None


def audit_router() -> APIRouter:
    """The door, for every service with a database."""
    router = service_router(tags=["audit"])

    @router.get("/audit")
    async def audit(
        tx: InTx,
        page: Paging,
        caller: Annotated[Caller, requires("audit.read")],
        actor: Filter = None,
        object: Filter = None,  # noqa: A002 - the name that the row has
        action: Filter = None,
        outcome: Filter = None,
        since: Moment = None,
        until: Moment = None,
    ) -> Page[AuditRow]:
        """Who did what, newest first. A row appears about a second after its write, once it has its place in the chain."""
        after = page.after(int)
        asked: dict[str, Any] = {
            "actor": actor,
            "object": object,
            "action": action,
            "outcome": outcome,
            "since": since,
            "until": until,
            "before": after[0] if after else None,
        }
        asked = {name: value for name, value in asked.items() if value is not None}
        # The conditions are ours, one fixed text for each name; what was asked goes in as parameters.
        where = " AND ".join(_CONDITIONS[name] for name in asked) or "true"
        found = await tx.execute(
            text(f"SELECT {_FIELDS} FROM kit_audit WHERE {where} ORDER BY seq DESC LIMIT :limit"),  # noqa: S608
            {**asked, "limit": page.limit + 1},
        )
        rows, cursor = page_of(found.mappings().all(), page.limit, key=lambda row: (row["seq"],))
        return Page(items=[AuditRow(**row) for row in rows], next_cursor=cursor)

    return router
