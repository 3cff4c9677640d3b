"""A backup holds the files: the bucket is a stream like the others, and comes back whole."""

from __future__ import annotations

from pathlib import Path

from deploy.backup import streams
from deploy.local.servers import LocalServers
from services.intake.attachments.store import digest_of
from shared.bus import connect_once
from tests.intake.attachments.conftest import Resident


async def test_the_bucket_is_among_the_streams_of_a_backup_and_comes_back_with_every_file(
    resident: Resident, servers: LocalServers, tmp_path: Path
) -> None:
    data = bytes(range(256)) * 4000
    await resident.store.put(digest_of(data), data)
    client = await connect_once(servers.nats_url, servers.nats_seed("operator"))
    try:
        assert "OBJ_intake" in await streams.names(client)
        kept = await streams.save(client, "OBJ_intake", tmp_path / "snapshot")
        await streams.delete(client, "OBJ_intake")
        await streams.load(client, "OBJ_intake", tmp_path / "snapshot", kept["config"], kept["state"])
    finally:
        await client.close()
    assert b"".join([piece async for piece in resident.store.get(digest_of(data))]) == data
    assert await resident.sweep() == 1
