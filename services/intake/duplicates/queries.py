"""Reads of texts that are alike: candidates, flags, groups and suspicions, in the caller's region."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, tuple_
from sqlalchemy.orm import aliased
from sqlmodel import col

from services.intake.duplicates import rules
from services.intake.duplicates.errors import FlagUnknown, GroupUnknown, OpinionsUnknown, SuspicionUnknown
from services.intake.duplicates.models import Flag, Group, Joined, MassPosting
from services.intake.models import Opinion
from shared.db import Tx
from shared.identity import Caller

_COMPARED = 12
# The inner limit keeps a text that was posted ten thousand times from costing ten thousand rows at each reading.
_ALIKE = """
    WITH met AS (
        SELECT opinion_id FROM (SELECT opinion_id FROM fingerprint_band WHERE band = ANY($1::bigint[]) LIMIT 3000) b
        WHERE opinion_id <> $2 GROUP BY opinion_id ORDER BY count(*) DESC, opinion_id LIMIT $3
    ),
    compared AS (
        SELECT f.opinion_id, f.root_id, f.at, f.whole, cardinality(f.shingles) AS theirs, count(*) AS common
        FROM met JOIN fingerprint f USING (opinion_id), unnest(f.shingles) s JOIN unnest($4::int[]) mine ON mine = s GROUP BY f.opinion_id
    )
    SELECT opinion_id, root_id, coalesce(whole = $5, false) AS same, common::float / (theirs + cardinality($4::int[]) - common) AS share
    FROM compared WHERE common >= $6::float * (theirs + cardinality($4::int[]) - common) ORDER BY share DESC, at, opinion_id
"""


@dataclass(frozen=True, slots=True)
class Alike:
    """An earlier opinion whose text shares so much of its shingles, 0 to 1; `same`: it is the same but for signs, spaces and case."""

    opinion_id: uuid.UUID
    root_id: uuid.UUID
    same: bool
    share: float


async def alike(tx: Tx, found: rules.Print, least: float, own: uuid.UUID) -> list[Alike]:
    """The opinions whose texts share at least `least` of their shingles with this one, the most alike first, of equal ones the first sent.

    Compared in the database: a dozen texts of the longest kind cost this process a tenth of a second.
    """
    if not found.bands:
        return []
    rows = await tx.run(_ALIKE, found.bands, own, _COMPARED, list(found.shingles), found.whole, least)
    return [Alike(*row) for row in rows]


async def people(tx: Tx, found: Collection[Alike]) -> int:
    """How many opinions say what one of these says, each counted as one person."""
    roots = list({one.root_id for one in found})
    rows = await tx.run("SELECT count(*) FROM fingerprint WHERE root_id = ANY($1::uuid[])", roots)
    return int(rows[0][0])


async def opinions_of(tx: Tx, caller: Caller, ids: Sequence[uuid.UUID]) -> Sequence[Opinion]:
    """These opinions, all in the caller's region, locked in order of id. Raises OpinionsUnknown."""
    wanted = select(Opinion).where(col(Opinion.id).in_(ids), in_region(caller, Opinion)).order_by(col(Opinion.id)).with_for_update()
    found = (await tx.scalars(wanted)).all()
    if len(found) < len(set(ids)):
        raise OpinionsUnknown(where="opinions")
    return found


def in_region(caller: Caller, opinion: Any) -> Any:
    """Condition: the opinion lies in the caller's region."""
    return col(opinion.region).startswith(caller.region, autoescape=True)


async def flag(tx: Tx, flag_id: uuid.UUID, caller: Caller) -> Flag:
    """One flag, locked, both of whose opinions lie in the caller's region. Raises FlagUnknown."""
    later, earlier = aliased(Opinion), aliased(Opinion)
    wanted = (
        select(Flag)
        .join(later, col(later.id) == col(Flag.opinion_id))
        .join(earlier, col(earlier.id) == col(Flag.earlier_id))
        .where(col(Flag.id) == flag_id, in_region(caller, later), in_region(caller, earlier))
        .with_for_update(of=Flag)
    )
    found = await tx.scalar(wanted)
    if found is None:
        raise FlagUnknown()
    return found


async def page_of_flags(
    tx: Tx, caller: Caller, state: rules.State | None, after: uuid.UUID | None, limit: int
) -> Sequence[tuple[Flag, Opinion, Opinion]]:
    """Flags with the later and the earlier opinion, newest first."""
    later, earlier = aliased(Opinion), aliased(Opinion)
    page = (
        select(Flag, later, earlier)
        .join(later, col(later.id) == col(Flag.opinion_id))
        .join(earlier, col(earlier.id) == col(Flag.earlier_id))
        .where(in_region(caller, later), in_region(caller, earlier))
        .order_by(col(Flag.id).desc())
        .limit(limit + 1)
    )
    if state is not None:
        page = page.where(col(Flag.state) == state)
    if after is not None:
        page = page.where(col(Flag.id) < after)
    return [(one, a, b) for one, a, b in await tx.execute(page)]


async def members(tx: Tx, group_id: uuid.UUID) -> Sequence[Joined]:
    """Who is in a group now, in the order of joining."""
    wanted = select(Joined).where(col(Joined.group_id) == group_id, col(Joined.parted_at).is_(None)).order_by(col(Joined.id))
    return (await tx.scalars(wanted)).all()


async def groups_of(tx: Tx, ids: Sequence[uuid.UUID]) -> set[uuid.UUID]:
    """The groups that any of these opinions is in."""
    wanted = select(col(Joined.group_id)).where(col(Joined.opinion_id).in_(ids), col(Joined.parted_at).is_(None))
    return set(await tx.scalars(wanted))


async def group(tx: Tx, group_id: uuid.UUID, caller: Caller, *, lock: bool = False) -> Group:
    """One group whose lead lies in the caller's region. Raises GroupUnknown."""
    wanted = select(Group).join(Opinion, col(Opinion.id) == col(Group.lead_id)).where(col(Group.id) == group_id, in_region(caller, Opinion))
    found = await tx.scalar(wanted.with_for_update(of=Group) if lock else wanted)
    if found is None:
        raise GroupUnknown()
    return found


async def suspicion(tx: Tx, root_id: uuid.UUID, caller: Caller) -> MassPosting:
    """One suspicion in the caller's region, locked. Raises SuspicionUnknown."""
    wanted = select(MassPosting).where(col(MassPosting.root_id) == root_id, in_region(caller, MassPosting)).with_for_update()
    found = await tx.scalar(wanted)
    if found is None:
        raise SuspicionUnknown()
    return found


async def page_of_suspicions(
    tx: Tx, caller: Caller, state: rules.State | None, after: tuple[datetime, uuid.UUID] | None, limit: int
) -> Sequence[MassPosting]:
    """Suspicions of mass posting in the caller's region, newest first."""
    order = (col(MassPosting.suspected_at), col(MassPosting.root_id))
    page = select(MassPosting).where(in_region(caller, MassPosting)).order_by(*(one.desc() for one in order)).limit(limit + 1)
    if state is not None:
        page = page.where(col(MassPosting.state) == state)
    if after is not None:
        page = page.where(tuple_(*order) < tuple_(*after))
    return (await tx.scalars(page)).all()
