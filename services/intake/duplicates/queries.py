"""Reads of texts that are alike: candidates, flags, groups and suspicions, in the caller's region."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, text, tuple_
from sqlalchemy.orm import aliased
from sqlmodel import col

from services.intake.duplicates import rules
from services.intake.duplicates.errors import FlagUnknown, GroupUnknown, OpinionsUnknown, SuspicionUnknown
from services.intake.duplicates.models import Fingerprint, Flag, Group, Joined, MassPosting
from services.intake.models import Opinion
from shared.db import Tx
from shared.identity import Caller

_COMPARED = 12
# The inner limit keeps a text that was posted ten thousand times from costing ten thousand rows at each reading.
_MEETING = text(
    """
    SELECT opinion_id FROM (SELECT opinion_id FROM fingerprint_band WHERE band = ANY(:bands) LIMIT 3000) met
    WHERE opinion_id <> :own GROUP BY opinion_id ORDER BY count(*) DESC, opinion_id LIMIT :compared
    """
)


async def alike(tx: Tx, body: str, least: float, own: uuid.UUID) -> list[tuple[Opinion, float]]:
    """The opinions whose texts share at least `least` of their shingles with `body`, the most alike first, of equal ones the first sent."""
    wanted = {"bands": rules.bands(body), "own": own, "compared": _COMPARED}
    met = list((await tx.execute(_MEETING, wanted)).scalars())
    if not met:
        return []
    mine = rules.shingles(body)
    compared = [(one, rules.similarity(mine, rules.shingles(one.text))) for one in await opinions(tx, met)]
    found = [pair for pair in compared if pair[1] >= least]
    return sorted(found, key=lambda pair: (-pair[1], pair[0].submitted_at, pair[0].id))


async def people(tx: Tx, ids: Sequence[uuid.UUID]) -> int:
    """How many opinions say what one of these says, each counted as one person."""
    roots = select(col(Fingerprint.root_id)).where(col(Fingerprint.opinion_id).in_(ids))
    return await tx.scalar(select(func.count()).where(col(Fingerprint.root_id).in_(roots))) or 0


async def opinions(tx: Tx, ids: Sequence[uuid.UUID]) -> Sequence[Opinion]:
    """These opinions, by id."""
    return (await tx.scalars(select(Opinion).where(col(Opinion.id).in_(ids)).order_by(col(Opinion.id)))).all()


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
