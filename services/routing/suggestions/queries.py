"""What may be read of suggestions' cases, and which of their words may be told."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from services.routing.errors import CaseNotFound
from services.routing.models import CaseState
from services.routing.queries import SELECT_CASE, state_of
from services.routing.suggestions.errors import NotASuggestion
from shared.db import Tx
from shared.http import PageQuery
from shared.identity import Caller
from shared.masking import mask

_IS_CONFIDENTIAL = "SELECT FROM suggestion_case WHERE case_id IN ($1, $2) AND confidential"
_HANDED_OVER = "SELECT * FROM suggestion_case WHERE case_id = $1"
_SIGNERS = "SELECT deputy_id, part FROM suggestion_signer WHERE case_id = $1 ORDER BY part = 'lead' DESC, deputy_id"
_HAS_SIGNED = "SELECT FROM suggestion_signer WHERE case_id = $1 AND deputy_id = $2"
_LEAD = "SELECT deputy_id FROM suggestion_signer WHERE case_id = $1 AND part = 'lead'"
_SIGNED = """
    SELECT id, number, opinion_id AS suggestion_id, title, status, version, cases.lead AS department, co_handlers, round, reply_due_at,
        due_is_provisional, result_class, s.part, s.opened_at
    FROM suggestion_signer AS s JOIN cases ON id = case_id
    WHERE s.deputy_id = $1 AND ($2::timestamptz IS NULL OR (s.opened_at, s.case_id) < ($2, $3::uuid))
    ORDER BY s.opened_at DESC, s.case_id DESC LIMIT $4
    """


async def words_told(tx: Tx, case: CaseState, text: str) -> str:
    """What an event may say of a text about the case: masked, and nothing when the suggestion is confidential (record 0020)."""
    if case.matter == "suggestion" and await tx.run(_IS_CONFIDENTIAL, case.id, case.part_of):
        return ""
    return mask(text)


async def handed_over(tx: Tx, case: CaseState) -> dict[str, Any]:
    """What came with the suggestion, and its signers, the lead first. Raises NotASuggestion."""
    rows = await tx.run(_HANDED_OVER, case.id)
    if not rows:
        raise NotASuggestion
    return {**dict(rows[0]), "suggestion_id": case.opinion_id, "signers": [dict(row) for row in await tx.run(_SIGNERS, case.id)]}


async def lead_of(tx: Tx, case_id: uuid.UUID) -> uuid.UUID | None:
    """The mandate of the deputy who led the suggestion (领衔代表), or None for a case that is no suggestion's."""
    rows = await tx.run(_LEAD, case_id)
    return rows[0]["deputy_id"] if rows else None


async def signers_of(tx: Tx, case_id: uuid.UUID) -> Sequence[Mapping[str, Any]]:
    """The deputies who signed the case's suggestion, the lead first; none for a case that is no suggestion's."""
    return await tx.run(_SIGNERS, case_id)


async def signs(tx: Tx, case_id: uuid.UUID, deputy_id: uuid.UUID) -> bool:
    """Whether a deputy signed the case's suggestion, as lead or co-signer."""
    return bool(await tx.run(_HAS_SIGNED, case_id, deputy_id))


async def list_signed(tx: Tx, caller: Caller, page: PageQuery) -> Sequence[Mapping[str, Any]]:
    """Up to `limit + 1` cases of suggestions that the deputy signed, the newest first. Raises CursorNotReadable."""
    after = page.after(datetime, uuid.UUID) or (None, None)
    return await tx.run(_SIGNED, caller.deputy_id, *after, page.limit + 1)


async def find_signed(tx: Tx, caller: Caller, case_id: uuid.UUID) -> CaseState:
    """The case if the deputy signed its suggestion. Raises CaseNotFound."""
    rows = await tx.run(f"{SELECT_CASE} id = $1", case_id) if await tx.run(_HAS_SIGNED, case_id, caller.deputy_id) else []
    if not rows:
        raise CaseNotFound
    return state_of(rows[0])
