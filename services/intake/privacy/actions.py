"""The verbs on personal data: erase, hold, lift, and what the clock erases. Erasing destroys the key, so that no copy of a box opens."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from services.intake.attachments.actions import erase_of
from services.intake.duplicates import actions as duplicates
from services.intake.models import Contact
from services.intake.opening import opened
from services.intake.privacy import queries, rules
from services.intake.privacy.errors import MatterOnHold, MatterUnknown, NotOnHold
from services.intake.privacy.models import Erasure, LegalHold
from services.intake.privacy.settings import PrivacyPolicy
from services.intake.topics import actions as topics
from shared.audit import about
from shared.boxes import seal_for
from shared.clock import now
from shared.db import Tx
from shared.events import new_id
from shared.events.intake_privacy import ContactSealed, MatterErased, MatterKind
from shared.events.notify import ContactKeyMade
from shared.identity import Caller
from shared.masking import mask
from shared.outbox import emit

BY_PERSON, BY_RETENTION, AFTER_RESTORE = "person", "retention", "restored"
BATCH = 500
"""Matters that one transaction of the clock erases at most."""


async def erase_own(tx: Tx, number: str, lookup_code: str) -> Erasure:
    """Whoever has the lookup code has their contact data erased (个人信息保护法 47); a second time changes nothing.

    Raises MatterUnknown, MatterOnHold, MatterStillOpen.
    """
    matter = await queries.matter_of(tx, number, lookup_code)
    about(tx, matter.id)
    return await _erase(tx, matter, BY_PERSON, None)


async def erase(tx: Tx, kind: MatterKind, matter_id: uuid.UUID, caller: Caller, ground: str) -> Erasure:
    """Staff erase on a ground of the profile, and a lead deputy the own data. Raises GroundNotListed and what `erase_own` raises."""
    rules.check_ground(_policy(tx).erase_grounds, ground)
    matter = await _reached(tx, kind, matter_id, caller)
    return await _erase(tx, matter, ground, caller.account_id)


async def _reached(tx: Tx, kind: MatterKind, matter_id: uuid.UUID, caller: Caller) -> queries.Matter:
    if kind == "suggestion" and caller.deputy_id is not None:
        own = await queries.matter(tx, kind, matter_id)
        if own.deputy_id == caller.deputy_id:
            return own
    if not caller.may("personal.erase"):
        raise MatterUnknown()
    return await queries.matter_in_reach(tx, kind, matter_id, caller)


async def _erase(tx: Tx, matter: queries.Matter, ground: str, by: uuid.UUID | None) -> Erasure:
    before = await tx.get(Erasure, matter.id)
    if before is not None and matter.key_wrapped is None and not matter.has_files:
        return before
    rules.check_over(matter.kind, is_open=matter.is_open)
    held = await tx.scalar(select(LegalHold).where(col(LegalHold.matter_id) == matter.id, col(LegalHold.lifted_at).is_(None)))
    if held is not None:
        raise MatterOnHold(ground=held.ground)
    await _destroy(tx, matter.kind, [matter.id])
    await _note(tx, matter.kind, [matter.id], ground, by)
    return await tx.get_one(Erasure, matter.id, populate_existing=True)


async def _destroy(tx: Tx, kind: MatterKind, ids: Sequence[uuid.UUID], *, again: bool = False) -> list[uuid.UUID]:
    """Destroys keys and boxes, takes files away, and masks what people wrote. Returns the matters that had a key or files."""
    place = queries.PLACES[kind]
    found = set((await tx.execute(text(place.destroy), {"ids": list(ids)})).scalars())
    if place.has_files:
        found |= await erase_of(tx, ids, again=again)
    for table, key, columns in place.texts:
        await _mask_texts(tx, table, key, columns, ids)
    if kind == "opinion":
        await duplicates.forget(tx, ids)
        await topics.forget(tx, ids)
    return sorted(found)


async def _mask_texts(tx: Tx, table: str, key: str, columns: Sequence[str], ids: Sequence[uuid.UUID]) -> None:
    # A number that somebody wrote into their text is theirs as well. Only texts in which there is one are written again.
    for column in columns:
        reading = text(f"SELECT ctid::text AS place, {column} AS written FROM {table} WHERE {key} = ANY(CAST(:ids AS uuid[])) FOR UPDATE")  # noqa: S608
        rows = [(row.place, row.written) for row in await tx.execute(reading, {"ids": list(ids)}) if row.written is not None]
        writing = text(f"UPDATE {table} SET {column} = :masked WHERE ctid = CAST(CAST(:place AS text) AS tid)")  # noqa: S608 - constants
        for place, written in rows:
            if (masked := mask(written)) != written:
                await tx.execute(writing, {"place": place, "masked": masked})


async def _note(tx: Tx, kind: MatterKind, ids: Sequence[uuid.UUID], ground: str, by: uuid.UUID | None) -> None:
    moment = now()
    rows = [{"matter_id": one, "kind": kind, "ground": ground, "by": by, "erased_at": moment} for one in ids]
    entering = insert(Erasure)
    # What a backup brought back was erased when it was erased: what has been given since is not meant.
    told = ("ground", "by") if ground == AFTER_RESTORE else ("ground", "by", "erased_at")
    fresh = {name: entering.excluded[name] for name in told}
    await tx.execute(entering.on_conflict_do_update(index_elements=["matter_id"], set_=fresh), rows)
    for one in ids:
        emit(tx, MatterErased(matter_id=one, matter_kind=kind, ground=ground))


async def pass_on(tx: Tx, events: Sequence[ContactKeyMade]) -> None:
    """Passes telephone numbers of opinions on, each in a box for the key made for it; nothing of a matter that was erased meanwhile."""
    keys = {event.matter_id: event for event in events if event.matter_kind == "opinion"}
    # Locked: an erasure that runs beside this waits, and what it tells comes after the box.
    kept = select(Contact).where(col(Contact.opinion_id).in_(keys)).order_by(col(Contact.opinion_id)).with_for_update()
    for contact in await tx.scalars(kept):
        event = keys[contact.opinion_id]
        phone = opened(tx, contact.opinion_id, contact.key_wrapped, {"phone": contact.phone_box})["phone"]
        if phone is None:
            continue
        box = seal_for(event.public_key, phone, str(event.matter_id))
        sealed = ContactSealed(matter_id=event.matter_id, matter_kind="opinion", public_key=event.public_key, box=box)
        emit(tx, sealed, cause=event)


async def hold(tx: Tx, kind: MatterKind, matter_id: uuid.UUID, caller: Caller, ground: str) -> LegalHold:
    """Keeps a matter's data from being erased; one hold at a time, the first stands. Raises GroundNotListed, MatterUnknown."""
    rules.check_ground(_policy(tx).hold_grounds, ground)
    await queries.matter_in_reach(tx, kind, matter_id, caller)
    row = LegalHold(id=new_id(), matter_id=matter_id, kind=kind, ground=ground, by=caller.account_id, held_at=now())
    await tx.execute(insert(LegalHold).values(row.model_dump()).on_conflict_do_nothing())
    return await _standing(tx, matter_id)


