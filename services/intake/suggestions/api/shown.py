"""The answer that every door of a suggestion gives: the suggestion as the caller may see it now."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from services.intake.suggestions import queries, views
from services.intake.suggestions.queries import Seen
from shared.db import Tx
from shared.identity import Caller


async def shown(tx: Tx, caller: Caller, suggestion_id: uuid.UUID, lang: str) -> views.SuggestionDetail:
    """A suggestion whole. Raises SuggestionNotFound."""
    await tx.flush()
    seen = await queries.one(tx, caller, suggestion_id)
    co_signers = await queries.co_signers(tx, suggestion_id)
    whole = views.Whole(
        seen=seen,
        names=await queries.names(tx, [seen.suggestion.deputy_id, *(one.deputy_id for one in co_signers)]),
        co_signers=co_signers,
        asked=await queries.pre_checks(tx, suggestion_id),
        opinions=await queries.opinions(tx, suggestion_id),
        steps=await queries.steps(tx, suggestion_id),
        withdrawal=await queries.open_withdrawal(tx, suggestion_id),
    )
    return views.detail(tx.policy.suggestions, whole, caller.organisation, lang)


async def listed(tx: Tx, found: Sequence[Seen], lang: str) -> list[views.SuggestionOut]:
    """Rows of a list."""
    names = await queries.names(tx, [seen.suggestion.deputy_id for seen in found])
    return [views.suggestion_out(tx.policy.suggestions, seen, names, lang) for seen in found]
