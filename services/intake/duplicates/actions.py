"""The verbs on texts that are alike: reading and flagging by the clock, joining and parting by people (并案)."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Any, Literal

from sqlalchemy import bindparam, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from services.intake.duplicates import queries, rules
from services.intake.duplicates.errors import DecidedBefore, InGroupBefore, NotInGroup, TwoAreNeeded
from services.intake.duplicates.models import Fingerprint, Flag, Group, Joined, MassPosting
from services.intake.duplicates.settings import DuplicatePolicy
from services.intake.models import Opinion
from services.intake.unread import take_turn, unread
from shared.clock import now
from shared.db import Tx
from shared.events import new_id
from shared.events.intake_duplicates import MassPostingSuspected, OpinionsFoundAlike, OpinionsJoined, OpinionsParted
from shared.http import check_version
from shared.identity import Caller
from shared.masking import mask
from shared.outbox import emit
from shared.tables import table_of

_AT_A_TIME = 12
_KEEP = """
    WITH kept AS (
        INSERT INTO fingerprint (opinion_id, root_id, code_id, at, whole, shingles) VALUES ($1, $2, $3, $4, $5, $6::int[])
    )
    INSERT INTO fingerprint_band (band, opinion_id) SELECT b, $1 FROM unnest($7::bigint[]) b
