"""The verbs on opinions, and their only writer."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, exists, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from services.intake import numbers, rules
from services.intake.attachments.actions import bind
from services.intake.campaigns.queries import campaign_to_answer
from services.intake.errors import AlreadyRated, CodeRevoked
from services.intake.models import Base, Opinion, Rating, RevokedCode, Station
from services.intake.sealing import read_master_key, seal_fields
from services.intake.understanding.deciding import classify
from shared.clock import now
from shared.codes import Code
from shared.consumers import Early
from shared.db import Tx
from shared.events import new_id
from shared.events.directory import CodeKind
from shared.events.intake import OpinionClassified, OpinionRated, OpinionSubmitted, RatingLevel
from shared.events.intake_privacy import ContactLeft
from shared.events.routing import CaseEvent
from shared.masking import mask
from shared.outbox import emit

_NUMBERS_TRIED = 5
_TABLES = Base.metadata.tables
# Built once, executed with parameters: building an INSERT with its values costs more than sending it.
_CODE_IS_REVOKED = select(exists().where(col(RevokedCode.code_id) == bindparam("code_id")))
_OPINION_FIELDS = [column.name for column in _TABLES["opinion"].columns if column.name != "case_id"]
# Whether the code is revoked is asked in the statement itself: one round trip less with each opinion (decision record 0026).
_INSERT_OPINION = (
    f"INSERT INTO opinion ({', '.join(_OPINION_FIELDS)}) SELECT {', '.join(f'${n}' for n in range(1, len(_OPINION_FIELDS) + 1))} "  # noqa: S608
    f"WHERE NOT EXISTS (SELECT FROM revoked_code WHERE code_id = ${_OPINION_FIELDS.index('code_id') + 1}) "
    "ON CONFLICT (number) DO NOTHING RETURNING id"
)
_INSERT_CONTACT = insert(_TABLES["contact"])
_INSERT_RATING = insert(_TABLES["rating"]).on_conflict_do_nothing().returning(col(Rating.round))
# One statement for any number of events: an event each took 0.9 ms of intake, a quarter of all it did (decision record 0015).
_FOLLOW = text(
    """
    UPDATE opinion o SET case_id = r.case_id, replied_round = greatest(o.replied_round, r.replied_round),
        status = CASE WHEN r.newer THEN r.status ELSE o.status END, round = CASE WHEN r.newer THEN r.round ELSE o.round END,
        status_version = CASE WHEN r.newer THEN r.version ELSE o.status_version END,
        status_at = CASE WHEN r.newer THEN r.at ELSE o.status_at END
    FROM (
        SELECT n.*, n.status IS NOT NULL AND (p.status_version, p.status_at) < (n.version, n.at) AS newer
        FROM unnest(CAST(:opinions AS uuid[]), CAST(:cases AS uuid[]), CAST(:replied AS int[]), CAST(:statuses AS text[]),
                    CAST(:rounds AS int[]), CAST(:versions AS int[]), CAST(:moments AS timestamptz[]))
             AS n (id, case_id, replied_round, status, round, version, at)
        JOIN opinion p ON p.id = n.id ORDER BY n.id FOR UPDATE OF p
    ) r WHERE o.id = r.id RETURNING o.id
    """
)
_ADD_TIMELINE_ENTRIES = text(
    """
    INSERT INTO timeline_entry (id, opinion_id, at, kind, round, case_version, department, text, result_class, reason, due_on)
    SELECT * FROM unnest(CAST(:id AS uuid[]), CAST(:opinion_id AS uuid[]), CAST(:at AS timestamptz[]), CAST(:kind AS text[]),
        CAST(:round AS int[]), CAST(:case_version AS int[]), CAST(:department AS text[]), CAST(:text AS text[]),
        CAST(:result_class AS text[]), CAST(:reason AS text[]), CAST(:due_on AS date[])) ON CONFLICT DO NOTHING
    """
)


@dataclass(frozen=True, slots=True)
class Sender:
    """How the sender may be reached, as far as they said so."""

    name: str | None
    phone: str | None


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an opinion came in. `code_id` is the scanned code, or what stands for it: the record that staff entered it under."""

    channel: CodeKind
    code_id: uuid.UUID
    target_id: uuid.UUID
    region: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the sender takes away. The lookup code is nowhere else: lost is lost."""

    opinion_id: uuid.UUID
    number: str
    lookup_code: str
    status: str


async def submit(
    tx: Tx, code: Code, title: str, body: str, *, chosen: str | None = None, sender: Sender | None = None, attachments: Sequence[str] = ()
) -> Receipt:
    """Takes an opinion in under a scanned code, with the files that these tokens name.

    Raises CodeRevoked, for a campaign's code what `campaign_to_answer` raises, for attachments what `bind` raises.
    """
    if code.kind == "campaign":
        campaign = await campaign_to_answer(tx, code.target_id, chosen)
        region = code.region or campaign.region
    else:
        region = code.region or await _region_of(tx, code)
    receipt = await take_in(tx, Origin(code.kind, code.code_id, code.target_id, region), title, body, chosen=chosen, sender=sender)
    if attachments:
        await bind(tx, receipt.opinion_id, receipt.number, attachments)
    return receipt


async def take_in(tx: Tx, origin: Origin, title: str, body: str, *, chosen: str | None = None, sender: Sender | None = None) -> Receipt:
    """Takes an opinion in, classifies it and tells both: what every door to intake ends in, staff's entries on behalf included."""
    at, opinion_id, lookup_code = now(), new_id(), numbers.new_lookup_code()
    found = classify(tx.settings, tx.policy, chosen, title, body)
    salt, kept = numbers.hash_lookup_code(lookup_code)
    number = await _insert_numbered(
        tx,
        at,
        id=opinion_id,
        lookup_salt=salt,
        lookup_hash=kept,
        channel=origin.channel,
        code_id=origin.code_id,
        target_id=origin.target_id,
        region=origin.region,
        title=title,
        text=body,
        category=found.category,
        confidence=found.confidence,
        category_source=found.source,
        classifier=found.classifier,
        profile_version=tx.policy.profile_version,
        submitted_at=at,
        status=rules.FIRST_STATUS,
        round=1,
        replied_round=0,
        status_version=0,
        status_at=at,
    )
    if sender is not None:
        await _keep_contact(tx, opinion_id, sender, at)
        if sender.phone is not None:
            emit(tx, ContactLeft(matter_id=opinion_id, matter_kind="opinion"))
    _tell(tx, opinion_id, number, origin, title, body, found)
    return Receipt(opinion_id, number, lookup_code, rules.FIRST_STATUS)


