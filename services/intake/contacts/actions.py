"""The verbs on contacts and links: each changes rows and emits the event in one transaction."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, cast

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from services.intake import actions as opinions
from services.intake.civil import day_of
from services.intake.contacts import queries, rules
from services.intake.contacts.errors import (
    AlreadyLinked,
    ContactStruckOutBefore,
    EntryOfReception,
    LinkIsOver,
    LinkOfAnother,
)
from services.intake.contacts.models import Entry, Link
from services.intake.contacts.settings import ContactPolicy, Minimum
from services.intake.places import active_deputies, check_region
from shared.clock import now
from shared.db import Tx
from shared.events import derived_id, new_id
from shared.events.intake_contacts import ContactLogged, ContactsFoundBelowMinimum, ContactStruckOut, LinkEnded, LinkKind, LinkMade, Measure
from shared.events.intake_receptions import MeetingChannel
from shared.http import check_version
from shared.identity import Caller
from shared.masking import mask
from shared.outbox import emit

_REMINDED_AT_ONCE = 200
_REMIND = text(
    """
    INSERT INTO contact_reminder (deputy_id, measure, starts_on, ends_on, done, at_least, told_at)
    SELECT d.deputy_id, CAST(:measure AS text), CAST(:starts_on AS date), CAST(:ends_on AS date), c.done, CAST(:at_least AS int), :told_at
    FROM deputy d CROSS JOIN LATERAL (
        SELECT count(*) AS done FROM contact_log l
        WHERE l.deputy_id = d.deputy_id AND l."on" BETWEEN CAST(:starts_on AS date) AND CAST(:ends_on AS date)
            AND CAST(:measure AS text) = ANY(l.measures) AND l.struck_at IS NULL
    ) c
    WHERE d.status = 'active' AND d.starts_on <= CAST(:starts_on AS date) AND (d.ends_on IS NULL OR d.ends_on >= CAST(:today AS date))
        AND (CAST(:levels AS text[]) = '{}' OR d.level = ANY(CAST(:levels AS text[]))) AND c.done < CAST(:at_least AS int)
        AND NOT EXISTS (SELECT FROM contact_reminder r
                        WHERE r.deputy_id = d.deputy_id AND r.measure = CAST(:measure AS text) AND r.starts_on = CAST(:starts_on AS date))
    ORDER BY d.deputy_id LIMIT :batch
    ON CONFLICT DO NOTHING RETURNING deputy_id, done
    """
)


@dataclass(frozen=True, slots=True)
class Contact:
    """What is entered: when, how, with how many, and under which link."""

    kind: str
    on: date
    channel: MeetingChannel
    persons: int
    region: str
    link_id: uuid.UUID | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """A matter that came up in a contact, and whose it is, as far as they said so."""

    title: str
    text: str
    category: str | None
    sender: opinions.Sender | None


async def log(tx: Tx, caller: Caller, deputy_id: uuid.UUID, contact: Contact, said: Sequence[Said]) -> tuple[Entry, list[opinions.Receipt]]:
    """Enters a deputy's contact; each matter that came up becomes an opinion under the deputy.

    Raises KindUnknown, ContactDayNotAccepted, RegionOutOfReach, DeputyUnknown, MandateNotActive, LinkUnknown, LinkOfAnother.
    """
    policy: ContactPolicy = tx.policy.contacts
    kind = rules.kind_of(policy, contact.kind)
    rules.check_day(policy, contact.on, day_of(now()))
    check_region(caller, contact.region)
    await active_deputies(tx, [deputy_id], contact.on)
    if contact.link_id is not None:
        await _check_link_used(tx, contact.link_id, deputy_id, contact.on)
    entry = Entry(
        id=new_id(),
        site=tx.site,
        deputy_id=deputy_id,
        kind=kind.code,
        measures=list(kind.measures),
        on=contact.on,
        channel=contact.channel,
        persons=contact.persons,
        region=contact.region,
        link_id=contact.link_id,
        matters=len(said),
        note=mask(contact.note) if contact.note else None,
        logged_by=caller.account_id,
        logged_at=now(),
    )
    tx.add(entry)
    _tell(tx, entry)
    origin = opinions.Origin("deputy", entry.id, deputy_id, contact.region)
    receipts = [await opinions.take_in(tx, origin, one.title, one.text, chosen=one.category, sender=one.sender) for one in said]
    return entry, receipts


async def log_meeting(
    tx: Tx,
    caller: Caller,
    meeting_id: uuid.UUID,
    deputy_id: uuid.UUID,
    measures: Sequence[Measure],
    kind: str,
    on: date,
    channel: str | None,
    persons: int,
    region: str,
) -> None:
    """Enters what attending a reception or keeping an appointment counts for; the same one enters once. Without measures, nothing."""
    if not measures:
        return
    entry = Entry(
        id=derived_id(meeting_id, f"contact/{deputy_id}"),
        site=tx.site,
        deputy_id=deputy_id,
        kind=kind,
        measures=list(measures),
        on=on,
        channel=channel or "onsite",
        persons=persons,
        region=region,
        meeting_id=meeting_id,
        logged_by=caller.account_id,
        logged_at=now(),
    )
    entering = insert(Entry).values(entry.model_dump()).on_conflict_do_nothing().returning(col(Entry.id))
    if await tx.scalar(entering) is not None:
        _tell(tx, entry)


async def strike_out(tx: Tx, entry_id: uuid.UUID, caller: Caller, *, reason: str) -> Entry:
    """Strikes out an entry that was wrong; it stays and counts no longer.

    Raises ContactUnknown, EntryOfReception, ContactStruckOutBefore.
    """
    entry = await queries.entry(tx, entry_id, caller, lock=True)
    if entry.meeting_id is not None:
        raise EntryOfReception()
    if entry.struck_at is not None:
        raise ContactStruckOutBefore()
    entry.struck_at, entry.struck_because = now(), mask(reason)
    measures = cast(tuple[Measure, ...], tuple(entry.measures))
    emit(tx, ContactStruckOut(contact_id=entry.id, deputy_id=entry.deputy_id, on=entry.on, measures=measures))
    return entry


async def link(
    tx: Tx, caller: Caller, kind: LinkKind, from_deputy_id: uuid.UUID, to_deputy_id: uuid.UUID | None, region: str, starts_on: date
) -> Link:
    """Links a deputy with another, or with the people of a region. Raises RegionOutOfReach, DeputyUnknown, LinkNotOfKind, AlreadyLinked."""
    check_region(caller, region)
    rules.check_link(kind, to_deputy=to_deputy_id is not None, to_itself=from_deputy_id == to_deputy_id)
    await active_deputies(tx, [d for d in (from_deputy_id, to_deputy_id) if d is not None], starts_on)
    made = Link(
        id=new_id(),
        kind=kind,
        from_deputy_id=from_deputy_id,
        to_deputy_id=to_deputy_id,
        region=region,
        starts_on=starts_on,
        entered_by=caller.account_id,
    )
    inserting = insert(Link).values(made.model_dump()).on_conflict_do_nothing().returning(col(Link.id))
    if await tx.scalar(inserting) is None:
        raise AlreadyLinked()
    emit(
        tx,
        LinkMade(link_id=made.id, kind=kind, from_deputy_id=from_deputy_id, to_deputy_id=to_deputy_id, region=region, starts_on=starts_on),
    )
    return made


async def end_link(tx: Tx, link_id: uuid.UUID, caller: Caller, version: int, *, ends_on: date) -> Link:
    """Ends a link; its contacts stay. Raises LinkUnknown, StaleVersion, LinkIsOver."""
    found = await queries.link(tx, link_id, caller, lock=True)
    check_version(found.version, version)
    if found.ends_on is not None or ends_on < found.starts_on:
        raise LinkIsOver(where="ends_on")
    found.ends_on = ends_on
    found.version += 1
    emit(tx, LinkEnded(link_id=found.id, ends_on=ends_on))
    return found


async def remind(tx: Tx, today: date) -> int:
    """Tells the deputies who are below a minimum near its period's end, once for each. Returns how many."""
    told = 0
    for minimum in tx.policy.contacts.minimums:
        if (span := rules.reminder_due(minimum, today)) is not None:
            told += await _remind(tx, minimum, span, today)
    return told


