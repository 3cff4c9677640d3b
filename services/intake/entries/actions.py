"""The verb of staff who enter an opinion for somebody else: at the reception desk, on the telephone, from paper."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.intake import actions as opinions
from services.intake.attachments.actions import bind
from services.intake.civil import day_of
from services.intake.entries import rules
from services.intake.entries.models import Entry
from services.intake.places import active_deputies, open_station
from shared.clock import now
from shared.db import Tx
from shared.events import new_id
from shared.events.intake_opinions import OpinionEnteredOnBehalf, Source
from shared.identity import Caller
from shared.masking import mask
from shared.outbox import emit


@dataclass(frozen=True, slots=True)
class Register:
    """The register's fields: how it came, when, where, who was there. `advice` is what staff or deputies advise (处理意见)."""

    source: Source
    station_id: uuid.UUID
    received_at: datetime
    persons: int
    deputies: Sequence[uuid.UUID]
    advice: str | None
    paper: str | None
    consent: rules.Consent | None


async def enter(
    tx: Tx,
    caller: Caller,
    register: Register,
    title: str,
    body: str,
    *,
    chosen: str | None,
    sender: opinions.Sender | None,
    attachments: Sequence[str] = (),
) -> opinions.Receipt:
    """Takes an opinion in on behalf; the receipt is printed for whoever brought it.

    Raises SourceUnknown, ReceivedNotAccepted, PaperNumberMissing, ConsentMissing, ConsentWithoutContact, StationUnknown,
    RegionOutOfReach, DeputyUnknown, MandateNotActive, and for attachments what `bind` raises.
    """
    at = now()
    rules.check(tx.policy.entries, register.source, received_at=register.received_at, at=at, paper=register.paper)
    rules.check_consent(register.consent, has_contact=sender is not None)
    station = await open_station(tx, caller, register.station_id)
    deputies = sorted(set(register.deputies))
    await active_deputies(tx, deputies, day_of(register.received_at))
    entry_id = new_id()
    origin = opinions.Origin("station", entry_id, station.station_id, station.region)
    receipt = await opinions.take_in(tx, origin, title, body, chosen=chosen, sender=sender)
    entry = Entry(
        id=entry_id,
        opinion_id=receipt.opinion_id,
        number=receipt.number,
        source=register.source,
        station_id=station.station_id,
        region=station.region,
        received_at=register.received_at,
        persons=register.persons,
        deputies=deputies,
        advice=mask(register.advice) if register.advice else None,
        paper=register.paper,
        consent=register.consent,
        entered_by=caller.account_id,
        entered_at=at,
    )
    tx.add(entry)
    emit(
        tx,
        OpinionEnteredOnBehalf(
            opinion_id=receipt.opinion_id,
            number=receipt.number,
            source=register.source,
            station_id=station.station_id,
            region=station.region,
            deputies=tuple(deputies),
            persons=register.persons,
        ),
    )
    if attachments:
        await bind(tx, receipt.opinion_id, receipt.number, attachments)
    return receipt
