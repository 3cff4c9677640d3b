"""Persons received and the matters they brought: each one taken becomes an opinion and goes through the three stages."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from services.intake import actions as opinions
from services.intake.receptions import queries, rules
from services.intake.receptions.errors import MatterDeclined
from services.intake.receptions.models import Matter, MatterStep, Received, Reception
from shared.clock import now
from shared.db import Tx
from shared.events import new_id
from shared.events.intake_receptions import MatterStage, MatterStageReached, MeetingChannel
from shared.http import check_version
from shared.identity import Caller
from shared.live import live
from shared.masking import mask
from shared.outbox import emit


@dataclass(frozen=True, slots=True)
class Brought:
    """A matter as a person brought it. `category` is a wish, as everywhere; `region`: of the neighbouring congress that it concerns."""

    title: str
    text: str
    category: str | None = None
    region: str | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """A matter that was taken, with what the person takes away."""

    matter: Matter
    receipt: opinions.Receipt


async def receive(
    tx: Tx,
    reception_id: uuid.UUID,
    caller: Caller,
    channel: MeetingChannel,
    sender: opinions.Sender | None,
    brought: Sequence[Brought],
    declined: Sequence[str],
) -> tuple[Received, list[Taken]]:
    """Enters a person received with all they brought, all or nothing; contact data are sealed with each opinion and kept nowhere else.

    Raises ReceptionUnknown, ReceptionIsOver, ReceptionNotBegun, GroundUnknown, RegionNotOfMeeting.
    """
    reception = await queries.reception(tx, reception_id, caller, lock=True)
    moment = now()
    rules.check_begun(reception, moment)
    for ground in declined:
        rules.check_ground(tx.policy.receptions, ground)
    received = Received(id=new_id(), reception_id=reception_id, channel=channel, entered_by=caller.account_id, received_at=moment)
    tx.add(received)
    await tx.flush()
    tx.add_all(Matter(id=new_id(), reception_id=reception_id, received_id=received.id, declined=ground) for ground in declined)
    taken = [await _take(tx, reception, received, one, sender) for one in brought]
    live(tx, "reception", str(reception_id))
    return received, taken


async def _take(tx: Tx, reception: Reception, received: Received, one: Brought, sender: opinions.Sender | None) -> Taken:
    # No code was scanned: the reception stands for it, so that the opinion tells where it was taken.
    region = rules.region_of_matter(reception.region, reception.partners, tx.site, one.region)
    origin = opinions.Origin("station", reception.id, reception.station_id or reception.id, region)
    receipt = await opinions.take_in(tx, origin, one.title, one.text, chosen=one.category, sender=sender)
    matter = Matter(id=new_id(), reception_id=reception.id, received_id=received.id, opinion_id=receipt.opinion_id)
    tx.add(matter)
    return Taken(matter, receipt)


async def step(tx: Tx, matter_id: uuid.UUID, caller: Caller, version: int, *, stage: MatterStage, settled: bool, note: str) -> Matter:
    """Takes a matter to its next stage, or settles it in the stage it is in or in the next, and says how.

    Raises MatterUnknown, StaleVersion, MatterDeclined, MatterIsSettled, StageNotNext.
    """
    matter = await queries.matter(tx, matter_id, caller, lock=True)
    check_version(matter.version, version)
    if matter.opinion_id is None:
        raise MatterDeclined()
    rules.check_step(matter.stage, matter.settled, stage, settled)
    matter.stage, matter.settled = stage, settled
    matter.version += 1
    tx.add(
        MatterStep(
            matter_id=matter.id, version=matter.version, stage=stage, settled=settled, note=mask(note), by=caller.account_id, at=now()
        )
    )
    emit(
        tx,
        MatterStageReached(
            matter_id=matter.id,
            reception_id=matter.reception_id,
            opinion_id=matter.opinion_id,
            stage=stage,
            settled=settled,
            version_no=matter.version,
        ),
    )
    live(tx, "reception", str(matter.reception_id))
    return matter
