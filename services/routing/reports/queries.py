"""The handling report's figures, counted in the database: one pass for all groups."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, Boolean, DateTime, Text, TextClause, bindparam, text

from services.routing import rules
from services.routing.queries import EVERYWHERE
from services.routing.settings import Matter
from shared.clock import now
from shared.db import Tx
from shared.identity import Caller

Group = tuple[str, str | None]
"""What is grouped by (`all`, `department`, `category`, `year`) and the group's key; None where a case has none."""

_CASES = """
    c AS (
        SELECT id, status, round, lead, category, result_class, reply_due_at,
            CAST(date_part('year', (opened_at AT TIME ZONE 'UTC') + interval '8 hours') AS int)::text AS year
        FROM cases
        WHERE ((:everywhere AND starts_with(region, :region)) OR (NOT :everywhere AND lead = :organisation))
            AND (CAST(:department AS text) IS NULL OR lead = :department)
            AND (CAST(:matter AS text) IS NULL OR matter = :matter)
            AND opened_at >= :since AND opened_at < :until
            AND lane <> 'instant' AND (part_of IS NULL OR part_of = id)
    )"""
"""Instant matters are counted apart (`lanes`); a matter that was split is one, counted by its first case."""
_SETS = "GROUPING SETS ((), (lead), (category), (year))"
_WHICH = "GROUPING(lead, category, year) AS sets, lead, category, year"

_COUNTED = f"""
    WITH {_CASES},
    r AS (
        SELECT case_id, count(*) AS replies, count(*) FILTER (WHERE on_time) AS on_time
        FROM reply JOIN c ON c.id = case_id GROUP BY case_id
    ),
    h AS (
        SELECT case_id, count(*) FILTER (WHERE action = 'assign') AS hand_overs, count(*) FILTER (WHERE action = 'object') AS objections
        FROM case_history JOIN c ON c.id = case_id WHERE action IN ('assign', 'object') GROUP BY case_id
    )
    SELECT {_WHICH},
        count(*) AS received,
        count(*) FILTER (WHERE status = 'withdrawn') AS withdrawn,
        count(*) FILTER (WHERE status <> 'withdrawn' AND result_class IS NOT NULL) AS replied,
        count(*) FILTER (WHERE status NOT IN ('withdrawn', 'closed') AND result_class IS NULL) AS unanswered,
        count(*) FILTER (WHERE status = ANY(:running) AND reply_due_at < :now) AS overdue,
        count(*) FILTER (WHERE status <> 'withdrawn' AND result_class IS NOT NULL AND round > 1) AS handled_again,
        count(*) FILTER (WHERE status <> 'withdrawn' AND hand_overs > 0) AS handed_over,
        count(*) FILTER (WHERE status <> 'withdrawn' AND objections > 0) AS returned,
        coalesce(sum(replies) FILTER (WHERE status <> 'withdrawn'), 0)::int AS replies,
        coalesce(sum(on_time) FILTER (WHERE status <> 'withdrawn'), 0)::int AS on_time
    FROM c LEFT JOIN r ON r.case_id = c.id LEFT JOIN h ON h.case_id = c.id
    GROUP BY {_SETS}"""  # noqa: S608 - fragments of this module

_CLASSES = f"""
    WITH {_CASES}
    SELECT {_WHICH}, result_class AS code, count(*) AS n
    FROM c WHERE status <> 'withdrawn' AND result_class IS NOT NULL
    GROUP BY result_class, {_SETS}"""  # noqa: S608

_LEVELS = f"""
    WITH {_CASES},
    newest AS (SELECT case_id, max(reply.round) AS round FROM reply JOIN c ON c.id = case_id WHERE status <> 'withdrawn' GROUP BY case_id)
    SELECT {_WHICH}, coalesce(level, '') AS code, count(*) AS n
    FROM c JOIN newest ON newest.case_id = c.id LEFT JOIN rating ON rating.case_id = c.id AND rating.round = newest.round
    GROUP BY coalesce(level, ''), {_SETS}"""  # noqa: S608

