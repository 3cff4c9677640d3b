"""Contents in the broker's object store: kept once, read by any client, swept when no row refers to them, never before."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from services.intake.attachments import actions
from services.intake.attachments.store import ObjectStore, digest_of
from shared.bus import Bus, connect_once
from tests.intake.attachments import files
from tests.intake.attachments.conftest import NOTHING, Resident
from tests.intake.people import refused


async def test_the_same_content_is_kept_once_and_goes_with_its_last_row(resident: Resident) -> None:
    await resident.send(files.amr())
    await resident.send(files.amr())
    left = await resident.left()
    assert (left["attachment"], len(left["contents"])) == (2, 1)
    await resident.service.client.delete(f"/uploads/{resident.id}", headers=resident.token)
    assert await resident.sweep() == 0
    async with resident.service.tx() as tx:
        await tx.execute(text("DELETE FROM attachment"))
    assert await resident.sweep() == 1 and await resident.left() == NOTHING


async def test_a_content_on_its_way_in_is_not_swept(resident: Resident) -> None:
    digest = digest_of(b"content")
    async with resident.service.tx() as tx:
        await tx.execute(actions._LOCK, {"digest": digest})
        await resident.store.put(digest, b"content")
        assert await resident.sweep() == 0
    assert await resident.sweep() == 1


async def test_what_a_broken_attempt_left_is_replaced_and_swept(resident: Resident) -> None:
    data = bytes(600_000)
    digest = digest_of(data)
    stream = resident.service.app.state.bus.client.jetstream()
    await stream.publish(f"$O.intake.C.{digest}", b"the first piece of a process that died")
    assert await resident.store.digests() == {digest} and not await resident.store.has(digest)
    await resident.store.put(digest, data)
    assert b"".join([piece async for piece in resident.store.get(digest)]) == data
    assert await resident.sweep() == 1 and await resident.left() == NOTHING


async def test_any_client_of_the_object_store_reads_what_is_kept(resident: Resident, servers: Any) -> None:
    data = bytes(range(256)) * 3000
    await resident.store.put(digest_of(data), data)
    client = await connect_once(servers.nats_url, servers.nats_seed("operator"))
    try:
        found = await (await client.jetstream().object_store("intake")).get(digest_of(data))
    finally:
        await client.close()
    assert found.data == data
    await resident.sweep()


async def test_while_the_store_is_away_the_file_waits_and_the_resident_is_told(resident: Resident) -> None:
    photo = files.picture()
    await resident.begin(photo)
    await resident.piece(0, photo)
    away = Bus("intake", resident.service.database.settings)
    resident.service.app.state.store = ObjectStore(away)
    assert refused(await resident.complete(), 503, "FilesAway")
    resident.service.app.state.store = resident.store
    assert (await resident.complete()).status_code == 201
