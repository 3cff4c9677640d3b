"""Verbs on signed codes: issue, rotate, revoke, look up."""

from __future__ import annotations

import asyncio
from typing import cast
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from services.directory.codes.ending import end
from services.directory.errors import CodeAlreadyEnded, CodeRevoked, LabelNeeded, TargetNotActive, TargetUnknown
from services.directory.keys.actions import public_keys, signing_key
from services.directory.models import Code, Mandate, Scan, Station
from services.directory.scope import check_inside, region_of
from shared import codes
from shared.clock import now
from shared.codes import CodeNotGenuine
from shared.db import Tx
from shared.errors import NotFound
from shared.events.base import new_id
from shared.events.directory import CodeIssued, CodeKind
from shared.http import check_version
from shared.identity import Caller
from shared.outbox import emit
from shared.workdays import CHINA


async def issue(tx: Tx, kind: CodeKind, target_id: UUID, *, region: str | None, label: str | None, caller: Caller) -> Code:
    """Issues a code. Station and deputy codes take region from their target; others need a region and a label.

    Raises TargetUnknown, TargetNotActive, LabelNeeded, RegionUnknown or OutsideYourRegion.
    """
    if kind in ("station", "deputy"):
        region, label = await _region_of_target(tx, kind, target_id), None
    elif not label:
        raise LabelNeeded(where="label")
    found = await region_of(tx, region or tx.site, caller)
    _, private = await signing_key(tx, "code")
    code = codes.Code(kind, new_id(), target_id, found.code)
    row = Code(
        id=code.code_id,
        kind=kind,
        target_id=target_id,
        region=found.code,
        label=label,
        text=codes.sign(code, private),
        status="issued",
        issued_at=now(),
        version_no=1,
    )
    tx.add(row)
    emit(tx, CodeIssued(code_id=row.id, kind=kind, target_id=target_id, region=row.region))
    return row


async def rotate(tx: Tx, code_id: UUID, caller: Caller, version: int) -> Code:
    """Issues a code in the place of another, which ends now. Raises NotFound, StaleVersion, CodeAlreadyEnded or what issuing raises."""
    row = await _valid(tx, code_id, caller, version)
    new = await issue(tx, cast(CodeKind, row.kind), row.target_id, region=row.region, label=row.label, caller=caller)
    end(tx, row, "rotated")
    return new


async def revoke(tx: Tx, code_id: UUID, caller: Caller, version: int) -> Code:
    """Ends a code. Raises NotFound, StaleVersion, CodeAlreadyEnded or OutsideYourRegion."""
    row = await _valid(tx, code_id, caller, version)
    end(tx, row, "revoked")
    return row


async def look_up(tx: Tx, text: str) -> Code:
    """The code in a scanned text, if it is genuine and valid. Raises CodeNotGenuine or CodeRevoked."""
    code = await asyncio.to_thread(codes.read, text, await public_keys(tx, "code"))
    row = await tx.get(Code, code.code_id)
    if row is None:
        raise CodeNotGenuine(where="code")
    if row.status != "issued":
        raise CodeRevoked(where="code")
    return row


async def count_scan(tx: Tx, code_id: UUID) -> None:
    """Counts a scan of today. The last statement of its transaction, so that the row is locked only for the commit."""
    counted = insert(Scan).values(code_id=code_id, day=now().astimezone(CHINA).date(), scans=1)
    await tx.execute(counted.on_conflict_do_update(index_elements=["code_id", "day"], set_={"scans": Scan.scans + 1}))


async def _valid(tx: Tx, code_id: UUID, caller: Caller, version: int) -> Code:
    row: Code | None = await tx.scalar(select(Code).where(col(Code.id) == code_id).with_for_update())
    if row is None:
        raise NotFound(where="code_id")
    check_inside(row.region, caller)
    if row.status != "issued":
        raise CodeAlreadyEnded(where="status", current=row.status)
    check_version(row.version_no, version)
    return row


async def _region_of_target(tx: Tx, kind: CodeKind, target_id: UUID) -> str:
    """The row stays locked: nobody closes the station or ends the mandate while a code for it is made."""
    row: Station | Mandate | None = await tx.get(Station if kind == "station" else Mandate, target_id, with_for_update=True)
    if row is None:
        raise TargetUnknown(where="target_id")
    if row.status in ("closed", "ended"):
        raise TargetNotActive(where="target_id")
    return row.region
