"""The door by which whole lists come in."""

from __future__ import annotations

from typing import Annotated

from fastapi import Request
from pydantic import BaseModel

from services.directory.imports import actions
from services.directory.imports.rows import Kind
from shared.http import InTx, Lang, service_router
from shared.identity import Caller, requires

router = service_router(tags=["imports"])

# Not stored for replay: the answer may hold one-time passwords, and a file taken over twice changes nothing the second time.
EXTRA = {
    "x-idempotent": False,
    "requestBody": {"required": True, "content": {"text/csv": {"schema": {"type": "string"}}}},
}


class ImportOut(BaseModel):
    """What became of the lines. One-time passwords are shown this once, by user name."""

    kind: Kind
    dry_run: bool
    created: int
    changed: int
    unchanged: int
    one_time_passwords: dict[str, str]


@router.post("/imports/{kind}", openapi_extra=EXTRA)
async def take(
    kind: Kind, request: Request, tx: InTx, language: Lang, caller: Annotated[Caller, requires("import.run")], *, dry_run: bool = False
) -> ImportOut:
    """Takes over a CSV file (body `text/csv`, UTF-8 or GB18030), all of it or nothing; `dry_run` says what would come of it."""
    verb = actions.rehearse if dry_run else actions.take
    taken = await verb(tx, kind, await request.body(), caller, language)
    return ImportOut(
        kind=kind,
        dry_run=dry_run,
        created=taken.outcomes["created"],
        changed=taken.outcomes["changed"],
        unchanged=taken.outcomes["unchanged"],
        one_time_passwords=taken.one_time_passwords,
    )
