"""How a checked suggestion becomes a case, and how one for reference only ends."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from services.routing.actions.held import hold, write
from services.routing.actions.steps import RULE, step, tell
from services.routing.models import Case, CaseHistory, CaseSearch
from services.routing.suggestions.models import SuggestionCase, SuggestionSigner
from shared.consumers import wake
from shared.db import Tx
from shared.events import derived_id
from shared.events.intake_suggestions import SuggestionChecked
from shared.events.routing import CaseOpened
from shared.live import live
from shared.outbox import emit

_AS_HANDED_OVER = (
    "kind", "raised_in", "session", "term", "meeting", "level", "delegation", "region", "publication", "handling", "lead_wish",
    "raised_before", "confidential", "wants_contact", "reply_wanted", "from_bill", "quality",
)  # fmt: skip


async def open_case(tx: Tx, event: SuggestionChecked) -> None:
    """Opens the suggestion's case unless there is one. The desk hands it over (交办会), whatever its category.

    One that wants no reply is filed at once. All times are the check's, so that late and doubled events give the same rows.
    """
    case_id = derived_id(event.suggestion_id, "case")
    entering = insert(Case).values(_case_row(tx, event, case_id)).on_conflict_do_nothing().returning(col(Case.id))
    if await tx.scalar(entering) is None:
        return
    await tx.execute(insert(CaseSearch).values(case_id=case_id))
    await tx.execute(insert(CaseHistory).values(_first_step(tx, event, case_id)))
    handed_over = {name: getattr(event, name) for name in _AS_HANDED_OVER}
    await tx.execute(insert(SuggestionCase).values(case_id=case_id, co_wishes=list(event.co_wishes), **handed_over))
    signers = {event.deputy_id: "lead"} | {one: "co_signer" for one in event.co_signers if one != event.deputy_id}
    rows = [{"case_id": case_id, "deputy_id": one, "part": part, "opened_at": event.occurred_at} for one, part in signers.items()]
    await tx.execute(insert(SuggestionSigner).values(rows))
    opened = CaseOpened(
        case_id=case_id,
        opinion_id=event.suggestion_id,
        number=event.number,
        case_version=1,
        round=1,
        matter="suggestion",
        region=event.office,
        category=event.category,
    )
    emit(tx, opened, cause=event)
    if not event.reply_wanted:
        await _file(tx, event, case_id)
    await wake(tx, "case", event.suggestion_id)
    live(tx, "cases", tx.site)


async def _file(tx: Tx, event: SuggestionChecked, case_id: uuid.UUID) -> None:
    held = await hold(tx, case_id)
    assert held is not None
    move = step(tx, held, "file", RULE, event.occurred_at)
    await write(tx, held)
    tell(tx, held.case, move.event)


def _case_row(tx: Tx, event: SuggestionChecked, case_id: uuid.UUID) -> dict[str, Any]:
    return {
        "id": case_id,
        "site": tx.site,
        "opinion_id": event.suggestion_id,
        "number": event.number,
        "matter": "suggestion",
        "channel": "suggestion",
        "target_id": event.deputy_id,
        "region": event.office,
        "title": event.title or "",
        "text": event.text or "",
        "category": event.category,
        "proposed_category": event.category,
        "proposed_lead": None,
        "confidence": 1.0,
        "source": "sender",
        "status": "to_assign",
        "version": 1,
        "round": 1,
        "due_is_provisional": False,
        "overdue_round": 0,
        "opened_at": event.occurred_at,
        "profile_version": tx.policy.profile_version,
    }


def _first_step(tx: Tx, event: SuggestionChecked, case_id: uuid.UUID) -> dict[str, Any]:
    return {
        "case_id": case_id,
        "version": 1,
        "action": "open",
        "to_status": "to_assign",
        "round": 1,
        "by_role": RULE.role,
        "at": event.occurred_at,
        "profile_version": tx.policy.profile_version,
    }
