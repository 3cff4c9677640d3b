"""Uploads: by pieces and resumed, and each file that cannot be taken refused with the fact and with nothing left behind."""

from __future__ import annotations

import asyncio
import hashlib
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import text

from services.intake.attachments import actions, rules
from services.intake.attachments.store import digest_of
from shared.clock import now
from tests.intake.attachments import files
from tests.intake.attachments.conftest import NOTHING, Resident
from tests.intake.people import refused

MEGABYTE = 1024 * 1024


async def test_a_file_comes_by_pieces_is_cleaned_and_stored_under_its_digest(resident: Resident) -> None:
    photo = files.picture(size=(900, 700))
    begun = (await resident.begin(photo)).json()
    assert begun["offset"] == 0 and begun["piece_limit"] == 512 * 1024
    half = len(photo) // 2
    assert (await resident.piece(0, photo[:half])).json()["offset"] == half
    assert (await resident.piece(half, photo[half:])).json()["offset"] == len(photo)
    answer = await resident.complete()
    assert answer.status_code == 201
    file = answer.json()["attachment"]
    assert file["media_type"] == "image/jpeg" and await resident.left() == {**NOTHING, "attachment": 1, "contents": {file["sha256"]}}
    kept = b"".join([piece async for piece in resident.store.get(file["sha256"])])
    assert digest_of(kept) == file["sha256"] and len(kept) == file["size"] and b"Exif" not in kept


async def test_completing_again_answers_the_same_and_looking_tells_that_it_arrived(resident: Resident) -> None:
    await resident.send(files.amr())
    first, again = (await resident.look()).json(), await resident.complete()
    assert again.status_code == 201 and again.json() == first and first["attachment"]["media_type"] == "audio/amr"


async def test_a_cut_connection_leaves_what_came_before_and_the_upload_goes_on_from_there(resident: Resident) -> None:
    photo = files.picture(size=(900, 700))
    await resident.begin(photo)
    half = len(photo) // 2
    await resident.piece(0, photo[:half])
    before = await resident.left()
    status = await cut_off(resident, photo[half:-100], half, len(photo) - half)
    assert status == 422 and await resident.left() == before
    assert (await resident.look()).json()["offset"] == half
    refusal = await resident.piece(half + 10, photo[half:])
    assert refused(refusal, 409, "OffsetNotCurrent") and refusal.json()["offset"] == half
    await resident.piece(half, photo[half:])
    assert (await resident.complete()).status_code == 201


async def cut_off(resident: Resident, part: bytes, offset: int, length: int) -> int:
    """Sends part of a piece and goes away, as the server sees it."""
    messages: list[dict[str, Any]] = [{"type": "http.request", "body": part, "more_body": True}, {"type": "http.disconnect"}]
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return messages.pop(0) if messages else {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    headers = {**resident.token, "Upload-Offset": str(offset), "Content-Type": "application/octet-stream", "Content-Length": str(length)}
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "PUT",
        "scheme": "http",
        "path": f"/uploads/{resident.id}",
        "raw_path": f"/uploads/{resident.id}".encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        "client": ("192.0.2.1", 1),
        "server": ("service", 80),
    }
    await resident.service.app(scope, receive, send)
    return int(next((m["status"] for m in sent if m["type"] == "http.response.start"), 422))


async def test_an_upload_never_finished_is_swept_after_the_profile_s_hours_and_nothing_stays(resident: Resident) -> None:
    photo = files.picture()
    await resident.begin(photo)
    await resident.piece(0, photo[:100])
    await resident.send(files.amr())
    with time_machine.travel(now() + timedelta(hours=25)):
        async with resident.service.tx() as tx:
            assert await actions.take_away_old(tx) == 2
    assert await resident.sweep() == 1
    assert await resident.left() == NOTHING


async def test_an_empty_file_is_refused_at_its_beginning(resident: Resident) -> None:
    assert refused(await resident.begin(b""), 422, "FileEmpty")
    assert await resident.left() == NOTHING


async def test_50_megabytes_are_refused_at_the_beginning(resident: Resident) -> None:
    answer = await resident.begin(b"", size=50 * MEGABYTE)
    assert refused(answer, 413, "FileTooLarge") and answer.json()["limit"] == 20 * MEGABYTE
    assert await resident.left() == NOTHING


async def test_50_megabytes_that_say_they_are_fewer_are_refused_at_the_first_byte_above(resident: Resident) -> None:
    much = b"%PDF-1.7\n" + bytes(300_000)
    await resident.begin(much, size=300_008)
    assert refused(await resident.piece(0, much), 413, "LargerThanDeclared")
    assert await resident.left() == NOTHING


async def test_a_file_within_the_largest_and_above_its_kind_s_limit_ends_with_its_first_piece(resident: Resident) -> None:
    await resident.begin(b"", size=11 * MEGABYTE)
    answer = await resident.piece(0, files.picture())
    assert refused(answer, 413, "FileTooLargeForItsKind") and answer.json()["limit"] == 10 * MEGABYTE
    assert await resident.left() == NOTHING


@pytest.mark.parametrize(
    "data",
    [
        b"MZ\x90\x00" + bytes(500),
        b"<html><script>alert(1)</script></html>",
        files.archive("photo.jpg"),
        files.archive("[Content_Types].xml", "word/document.xml"),
        b"\0\0\0\x18ftypheic" + bytes(500),
        b"GIF89a" + bytes(500),
    ],
    ids=["program", "page", "zip bomb", "docx", "heic", "gif"],
)
async def test_a_wrong_type_is_refused_with_its_first_piece_whatever_it_is_called(resident: Resident, data: bytes) -> None:
    await resident.begin(data)
    name = {"Content-Disposition": 'attachment; filename="photo.jpg"', "Content-Type": "image/jpeg"}
    assert refused(await resident.piece(0, data[: rules.PIECE], **name), 415, "KindNotAccepted")
    assert await resident.left() == NOTHING


