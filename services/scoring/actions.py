"""The only writer of the ledger. Facts are stored as they come; who was told of which points is kept in step.

The points that `PointsPosted` tells of a deputy add up to the deputy's ledger in whatever order events are heard: when
a late version of a station or mandate moves a line, the points are taken back from the one and posted to the other.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import fields

from sqlalchemy import ColumnElement, Table, and_, func, select, text
from sqlalchemy.dialects.postgresql import insert

from services.scoring import rules
from services.scoring.queries import LINE, MANDATE, STATION, Owned, earned_by, owners
from services.scoring.settings import ScoringPolicy
from shared.db import Tx
from shared.events.base import Event
from shared.events.directory import MandateChanged, StationChanged
from shared.events.scoring import PointsPosted
from shared.live import live
from shared.outbox import emit
from shared.tables import bulk_insert

# Postings share this lock, versions of master data have it alone: else a line and the version that decides whose it is,
# committed side by side, would not see one another and nobody would be told. Both in one batch of two replicas may
# deadlock; PostgreSQL ends one of them and the kit tries its events again one by one.
_LEDGER_LOCK = 0x1ED6E2
_LINE_FIELDS = [field.name for field in fields(rules.Line)]
_INSERT_LINES = bulk_insert(LINE, ["site", *_LINE_FIELDS], returning=["id"])


async def post(tx: Tx, events: Sequence[rules.Earning]) -> None:
    """Posts the lines that events earn, and tells those whose mandate is known and active."""
    policy: ScoringPolicy = tx.policy
    earned = {line.id: (line, event) for event in events for line in rules.lines_of(event, policy)}
    if not earned:
        return
    await tx.run("SELECT pg_advisory_xact_lock_shared($1)", _LEDGER_LOCK)
    lines = [line for line, _ in earned.values()]
    entered = await tx.run(_INSERT_LINES, [tx.site] * len(lines), *([getattr(line, name) for line in lines] for name in _LINE_FIELDS))
    posted = {row["id"] for row in entered}
    for line_id, owned in (await owners(tx, LINE.c.id.in_(posted))).items():
        _tell(tx, owned, 1, earned[line_id][1])


async def note_mandate(tx: Tx, event: MandateChanged) -> None:
    """Keeps a version of a mandate. Lines of its deputy may begin or cease to count by it."""
    kept = event.model_dump(include={"deputy_id", "version_no", "name", "level", "region", "group", "status", "starts_on", "ends_on"})
    same = MANDATE.c.deputy_id == event.deputy_id
    await _note(tx, event, versions=MANDATE, same=same, lines=earned_by(event.deputy_id), kept=kept)


async def note_station(tx: Tx, event: StationChanged) -> None:
    """Keeps a version of a station. Its lines may go over to another lead deputy by it."""
    lines = and_(LINE.c.earner_kind == "station", LINE.c.earner_id == event.station_id)
    kept = event.model_dump(include={"station_id", "version_no", "lead_deputy_id"})
    same = STATION.c.station_id == event.station_id
    await _note(tx, event, versions=STATION, same=same, lines=lines, kept=kept)


async def _note(
    tx: Tx,
    event: StationChanged | MandateChanged,
    *,
    versions: Table,
    same: ColumnElement[bool],
    lines: ColumnElement[bool],
    kept: dict[str, object],
) -> None:
    await tx.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LEDGER_LOCK})
    # Versions come with or after the moment since which they hold, but for one heard before its predecessors.
    earlier = await tx.scalar(select(func.count()).select_from(versions).where(same, versions.c.version_no < event.version_no))
    touched = and_(lines, LINE.c.occurred_at >= event.occurred_at) if earlier else lines
    before = await owners(tx, touched)
    entering = insert(versions).values(**kept, since=event.occurred_at)
    await tx.execute(
        entering.on_conflict_do_update(
            index_elements=list(versions.primary_key.columns),
            set_={"since": func.least(versions.c.since, entering.excluded.since)},
        )
    )
    _tell_moves(tx, before, await owners(tx, touched), event)


def _tell_moves(tx: Tx, before: dict[uuid.UUID, Owned], after: dict[uuid.UUID, Owned], cause: Event) -> None:
    for line_id in sorted(before.keys() | after.keys()):
        was, now_is = before.get(line_id), after.get(line_id)
        if was and now_is and was.deputy_id == now_is.deputy_id:
            continue
        if was:
            _tell(tx, was, -1, cause)
        if now_is:
            _tell(tx, now_is, 1, cause)


def _tell(tx: Tx, owned: Owned, sign: int, cause: Event) -> None:
    posted = PointsPosted(
        line_id=owned.id,
        deputy_id=owned.deputy_id,
        item=owned.item,
        points=sign * owned.points,
        evidence=owned.evidence,
        rule_version=owned.rule_version,
    )
    emit(tx, posted, cause=cause)
    live(tx, "ledger", str(owned.deputy_id))