_FIRST_LEVELS = f"""
    WITH {_CASES}
    SELECT {_WHICH}, coalesce(level, '') AS code, count(*) AS n
    FROM c JOIN reply ON reply.case_id = c.id AND reply.round = 1 LEFT JOIN rating ON rating.case_id = c.id AND rating.round = 1
    WHERE status <> 'withdrawn'
    GROUP BY coalesce(level, ''), {_SETS}"""  # noqa: S608

_STATUSES = f"WITH {_CASES} SELECT {_WHICH}, status AS code, count(*) AS n FROM c GROUP BY status, {_SETS}"  # noqa: S608

_NAMES = text("SELECT DISTINCT ON (organisation) organisation, name FROM organisation_version ORDER BY organisation, version_no DESC")


@dataclass(slots=True)
class Counted:
    """The raw counts of a group. `levels` are of the newest reply of each case, `first_levels` of the first; `''` is a reply without
    a rating. `overdue`: a reply is owed and was due before now. `returned`: cases that a department objected to."""

    received: int = 0
    withdrawn: int = 0
    replied: int = 0
    unanswered: int = 0
    overdue: int = 0
    handled_again: int = 0
    handed_over: int = 0
    returned: int = 0
    replies: int = 0
    on_time: int = 0
    classes: Counter[str] = field(default_factory=Counter)
    levels: Counter[str] = field(default_factory=Counter)
    first_levels: Counter[str] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)


async def count(
    tx: Tx, caller: Caller, since: datetime, until: datetime, department: str | None, matter: Matter | None
) -> dict[Group, Counted]:
    """The figures of cases opened from `since` to before `until` within the caller's scope, for all together and by each group."""
    values = {
        "everywhere": caller.may(EVERYWHERE),
        "region": caller.region,
        "organisation": caller.organisation,
        "department": department,
        "matter": matter,
        "since": since,
        "until": until,
    }
    found: dict[Group, Counted] = defaultdict(Counted)
    found[("all", None)] = Counted()
    for row in (await tx.execute(_statement(_COUNTED), {**values, "running": list(rules.RUNNING), "now": now()})).mappings():
        one = found[_group(row)]
        for name in ("received", "withdrawn", "replied", "unanswered", "overdue", "handled_again", "handed_over", "returned"):
            setattr(one, name, row[name])
        one.replies, one.on_time = row["replies"], row["on_time"]
    for sql, name in ((_CLASSES, "classes"), (_LEVELS, "levels"), (_FIRST_LEVELS, "first_levels"), (_STATUSES, "statuses")):
        for row in (await tx.execute(_statement(sql), values)).mappings():
            getattr(found[_group(row)], name)[row["code"]] += row["n"]
    return dict(found)


_TYPES: dict[str, Any] = {
    "everywhere": Boolean(),
    "region": Text(),
    "organisation": Text(),
    "department": Text(),
    "matter": Text(),
    "running": ARRAY(Text),
    "since": DateTime(timezone=True),
    "until": DateTime(timezone=True),
    "now": DateTime(timezone=True),
}


def _statement(sql: str) -> TextClause:
    return text(sql).bindparams(*(bindparam(name, type_=kind) for name, kind in _TYPES.items() if f":{name}" in sql))


_OF = {0b111: "all", 0b011: "department", 0b101: "category", 0b110: "year"}


def _group(row: Any) -> Group:
    kind = _OF[row["sets"]]
    return kind, None if kind == "all" else row[{"department": "lead"}.get(kind, kind)]


async def names_of(tx: Tx, organisations: Sequence[str]) -> dict[str, str]:
    """Organisation → its newest name, for those that are known."""
    wanted = set(organisations)
    return {organisation: name for organisation, name in await tx.execute(_NAMES) if organisation in wanted}