async def test_a_type_hidden_by_a_tiny_first_piece_is_refused_at_the_end(resident: Resident) -> None:
    data = b"MZ" + bytes(500)
    await resident.begin(data)
    assert (await resident.piece(0, data[:1])).status_code == 200
    await resident.piece(1, data[1:])
    assert refused(await resident.complete(), 415, "KindNotAccepted")
    assert await resident.left() == NOTHING


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (files.png_of(30_000, 30_000), 422, "PictureTooLarge"),
        (files.bursting_png(), 422, "FileNotReadable"),
        (files.bursting_document(), 422, "FileNotReadable"),
        (files.document(encrypted=True), 422, "FileNotReadable"),
        (files.picture()[:400], 422, "FileNotReadable"),
        (files.m4a(b"vide"), 415, "KindNotAccepted"),
    ],
    ids=["dots", "text bomb", "table bomb", "encrypted", "cut picture", "film"],
)
async def test_a_file_built_to_harm_or_damaged_is_refused_when_it_is_whole(resident: Resident, data: bytes, status: int, code: str) -> None:
    assert refused(await resident.send(data), status, code)
    assert await resident.left() == NOTHING
    assert (await resident.look()).status_code == 404


async def test_the_place_in_a_photograph_s_exif_is_nowhere_in_the_store(resident: Resident) -> None:
    file = (await resident.send(files.picture())).json()["attachment"]
    kept = b"".join([piece async for piece in resident.store.get(file["sha256"])])
    assert b"Exif" not in kept and files.SECRET not in kept


async def test_content_damaged_on_its_way_is_refused_and_gone(resident: Resident) -> None:
    photo = files.picture()
    await resident.begin(photo, sha256=hashlib.sha256(b"another").hexdigest())
    await resident.piece(0, photo)
    assert refused(await resident.complete(), 422, "ContentNotAsDeclared")
    assert await resident.left() == NOTHING


async def test_an_upload_cannot_end_before_its_last_byte(resident: Resident) -> None:
    photo = files.picture()
    await resident.begin(photo)
    await resident.piece(0, photo[:50])
    answer = await resident.complete()
    assert refused(answer, 409, "UploadIncomplete") and answer.json()["offset"] == 50


async def test_a_piece_is_neither_empty_nor_too_large(resident: Resident) -> None:
    photo = files.picture()
    await resident.begin(photo)
    assert refused(await resident.piece(0, b""), 422, "InvalidRequest")
    assert refused(await resident.piece(0, photo + bytes(rules.PIECE)), 413, "PieceTooLarge")
    assert (await resident.look()).json()["offset"] == 0


async def test_nobody_goes_on_with_an_upload_without_its_token(resident: Resident) -> None:
    photo = files.picture()
    await resident.begin(photo)
    own, resident.token = resident.token, {"X-Upload-Token": "guessed"}
    for answer in (await resident.piece(0, photo), await resident.look(), await resident.complete()):
        assert refused(answer, 404, "UploadNotFound")
    async with resident.service.tx() as tx:
        assert own["X-Upload-Token"].encode() not in await tx.scalar(text("SELECT token_hash FROM upload"))


async def test_two_pieces_at_once_are_one_after_the_other_or_one_is_told_where_to_go_on(resident: Resident) -> None:
    photo = files.picture()
    await resident.begin(photo)
    answers = await asyncio.gather(*(resident.piece(0, photo) for _ in range(4)))
    assert sorted(a.status_code for a in answers) == [200, 409, 409, 409]


async def test_a_file_taken_back_is_gone_before_and_after_it_arrived(resident: Resident) -> None:
    photo = files.picture()
    await resident.begin(photo)
    await resident.piece(0, photo[:100])
    assert (await resident.service.client.delete(f"/uploads/{resident.id}", headers=resident.token)).status_code == 204
    await resident.send(photo)
    assert (await resident.service.client.delete(f"/uploads/{resident.id}", headers=resident.token)).status_code == 204
    await resident.sweep()
    assert await resident.left() == NOTHING


async def test_two_completions_at_once_give_one_file(resident: Resident) -> None:
    photo = files.picture()
    await resident.begin(photo)
    await resident.piece(0, photo)
    answers = await asyncio.gather(resident.complete(), resident.complete())
    assert [a.status_code for a in answers] == [201, 201] and answers[0].json() == answers[1].json()
    assert (await resident.left())["attachment"] == 1


async def test_all_that_waits_together_has_a_limit_and_a_mere_promise_of_bytes_fills_nothing(
    resident: Resident, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy, data = resident.service.database.policy, b"%PDF-" + bytes(595)
    small = policy.attachments.model_copy(update={"waiting": 1000})
    monkeypatch.setattr(resident.service.database, "policy", policy.model_copy(update={"attachments": small}))
    for _ in range(3):
        assert (await resident.begin(data)).status_code == 201
    first, token = resident.id, resident.token
    await resident.begin(data)
    assert (await resident.piece(0, data)).status_code == 200
    resident.id, resident.token = first, token
    assert refused(await resident.piece(0, data), 503, "TooMuchWaiting")
    assert refused(await resident.begin(data), 503, "TooMuchWaiting")