def _tell(tx: Tx, opinion_id: uuid.UUID, number: str, origin: Origin, title: str, body: str, found: rules.Classified) -> None:
    facts: dict[str, Any] = {
        "opinion_id": opinion_id,
        "number": number,
        "region": origin.region,
        "target_id": origin.target_id,
        "channel": origin.channel,
    }
    emit(tx, OpinionSubmitted(code_id=origin.code_id, **facts))
    emit(
        tx,
        OpinionClassified(
            title=mask(title),
            text=mask(body),
            category=found.category,
            confidence=found.confidence,
            source=found.source,
            **facts,
        ),
    )


async def _region_of(tx: Tx, code: Code) -> str:
    """The region of a code that names none, because its target lies in a zone."""
    region = await tx.scalar(select(col(Station.region)).where(col(Station.station_id) == code.target_id))
    return region or tx.site


async def _insert_numbered(tx: Tx, at: datetime, **values: Any) -> str:
    for _ in range(_NUMBERS_TRIED):
        number = numbers.new_number(tx.site, at)
        row = {**values, "number": number}
        if await tx.run(_INSERT_OPINION, *(row[name] for name in _OPINION_FIELDS)):
            return number
        if await tx.scalar(_CODE_IS_REVOKED, {"code_id": values["code_id"]}):
            raise CodeRevoked(where="code")
    raise RuntimeError("no free tracking number was found: the random source repeats itself")


