"""Cases that stand in for one another: those handled together (并案), and the parts that one matter was split into (分办)."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Literal

from services.routing.actions.held import Held, hold_all, write
from services.routing.actions.steps import Actor, tell
from services.routing.errors import CaseIsJoined
from shared.db import Tx
from shared.events.routing_assigning import CaseSeparated
from shared.live import live


def check_alone(held: Held) -> None:
    """Passes for a case that is handled by itself or is the head of others. Raises CaseIsJoined."""
    case = held.case
    if case.handled_with not in (None, case.id):
        raise CaseIsJoined(number=case.number, head=str(case.handled_with), current=case.version)


async def together(tx: Tx, held: Held) -> list[Held]:
    """The case, and those that are handled together with it as their head, locked in the order of their ids."""
    case = held.case
    if case.handled_with is None:
        return [held]
    return [held, *await hold_all(tx, "handled_with = $1 AND id <> $1 ORDER BY id FOR UPDATE", case.id)]


async def parts_of(tx: Tx, held: Held) -> list[Held]:
    """The parts that were split off this case and are not over, locked in the order of their ids."""
    case = held.case
    if case.part_of != case.id:
        return []
    return await hold_all(tx, "part_of = $1 AND id <> $1 AND status NOT IN ('closed', 'withdrawn') ORDER BY id FOR UPDATE", case.id)


async def separate_from(tx: Tx, held: Held, head: uuid.UUID, by: Actor, at: datetime, reason: Literal["by_desk", "head_withdrawn"]) -> None:
    """A case that was handled together with a head goes on by itself, from where it stands, with its own clock."""
    held.case.handled_with = None
    mark(tx, held, "separate", by, at)
    tell(tx, held.case, CaseSeparated, head=head, reason=reason)
    await write(tx, held)


def mark(tx: Tx, held: Held, action: str, by: Actor, at: datetime, *, note: str | None = None) -> None:
    """One version more and a line of history for what leaves the case where it stands."""
    case = held.case
    case.version += 1
    held.steps.append(
        {
            "case_id": case.id,
            "version": case.version,
            "action": action,
            "from_status": case.status,
            "to_status": case.status,
            "round": case.round,
            "by_role": by.role,
            "by_organisation": by.organisation,
            "by_account": by.account,
            "note": note,
            "at": at,
            "profile_version": tx.policy.profile_version,
        }
    )
    live(tx, "case", str(case.id))