async def _remind(tx: Tx, minimum: Minimum, span: rules.Span, today: date) -> int:
    facts: dict[str, Any] = {
        "measure": minimum.measure,
        "starts_on": span.starts_on,
        "ends_on": span.ends_on,
        "at_least": minimum.at_least,
    }
    wanted = {**facts, "levels": list(minimum.levels), "today": today, "told_at": now(), "batch": _REMINDED_AT_ONCE}
    found = (await tx.execute(_REMIND, wanted)).all()
    for deputy_id, done in found:
        emit(tx, ContactsFoundBelowMinimum(deputy_id=deputy_id, period=minimum.period, done=done, **facts))
    return len(found)


async def _check_link_used(tx: Tx, link_id: uuid.UUID, deputy_id: uuid.UUID, on: date) -> None:
    found = await tx.get(Link, link_id)
    if found is None or found.from_deputy_id != deputy_id or on < found.starts_on or (found.ends_on is not None and found.ends_on < on):
        raise LinkOfAnother(where="link_id")


def _tell(tx: Tx, entry: Entry) -> None:
    emit(
        tx,
        ContactLogged(
            contact_id=entry.id,
            deputy_id=entry.deputy_id,
            kind=entry.kind,
            measures=cast(tuple[Measure, ...], tuple(entry.measures)),
            on=entry.on,
            channel=cast(MeetingChannel, entry.channel),
            persons=entry.persons,
            region=entry.region,
            link_id=entry.link_id,
        ),
    )