"""
_INSERT_FLAG = insert(table_of(Flag)).on_conflict_do_nothing(index_elements=["opinion_id", "earlier_id"]).returning(col(Flag.id))


async def read_new(tx: Tx) -> int:
    """Reads opinions that came since, and flags each that is like an earlier one. Returns how many were read."""
    if not await take_turn(tx, "duplicates"):
        return 0
    waiting = await unread(tx, Fingerprint, _AT_A_TIME)
    for opinion in waiting:
        await _read(tx, opinion)
    return len(waiting)


async def _read(tx: Tx, opinion: Opinion) -> None:
    policy: DuplicatePolicy = tx.policy.duplicates
    made = rules.print_of(opinion.text)
    found = await queries.alike(tx, made, policy.alike, opinion.id)
    root_id = found[0].root_id if found else opinion.id
    of = (opinion.id, root_id, opinion.code_id, opinion.submitted_at)
    await tx.run(_KEEP, *of, made.whole, list(made.shingles), made.bands)
    for one in found[: policy.flags_each]:
        await _flag(tx, opinion, one)


async def _flag(tx: Tx, opinion: Opinion, earlier: queries.Alike) -> None:
    reason: rules.Reason = "same_text" if earlier.same else "alike"
    told: dict[str, Any] = {"opinion_id": opinion.id, "earlier_id": earlier.opinion_id, "reason": reason}
    row = Flag(id=new_id(), **told, similarity=round(earlier.share, 4), found_at=now())
    flag_id = await tx.scalar(_INSERT_FLAG, row.model_dump())
    if flag_id is not None:
        emit(tx, OpinionsFoundAlike(flag_id=flag_id, **told, region=opinion.region, percent=int(earlier.share * 100)))


_FORGET = (
    "UPDATE fingerprint SET whole = NULL, shingles = '{}' WHERE opinion_id = ANY(CAST(:ids AS uuid[]))",
    "DELETE FROM fingerprint_band WHERE opinion_id = ANY(CAST(:ids AS uuid[]))",
    "DELETE FROM duplicate_flag WHERE opinion_id = ANY(CAST(:ids AS uuid[])) OR earlier_id = ANY(CAST(:ids AS uuid[]))",
)


async def forget(tx: Tx, ids: Collection[uuid.UUID]) -> None:
    """Opinions whose personal data are erased are like nothing any more, and their flags go. Groups stay: they are how it was handled."""
    for statement in _FORGET:
        await tx.execute(text(statement), {"ids": list(ids)})


async def confirm(tx: Tx, flag_id: uuid.UUID, caller: Caller, version: int) -> Group:
    """Joins the two opinions of a flag. Raises FlagUnknown, DecidedBefore, InGroupBefore, StaleVersion."""
    flag = await _decide(tx, flag_id, caller, version, "confirmed")
    return await _join(tx, caller, flag.earlier_id, [flag.earlier_id, flag.opinion_id])


async def reject(tx: Tx, flag_id: uuid.UUID, caller: Caller, version: int) -> Flag:
    """Says that two opinions are not about the same; they are not flagged again. Raises FlagUnknown, DecidedBefore, StaleVersion."""
    return await _decide(tx, flag_id, caller, version, "rejected")


async def _decide(tx: Tx, flag_id: uuid.UUID, caller: Caller, version: int, state: Literal["confirmed", "rejected"]) -> Flag:
    flag = await queries.flag(tx, flag_id, caller)
    check_version(flag.version, version)
    if flag.state != "open":
        raise DecidedBefore()
    flag.state, flag.decided_by, flag.decided_at = state, caller.account_id, now()
    flag.version += 1
    return flag


async def join(tx: Tx, caller: Caller, lead_id: uuid.UUID, ids: Sequence[uuid.UUID]) -> Group:
    """Joins opinions to one handling, flagged or not. Raises TwoAreNeeded, OpinionsUnknown, InGroupBefore."""
    if lead_id not in ids or len(set(ids)) < 2:
        raise TwoAreNeeded(where="opinions")
    return await _join(tx, caller, lead_id, ids)


async def _join(tx: Tx, caller: Caller, lead_id: uuid.UUID, ids: Sequence[uuid.UUID]) -> Group:
    await queries.opinions_of(tx, caller, ids)
    groups = await queries.groups_of(tx, ids)
    if len(groups) > 1:
        raise InGroupBefore(where="opinions")
    at = now()
    if groups:
        group = await queries.group(tx, groups.pop(), caller, lock=True)
        group.version += 1
    else:
        group = Group(id=new_id(), site=tx.site, lead_id=lead_id, formed_by=caller.account_id, formed_at=at)
        tx.add(group)
        await tx.flush()
    present = [one.opinion_id for one in await queries.members(tx, group.id)]
    fresh = [one for one in dict.fromkeys(ids) if one not in present]
    tx.add_all([Joined(id=new_id(), group_id=group.id, opinion_id=one, joined_by=caller.account_id, joined_at=at) for one in fresh])
    if fresh:
        told = {"group_id": group.id, "lead_id": group.lead_id, "version_no": group.version}
        emit(tx, OpinionsJoined(**told, opinions=(*present, *fresh), joined=tuple(fresh)))
    return group


async def part(tx: Tx, group_id: uuid.UUID, opinion_id: uuid.UUID, caller: Caller, version: int, *, reason: str) -> Group:
    """Parts an opinion from its group; the last two part together, and a new lead is the one that joined first.

    Raises GroupUnknown, NotInGroup, StaleVersion.
    """
    group = await queries.group(tx, group_id, caller, lock=True)
    check_version(group.version, version)
    members = list(await queries.members(tx, group.id))
    if opinion_id not in [one.opinion_id for one in members]:
        raise NotInGroup(where="opinion_id")
    left = [one for one in members if one.opinion_id != opinion_id]
    at, because = now(), mask(reason)
    leaving = members if len(left) < 2 else [one for one in members if one.opinion_id == opinion_id]
    for one in leaving:
        one.parted_by, one.parted_at, one.parted_because = caller.account_id, at, because
    if len(left) < 2:
        group.dissolved_at, left = at, []
    elif group.lead_id == opinion_id:
        group.lead_id = left[0].opinion_id
    group.version += 1
    told = {"group_id": group.id, "lead_id": group.lead_id, "version_no": group.version}
    emit(tx, OpinionsParted(**told, parted=opinion_id, opinions=tuple(one.opinion_id for one in left)))
    return group


_POSTED = (
    select(
        col(Fingerprint.root_id),
        func.count().label("messages"),
        func.count(col(Fingerprint.code_id).distinct()).label("codes"),
        func.min(col(Fingerprint.at)).label("first_at"),
        func.max(col(Fingerprint.at)).label("last_at"),
    )
    .where(col(Fingerprint.at) > bindparam("since"))
    .group_by(col(Fingerprint.root_id))
    .having(func.count() >= bindparam("least"), func.count(col(Fingerprint.code_id).distinct()) <= bindparam("most_codes"))
)


async def suspect_mass_posting(tx: Tx) -> int:
    """Flags texts that came many times under few codes within the place's hours. Returns how many suspicions are new."""
    if not await take_turn(tx, "mass_posting"):
        return 0
    policy = tx.policy.duplicates.mass_posting
    wanted = {"since": now() - timedelta(hours=policy.hours), "least": policy.messages, "most_codes": policy.codes}
    new = 0
    for posted in (await tx.execute(_POSTED, wanted)).mappings().all():
        known = await tx.get(MassPosting, posted["root_id"], with_for_update=True)
        if known is None:
            root = await tx.get_one(Opinion, posted["root_id"])
            tx.add(MassPosting(**posted, region=root.region, suspected_at=now()))
            counts = {"messages": posted["messages"], "codes": posted["codes"]}
            emit(tx, MassPostingSuspected(root_id=root.id, region=root.region, hours=policy.hours, **counts))
            new += 1
        elif posted["messages"] > known.messages:
            known.messages, known.codes, known.last_at = posted["messages"], posted["codes"], posted["last_at"]
    return new


async def decide_suspicion(
    tx: Tx, root_id: uuid.UUID, caller: Caller, version: int, *, decision: Literal["confirmed", "rejected"]
) -> MassPosting:
    """Says that a mass posting is one, or is none. The opinions stay as they are. Raises SuspicionUnknown, DecidedBefore, StaleVersion."""
    found = await queries.suspicion(tx, root_id, caller)
    check_version(found.version, version)
    if found.state != "open":
        raise DecidedBefore()
    found.state, found.decided_by, found.decided_at = decision, caller.account_id, now()
    found.version += 1
    return found