async def lift(tx: Tx, kind: MatterKind, matter_id: uuid.UUID, caller: Caller) -> LegalHold:
    """Lifts the hold; rules of retention apply again. Raises MatterUnknown, NotOnHold."""
    await queries.matter_in_reach(tx, kind, matter_id, caller)
    row = await _standing(tx, matter_id)
    row.lifted_by, row.lifted_at = caller.account_id, now()
    return row


async def _standing(tx: Tx, matter_id: uuid.UUID) -> LegalHold:
    standing = select(LegalHold).where(col(LegalHold.matter_id) == matter_id, col(LegalHold.lifted_at).is_(None)).with_for_update()
    row = await tx.scalar(standing)
    if row is None:
        raise NotOnHold()
    return row


async def erase_due(tx: Tx, moment: datetime, batch: int = BATCH) -> int:
    """Erases what each rule of retention says, up to `batch` matters. Returns how many."""
    done = 0
    for keeping in _policy(tx).retention:
        kind, naming = queries.due(keeping.group)
        left = {"before": rules.due_before(keeping, moment), "batch": batch - done}
        ids = list((await tx.execute(naming, left)).scalars()) if done < batch else []
        if ids and (had := await _destroy(tx, kind, ids)):
            await _note(tx, kind, had, BY_RETENTION, None)
            done += len(had)
    return done


async def erase_again(tx: Tx) -> int:
    """Destroys the keys that a restored backup brought back, of every matter on the list of erasures. Returns how many."""
    done = 0
    for kind in queries.PLACES:
        ids = await queries.come_back(tx, kind)
        if ids and (had := await _destroy(tx, kind, ids, again=True)):
            await _note(tx, kind, had, AFTER_RESTORE, None)
            done += len(had)
    return done


def _policy(tx: Tx) -> PrivacyPolicy:
    policy: PrivacyPolicy = tx.policy.privacy
    return policy
