"""Where contact data lie, how their keys are destroyed, and which have had their time: one entry for each kind of matter.

Whoever adds a kind of matter with a key adds it here, and erasure, retention, holds and restores know of it.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import TextClause, text

from services.intake import lookup, numbers
from services.intake.privacy.errors import MatterUnknown
from services.intake.privacy.settings import Group, Keeping
from shared.clock import now
from shared.db import Tx
from shared.events.intake_privacy import MatterKind
from shared.identity import Caller


@dataclass(frozen=True, slots=True)
class Place:
    """Where a kind of matter lies. `find` takes `id` and `now` and gives region, whether it is open, its key and its boxes.

    `destroy` takes `ids`; `texts` are the columns with what people wrote, by table and the column of the matter's id. Matters
    with `has_files` may have files in the store.
    """

    find: str
    destroy: str
    fields: tuple[str, ...] = ("name", "phone")
    by_number: str | None = None
    texts: tuple[tuple[str, str, tuple[str, ...]], ...] = ()
    has_files: bool = False


_FORGET_BOXES = "SET key_wrapped = NULL, name_box = NULL, phone_box = NULL WHERE id = ANY(CAST(:ids AS uuid[])) AND key_wrapped IS NOT NULL"

PLACES: dict[MatterKind, Place] = {
    "opinion": Place(
        find="SELECT o.region, false AS open, c.* FROM opinion o LEFT JOIN contact c ON c.opinion_id = o.id "
        "WHERE o.id = :id FOR UPDATE OF o",
        destroy="DELETE FROM contact WHERE opinion_id = ANY(CAST(:ids AS uuid[])) RETURNING opinion_id",
        by_number="opinion",
        texts=(
            ("opinion", "id", ("title", "text")),
            ("rating", "opinion_id", ("comment",)),
            ("supplement", "opinion_id", ("text",)),
            ("timeline_entry", "opinion_id", ("text", "reason")),
        ),
        has_files=True,
    ),
    "suggestion": Place(
        find="SELECT s.office AS region, s.deputy_id, false AS open, c.* FROM suggestion s "
        "LEFT JOIN suggestion_contact c ON c.suggestion_id = s.id WHERE s.id = :id FOR UPDATE OF s",
        destroy="DELETE FROM suggestion_contact WHERE suggestion_id = ANY(CAST(:ids AS uuid[])) RETURNING suggestion_id",
        fields=("phone", "address", "postcode", "card"),
    ),
    "appointment": Place(
        find="SELECT s.region, a.state = 'booked' AND s.ends_at > :now AS open, a.key_wrapped, a.name_box, a.phone_box "
        "FROM appointment a JOIN appointment_slot s ON s.id = a.slot_id WHERE a.id = :id FOR UPDATE OF a",
        destroy=f"UPDATE appointment {_FORGET_BOXES} RETURNING id",
        by_number="appointment",
        texts=(("appointment", "id", ("topic", "note")),),
    ),
    "petition": Place(
        find="SELECT region, state <> 'closed' AS open, key_wrapped, name_box, phone_box FROM petition WHERE id = :id FOR UPDATE",
        destroy=f"UPDATE petition {_FORGET_BOXES} RETURNING id",
        by_number="petition",
        texts=(("petition", "id", ("title", "text", "told")), ("petition_transfer", "petition_id", ("answer",))),
    ),
    "mediation_party": Place(
        find="SELECT m.region, m.state <> 'concluded' AS open, p.key_wrapped, p.name_box, p.phone_box FROM mediation_party p "
        "JOIN mediation m ON m.id = p.mediation_id WHERE p.id = :id FOR UPDATE OF p",
        destroy=f"UPDATE mediation_party {_FORGET_BOXES} RETURNING id",
    ),
}

_SUGGESTIONS: dict[Group, str] = {
    "suggestion_refused": "'refused'",
    "suggestion_withdrawn": "'withdrawn'",
    "suggestion_decided": "'checked', 'on_agenda'",
}
_SUGGESTIONS_DUE = (
    "SELECT s.id FROM suggestion s JOIN suggestion_contact c ON c.suggestion_id = s.id WHERE s.status IN ({statuses}) "
    "AND (SELECT max(p.at) FROM suggestion_step p WHERE p.suggestion_id = s.id) < :before"
)
_OVER = "o.status IN ('closed', 'withdrawn', 'answered_by_rep') AND o.status_at < :before"
_DUE: dict[Group, tuple[MatterKind, str]] = {
    "opinion_closed": (
        "opinion",
        f"SELECT o.id FROM opinion o JOIN contact c ON c.opinion_id = o.id WHERE {_OVER} "  # noqa: S608 - constants
        f"UNION SELECT o.id FROM opinion o JOIN attachment a ON a.opinion_id = o.id WHERE {_OVER}",
    ),
    "opinion_given": (
        "opinion",
        "SELECT c.opinion_id AS id FROM contact c WHERE c.given_at < :before "
        "UNION SELECT a.opinion_id FROM attachment a WHERE a.opinion_id IS NOT NULL AND coalesce(a.given_at, a.arrived_at) < :before",
    ),
    "appointment_over": (
        "appointment",
        "SELECT a.id FROM appointment a JOIN appointment_slot s ON s.id = a.slot_id "
        "WHERE a.key_wrapped IS NOT NULL AND s.ends_at < :before",
    ),
    "petition_closed": (
        "petition",
        "SELECT id FROM petition WHERE key_wrapped IS NOT NULL AND state = 'closed' AND closed_at < :before",
    ),
    "mediation_concluded": (
        "mediation_party",
        "SELECT p.id FROM mediation_party p JOIN mediation m ON m.id = p.mediation_id WHERE p.key_wrapped IS NOT NULL "
        "AND m.state = 'concluded' AND m.concluded_on < CAST(:before AT TIME ZONE 'Asia/Shanghai' AS date)",
    ),
    **{group: ("suggestion", _SUGGESTIONS_DUE.format(statuses=statuses)) for group, statuses in _SUGGESTIONS.items()},
}
"""Of each group the matters that have contact data or files and were over before a moment."""

_HAS_FILES = "SELECT EXISTS (SELECT 1 FROM attachment WHERE opinion_id = :id)"
_HELD = "EXISTS (SELECT 1 FROM legal_hold h WHERE h.matter_id = due.id AND h.lifted_at IS NULL)"


@dataclass(frozen=True, slots=True)
class Matter:
    """A matter with its sealed data, locked."""

    id: uuid.UUID
    kind: MatterKind
    region: str
    deputy_id: uuid.UUID | None
    is_open: bool
    key_wrapped: bytes | None
    boxes: dict[str, bytes | None]
    has_files: bool = False


async def matter(tx: Tx, kind: MatterKind, matter_id: uuid.UUID) -> Matter:
    """A matter by its id, locked. Raises MatterUnknown."""
    place = PLACES[kind]
    row = (await tx.execute(text(place.find), {"id": matter_id, "now": now()})).mappings().one_or_none()
    if row is None:
        raise MatterUnknown()
    boxes = {name: row[f"{name}_box"] for name in place.fields}
    files = place.has_files and await tx.scalar(text(_HAS_FILES), {"id": matter_id})
    return Matter(matter_id, kind, row["region"], row.get("deputy_id"), bool(row["open"]), row["key_wrapped"], boxes, bool(files))


async def matter_in_reach(tx: Tx, kind: MatterKind, matter_id: uuid.UUID, caller: Caller) -> Matter:
    """A matter of the caller's region; a suggestion of the very congress that the caller's office serves. Raises MatterUnknown."""
    found = await matter(tx, kind, matter_id)
    mine = caller.region == found.region if kind == "suggestion" else caller.sees_region(found.region)
    if not mine:
        raise MatterUnknown()
    return found


async def matter_of(tx: Tx, number: str, lookup_code: str) -> Matter:
    """The matter of whoever has its number and lookup code, of whatever kind. Raises MatterUnknown, for both reasons alike."""
    known: Any = None
    for kind, place in PLACES.items():
        if place.by_number is None:
            continue
        reading = text(f"SELECT id, lookup_salt, lookup_hash FROM {place.by_number} WHERE number = :number")  # noqa: S608 - constants
        found = (await tx.execute(reading, {"number": numbers.as_number(number)})).one_or_none()
        known = (kind, found) if found is not None else known
    if not lookup.opens(known[1] if known else None, lookup_code) or known is None:
        raise MatterUnknown(where="number")
    return await matter(tx, known[0], known[1].id)


def due(group: Group) -> tuple[MatterKind, TextClause]:
    """The kind of a group, and the statement that names a batch of those that are due and not held."""
    kind, which = _DUE[group]
    return kind, text(f"SELECT due.id FROM ({which}) due WHERE NOT {_HELD} ORDER BY due.id LIMIT :batch")  # noqa: S608 - constants


@dataclass(frozen=True, slots=True)
class Due:
    """What a rule of retention would erase now, and what it would if there were no hold. `files` go with the matters due."""

    keeping: Keeping
    due: int
    held: int
    files: int


async def due_now(tx: Tx, keeping: Keeping, before: datetime) -> Due:
    """Counts what a rule would erase."""
    held, (kind, which) = _HELD, _DUE[keeping.group]
    files = "(SELECT count(*) FROM attachment a WHERE a.opinion_id = due.id)" if PLACES[kind].has_files else "0"
    counting = (
        f"SELECT count(*) FILTER (WHERE NOT {held}) AS due, count(*) FILTER (WHERE {held}) AS held, "  # noqa: S608 - constants
        f"coalesce(sum({files}) FILTER (WHERE NOT {held}), 0) AS files FROM ({which}) due"
    )
    row = (await tx.execute(text(counting), {"before": before})).one()
    return Due(keeping, row.due, row.held, int(row.files))


_ERASED_BUT_THERE = {
    "opinion": "SELECT e.matter_id FROM erasure e JOIN contact c ON c.opinion_id = e.matter_id "
    "UNION SELECT e.matter_id FROM erasure e JOIN attachment a ON a.opinion_id = e.matter_id "
    "AND coalesce(a.given_at, a.arrived_at) <= e.erased_at",
    "suggestion": "SELECT e.matter_id FROM erasure e JOIN suggestion_contact c ON c.suggestion_id = e.matter_id "
    "AND c.given_at <= e.erased_at",
    "appointment": "SELECT e.matter_id FROM erasure e JOIN appointment a ON a.id = e.matter_id AND a.key_wrapped IS NOT NULL",
    "petition": "SELECT e.matter_id FROM erasure e JOIN petition p ON p.id = e.matter_id AND p.key_wrapped IS NOT NULL",
    "mediation_party": "SELECT e.matter_id FROM erasure e JOIN mediation_party p ON p.id = e.matter_id AND p.key_wrapped IS NOT NULL",
}


async def come_back(tx: Tx, kind: MatterKind) -> list[uuid.UUID]:
    """Matters that were erased and have a key or files all the same, because a backup older than the erasure was restored."""
    return list((await tx.execute(text(_ERASED_BUT_THERE[kind]))).scalars())
