"""The doors of attachments: uploads by pieces, for anyone with the token; and what a matter has, for whoever may see it."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import Body, Depends, Header, Path, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from services.intake import queries as opinions
from services.intake.attachments import actions, queries, rules
from services.intake.attachments.errors import FilesAway
from services.intake.attachments.kinds import EXTENSIONS
from services.intake.attachments.models import Attachment, Upload
from services.intake.attachments.store import ObjectStore
from shared.http import InTx, RequestModel, service_router
from shared.identity import Caller, public, requires

router = service_router(tags=["attachments"])

Anyone = Annotated[Caller | None, public()]
Staff = Annotated[Caller, requires("opinion.read", "opinion.read.own", "case.read.own")]
Token = Annotated[str, Header(alias="X-Upload-Token", max_length=64, description="the token that came with the upload")]
LookupCode = Annotated[str, Header(alias="X-Lookup-Code", max_length=64, description="the code that came with the number")]
Number = Annotated[str, Path(max_length=64)]


async def _store(request: Request) -> ObjectStore:
    store: ObjectStore = request.app.state.store
    return store


Store = Annotated[ObjectStore, Depends(_store)]


class UploadIn(RequestModel):
    """A file that shall come: its size in bytes and its SHA-256 in hexadecimal. Its name is not asked."""

    size: int = Field(ge=0)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class AttachmentOut(BaseModel):
    """A file that has arrived, after cleaning."""

    id: uuid.UUID
    media_type: str
    size: int
    sha256: str


class UploadOut(BaseModel):
    """How far a file has come. `attachment` is null until it has arrived; pieces have `piece_limit` bytes at most."""

    id: uuid.UUID
    size: int
    offset: int
    piece_limit: int = rules.PIECE
    expires_at: datetime
    attachment: AttachmentOut | None = None


class BegunOut(UploadOut):
    """A begun upload. The token is shown this once."""

    token: str


@router.post("/uploads", status_code=201)
async def begin(form: UploadIn, tx: InTx, caller: Anyone) -> BegunOut:
    """Begins an upload; the token binds it to the opinion that is sent later."""
    upload, token = await actions.begin(tx, form.size, bytes.fromhex(form.sha256))
    return BegunOut(**_upload_out(tx, upload).model_dump(), token=token)


@router.put("/uploads/{upload_id}")
async def append(
    *,
    upload_id: uuid.UUID,
    piece: Annotated[bytes, Body(media_type="application/octet-stream")],
    offset: Annotated[int, Header(alias="Upload-Offset", ge=0, description="where in the file the piece begins")],
    tx: InTx,
    caller: Anyone,
    token: Token = "",
) -> UploadOut:
    """Adds the next piece; after a broken connection GET tells where to go on."""
    return _upload_out(tx, await actions.append(tx, upload_id, token, offset, piece))


@router.get("/uploads/{upload_id}")
async def look(upload_id: uuid.UUID, tx: InTx, caller: Anyone, token: Token = "") -> UploadOut:
    """How far a file has come."""
    if (there := await queries.arrived(tx, upload_id, token)) is not None:
        return _arrived_out(tx, there)
    return _upload_out(tx, await queries.upload(tx, upload_id, token))


@router.post("/uploads/{upload_id}/completion", status_code=201)
async def complete(upload_id: uuid.UUID, tx: InTx, store: Store, caller: Anyone, token: Token = "") -> UploadOut:
    """Ends an upload: the file is checked, cleaned and stored. Asked again, it answers the same."""
    return _arrived_out(tx, await actions.complete(tx, store, upload_id, token))


@router.delete("/uploads/{upload_id}", status_code=204)
async def give_up(upload_id: uuid.UUID, tx: InTx, caller: Anyone, token: Token = "") -> None:
    """Takes a file back before it went with an opinion."""
    await actions.give_up(tx, upload_id, token)


@router.get("/opinions/{number}/attachments")
async def own_attachments(number: Number, tx: InTx, caller: Anyone, lookup_code: LookupCode = "") -> list[AttachmentOut]:
    """The attachments of an opinion, for whoever has its lookup code."""
    opinion = await opinions.opinion_of(tx, number, lookup_code)
    return [_out(one) for one in await queries.of_opinion(tx, opinion.id)]


@router.get("/opinions/{number}/attachments/{attachment_id}")
async def own_attachment(
    number: Number, attachment_id: uuid.UUID, tx: InTx, store: Store, caller: Anyone, lookup_code: LookupCode = ""
) -> StreamingResponse:
    """One attachment of an opinion, for whoever has its lookup code."""
    opinion = await opinions.opinion_of(tx, number, lookup_code)
    return await _served(store, await queries.one_of_opinion(tx, opinion.id, attachment_id))


@router.get("/staff/opinions/{opinion_id}/attachments")
async def attachments(opinion_id: uuid.UUID, tx: InTx, caller: Staff) -> list[AttachmentOut]:
    """The attachments of an opinion, for the desk in whose region it lies, its deputy, and the department it is assigned to."""
    opinion = await queries.opinion_for(tx, caller, opinion_id)
    return [_out(one) for one in await queries.of_opinion(tx, opinion.id)]


@router.get("/staff/opinions/{opinion_id}/attachments/{attachment_id}")
async def attachment(opinion_id: uuid.UUID, attachment_id: uuid.UUID, tx: InTx, store: Store, caller: Staff) -> StreamingResponse:
    """One attachment of an opinion, for those who handle it."""
    opinion = await queries.opinion_for(tx, caller, opinion_id)
    return await _served(store, await queries.one_of_opinion(tx, opinion.id, attachment_id))


async def _served(store: ObjectStore, one: Attachment) -> StreamingResponse:
    """The content as a download that no page can run: of the type that was found, in a sandbox, kept by nobody on the way."""
    headers = {
        "Content-Length": str(one.size),
        "Content-Disposition": f'attachment; filename="{one.id}.{EXTENSIONS[one.media_type]}"',
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": "private, no-store",
    }
    pieces = store.get(one.digest)
    first = await anext(pieces, None)
    if first is None:
        raise FilesAway()

    async def content() -> AsyncIterator[bytes]:
        yield first
        async for piece in pieces:
            yield piece

    return StreamingResponse(content(), media_type=one.media_type, headers=headers)


def _out(one: Attachment) -> AttachmentOut:
    return AttachmentOut(id=one.id, media_type=one.media_type, size=one.size, sha256=one.digest)


def _upload_out(tx: InTx, upload: Upload) -> UploadOut:
    expires = upload.begun_at + timedelta(hours=actions.policy_of(tx).waits_hours)
    return UploadOut(id=upload.id, size=upload.size, offset=upload.received, expires_at=expires)


def _arrived_out(tx: InTx, one: Attachment) -> UploadOut:
    expires = one.arrived_at + timedelta(hours=actions.policy_of(tx).waits_hours)
    return UploadOut(id=one.id, size=one.size, offset=one.size, expires_at=expires, attachment=_out(one))
