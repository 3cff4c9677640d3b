"""Uploads over a real socket and a real server: a file that is not what it said, and a line that is cut."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator

import httpx
import pytest_asyncio

from tests.gateway.serving import served
from tests.intake.attachments import files
from tests.intake.attachments.conftest import NOTHING, Resident
from tests.intake.people import refused
from tests.kit import eventually

MEGABYTE = 1024 * 1024
CHUNK = 64 * 1024
DECLARED = 1024


@pytest_asyncio.fixture
async def port(resident: Resident) -> AsyncIterator[int]:
    """The service on a socket."""
    async with served(resident.service.app) as port:
        yield port


def head(resident: Resident, offset: int, *more: str) -> bytes:
    lines = [
        f"PUT /uploads/{resident.id} HTTP/1.1",
        "Host: service",
        "Content-Type: application/octet-stream",
        f"X-Upload-Token: {resident.token['X-Upload-Token']}",
        f"Upload-Offset: {offset}",
        *more,
    ]
    return "\r\n".join([*lines, "", ""]).encode()


async def test_50_megabytes_in_pieces_that_said_they_were_a_kilobyte_are_refused_at_the_first_one_too_many(
    resident: Resident, port: int
) -> None:
    pdf = b"%PDF-1.7\n" + bytes(50 * MEGABYTE)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
        wanted = {"size": DECLARED, "sha256": hashlib.sha256(pdf).hexdigest()}
        begun = (await client.post("/uploads", json=wanted)).json()
        headers = {"X-Upload-Token": begun["token"], "Content-Type": "application/octet-stream"}
        answers: list[httpx.Response] = []
        for at in range(0, len(pdf), 512):
            piece = {**headers, "Upload-Offset": str(at)}
            answers.append(await client.put(f"/uploads/{begun['id']}", content=pdf[at : at + 512], headers=piece))
            if answers[-1].status_code >= 400:
                break
        assert [answer.status_code for answer in answers] == [200, 200, 413]
        assert refused(answers[-1], 413, "LargerThanDeclared")
        assert (await client.get(f"/uploads/{begun['id']}", headers=headers)).status_code == 404
    assert await resident.left() == NOTHING


async def test_50_megabytes_in_one_stream_without_a_length_are_cut_off_before_they_came_and_nothing_of_them_stays(
    resident: Resident, port: int
) -> None:
    await resident.begin(bytes(DECLARED))
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(head(resident, 0, "Transfer-Encoding: chunked"))
    sent = 0
    answer = asyncio.create_task(reader.readline())
    try:
        while sent < 50 * MEGABYTE and not answer.done():
            writer.write(b"%x\r\n" % CHUNK + bytes(CHUNK) + b"\r\n")
            await writer.drain()
            sent += CHUNK
    except ConnectionError:
        pass  # the server hung up on what it refused: what it had answered is read below
    assert b" 413 " in await answer, "refused while it was still coming"
    assert sent < 50 * MEGABYTE
    writer.close()
    left = await resident.left()
    assert (left["upload_piece"], left["attachment"], left["contents"]) == (0, 0, set())
    assert (await resident.look()).json()["offset"] == 0


async def test_a_line_cut_in_the_middle_of_a_piece_leaves_what_came_before_and_the_upload_goes_on(resident: Resident, port: int) -> None:
    photo = files.picture(size=(900, 700))
    await resident.begin(photo)
    half = len(photo) // 2
    await resident.piece(0, photo[:half])
    before = await resident.left()
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(head(resident, half, f"Content-Length: {len(photo) - half}") + photo[half:-100])
    await writer.drain()
    writer.transport.abort()

    async def as_before() -> bool:
        return await resident.left() == before

    await eventually(as_before, what="the cut piece left nothing")
    assert (await resident.look()).json()["offset"] == half
    await resident.piece(half, photo[half:])
    assert (await resident.complete()).status_code == 201
