"""Doors to signed codes."""

from __future__ import annotations

import io
from datetime import date, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

import segno
from fastapi import Query, Response
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlmodel import col

from services.directory.codes import actions
from services.directory.codes.queries import CodePage, page_behind, public_url
from services.directory.lists import equal, inside, page
from services.directory.models import Code, Scan
from services.directory.scope import check_inside
from shared.db import Tx
from shared.errors import NotFound
from shared.events.directory import CodeKind
from shared.http import IfMatch, InTx, Lang, Page, Paging, RequestModel, service_router
from shared.identity import Caller, public, requires

router = service_router(tags=["codes"])

Issuer = Annotated[Caller, requires("code.issue")]
Reader = Annotated[Caller, requires("code.issue", "code.revoke", "station.read", "audit.read")]
Revoker = Annotated[Caller, requires("code.revoke")]


class CodeIn(RequestModel):
    """For what a code is wanted. Stations and deputies have a region; projects and campaigns are given one, and a label."""

    kind: CodeKind
    target_id: UUID
    region: str | None = Field(default=None, max_length=20)
    label: str | None = Field(default=None, min_length=1, max_length=60)


class CodeOut(BaseModel):
    """An issued code; `code` is the signed text, `public_url` what its picture says."""

    id: UUID
    kind: CodeKind
    target_id: UUID
    region: str
    label: str | None
    status: Literal["issued", "rotated", "revoked"]
    issued_at: datetime
    ended_at: datetime | None
    code: str
    public_url: str
    version: int

    @classmethod
    def of(cls, tx: Tx, row: Code) -> Self:
        return cls.model_validate(
            {**row.model_dump(exclude={"text"}), "code": row.text, "public_url": public_url(tx, row), "version": row.version_no}
        )


class ScansOut(BaseModel):
    """How often a code was scanned, by day of the place's calendar."""

    total: int
    days: dict[date, int]


@router.get("/codes")
async def codes(
    tx: InTx,
    paging: Paging,
    caller: Reader,
    *,
    target_id: UUID | None = None,
    status: Literal["issued", "rotated", "revoked"] | None = None,
    region: Annotated[str | None, Query(max_length=20)] = None,
) -> Page[CodeOut]:
    """Codes in the caller's region in the order in which they were issued."""
    conditions = (
        inside(col(Code.region), caller.region),
        inside(col(Code.region), region),
        equal(col(Code.target_id), target_id),
        equal(col(Code.status), status),
    )
    rows, cursor = await page(tx, Code, {"id": UUID}, paging, *conditions)
    return Page(items=[CodeOut.of(tx, row) for row in rows], next_cursor=cursor)


@router.get("/codes/{code}")
async def look_up(code: str, tx: InTx, language: Lang, caller: Annotated[Caller | None, public()]) -> CodePage:
    """What the page behind a scanned code shows; counts the scan."""
    row = await actions.look_up(tx, code)
    found = await page_behind(tx, row, language)
    await actions.count_scan(tx, row.id)
    return found


@router.post("/codes", status_code=201)
async def issue(body: CodeIn, tx: InTx, caller: Issuer) -> CodeOut:
    """Issues a code: it works at once."""
    return CodeOut.of(tx, await actions.issue(tx, body.kind, body.target_id, region=body.region, label=body.label, caller=caller))


@router.post("/codes/{code_id}/rotate", status_code=201)
async def rotate(code_id: UUID, tx: InTx, version: IfMatch, caller: Issuer) -> CodeOut:
    """Issues a code in the place of another, which ends."""
    return CodeOut.of(tx, await actions.rotate(tx, code_id, caller, version))


@router.post("/codes/{code_id}/revoke")
async def revoke(code_id: UUID, tx: InTx, version: IfMatch, caller: Revoker) -> CodeOut:
    """Ends a code."""
    return CodeOut.of(tx, await actions.revoke(tx, code_id, caller, version))


@router.get("/codes/{code_id}/scans")
async def scans(code_id: UUID, tx: InTx, caller: Reader) -> ScansOut:
    """How often a code was scanned."""
    await _readable(tx, code_id, caller)
    rows = (await tx.scalars(select(Scan).where(col(Scan.code_id) == code_id).order_by(col(Scan.day)))).all()
    return ScansOut(total=sum(row.scans for row in rows), days={row.day: row.scans for row in rows})


@router.get("/codes/{code_id}/image.svg", response_class=Response, responses={200: {"content": {"image/svg+xml": {}}}})
async def image(code_id: UUID, tx: InTx, caller: Reader) -> Response:
    """The QR code to print, of medium error correction (15 %)."""
    row = await _readable(tx, code_id, caller)
    picture = io.BytesIO()
    segno.make(public_url(tx, row), error="m", micro=False).save(picture, kind="svg", scale=4, border=4)
    return Response(picture.getvalue(), media_type="image/svg+xml", headers={"Cache-Control": "private, no-store"})


async def _readable(tx: Tx, code_id: UUID, caller: Caller) -> Code:
    row = await tx.get(Code, code_id)
    if row is None:
        raise NotFound(where="code_id")
    check_inside(row.region, caller)
    return row