async def _keep_contact(tx: Tx, opinion_id: uuid.UUID, sender: Sender, at: datetime) -> None:
    master = read_master_key(tx.settings.master_key.get_secret_value())
    wrapped, boxes = seal_fields(opinion_id, master, {"name": sender.name, "phone": sender.phone})
    row = {"opinion_id": opinion_id, "key_wrapped": wrapped, "name_box": boxes["name"], "phone_box": boxes["phone"], "given_at": at}
    await tx.execute(_INSERT_CONTACT, row)


async def rate(tx: Tx, opinion: Opinion, rated_rounds: set[int], level: RatingLevel, comment: str | None) -> Rating:
    """Keeps the sender's rating of the current round's reply and tells it. Raises NothingToRate, AlreadyRated."""
    rules.check_ratable(opinion.status, opinion.round, opinion.replied_round, rated_rounds)
    rating = Rating(opinion_id=opinion.id, round=opinion.round, level=level, comment=comment, rated_at=now())
    if await tx.scalar(_INSERT_RATING, rating.model_dump()) is None:
        raise AlreadyRated
    masked = None if comment is None else mask(comment)
    emit(tx, OpinionRated(opinion_id=opinion.id, number=opinion.number, round=opinion.round, level=level, comment=masked))
    return rating


async def follow_cases(tx: Tx, events: Sequence[CaseEvent]) -> None:
    """Adds case events to their opinions' timelines, and moves each status unless a newer event has.

    Cases of suggestions pass by. Raises Early.
    """
    # A matter that was split is followed by its first case, which tells what all answered.
    told = [(event, rules.told(event)) for event in events if event.matter == "opinion" and event.part_of is None]
    if not told:
        return
    followed: dict[uuid.UUID, _Followed] = {}
    for event, seen in sorted(told, key=lambda pair: (pair[0].case_version, pair[0].occurred_at)):
        known = followed.setdefault(event.opinion_id, _Followed(event.case_id))
        if seen.status == "replied":
            known.replied_round = max(known.replied_round, event.round)
        if seen.status is not None:
            known.status, known.round, known.version, known.at = seen.status, event.round, event.case_version, event.occurred_at
    rows = followed.values()
    found = await tx.execute(
        _FOLLOW,
        {
            "opinions": list(followed),
            "cases": [row.case_id for row in rows],
            "replied": [row.replied_round for row in rows],
            "statuses": [row.status for row in rows],
            "rounds": [row.round for row in rows],
            "versions": [row.version for row in rows],
            "moments": [row.at for row in rows],
        },
    )
    if missing := followed.keys() - set(found.scalars()):
        raise Early("opinion", min(missing))
    if entries := [_entry(event, seen) for event, seen in told if seen.kind is not None]:
        await tx.execute(_ADD_TIMELINE_ENTRIES, {name: [entry[name] for entry in entries] for name in entries[0]})


@dataclass(slots=True)
class _Followed:
    """What a batch of events makes of an opinion: its newest status, and its last round with a reply."""

    case_id: uuid.UUID
    replied_round: int = 0
    status: str | None = None
    round: int = 0
    version: int = 0
    at: datetime | None = None


def _entry(event: CaseEvent, told: rules.Told) -> dict[str, Any]:
    return {
        "id": event.id,
        "opinion_id": event.opinion_id,
        "at": event.occurred_at,
        "kind": told.kind,
        "round": told.round,
        "case_version": event.case_version,
        "department": told.department,
        "text": told.text,
        "result_class": told.result_class,
        "reason": told.reason,
        "due_on": told.due_on,
    }
