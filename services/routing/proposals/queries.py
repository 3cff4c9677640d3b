"""What proposals rest on: how cases of the category were finally handled, who is active, and how much each has to do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from services.routing import rules
from services.routing.models import CaseState
from shared.clock import now
from shared.db import Tx

# The statuses are those of the index `cases_handled`: a case that is objected to is not finally handled, and one that was counts for
# whom it went to.
_PAST = """
    SELECT lead, region FROM cases
    WHERE status IN ('accepted', 'replied', 'closed') AND category = $1 AND id <> $2 AND starts_with(region, $3)
    ORDER BY opened_at DESC LIMIT $4
    """
_NEWEST = """
    SELECT DISTINCT ON (organisation) organisation, name, active FROM organisation_version WHERE organisation = ANY($1)
    ORDER BY organisation, version_no DESC
    """
_LOAD = """
    SELECT lead, count(*) AS open, count(*) FILTER (WHERE reply_due_at < $3) AS overdue
    FROM cases WHERE status = ANY($1) AND lead = ANY($2) GROUP BY lead
    """


async def past_of(tx: Tx, case: CaseState, within: str, last: int) -> Sequence[tuple[str, str]]:
    """(lead, region) of the newest cases of the category that were finally handled, in the caller's region; none without a category."""
    return [(row["lead"], row["region"]) for row in await tx.run(_PAST, case.category, case.id, within, last)]


async def active_names(tx: Tx, departments: Iterable[str]) -> dict[str, str]:
    """Department → its name, for those that are active."""
    rows = await tx.run(_NEWEST, sorted(set(departments)))
    return {row["organisation"]: row["name"] for row in rows if row["active"]}


@dataclass(frozen=True, slots=True)
class Load:
    """Cases that the department leads and owes a reply to, and how many of these are late."""

    open: int = 0
    overdue: int = 0


async def load_of(tx: Tx, departments: Iterable[str]) -> Mapping[str, Load]:
    """Department → what it has to do; those without an open case are missing."""
    rows = await tx.run(_LOAD, list(rules.RUNNING), sorted(departments), now())
    return {row["lead"]: Load(row["open"], row["overdue"]) for row in rows}
