"""Checkpoints: signed, published where nobody deletes, kept by the other services; and the commands of `lianxin audit`."""

from __future__ import annotations

import asyncio
import base64
import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from nats.aio.client import Client
from nats.js.errors import APIError
from sqlalchemy import text
from typer.testing import CliRunner

from deploy.cli import audit
from deploy.cli.main import app as lianxin
from deploy.local.servers import LocalServers
from deploy.verify_audit import read_checkpoints, read_keys
from shared.audit_keeper import AuditKeeper
from shared.audit_keys import AuditKeys, audit_keys
from shared.bus import Bus
from shared.db import Database
from shared.settings import ServiceSettings
from tests import kit
from tests.shared import service as tiny
from tests.shared.chains import ORIGIN, Chain, rewritten, sql
from tests.shared.conftest import fresh_streams
from tests.shared.service import MarkMade, Service, started


async def test_another_service_s_copy_of_a_checkpoint_convicts_the_owner_of_both_the_database_and_the_bus(
    chain: Chain, servers: LocalServers, operator: Client
) -> None:
    other = ServiceSettings(
        site=kit.SITE, database_url=servers.database_url("notify"), nats_url=servers.nats_url, nats_seed=servers.nats_seed("notify")
    )
    database, bus = Database("notify", other), Bus("notify", other)
    await kit.wipe(database)
    await bus.connect()
    keeper = AuditKeeper(database, bus, audit_keys(kit.SITE, "notify", servers.nats_seed("notify")))
    try:
        await keeper.witness()
        assert keeper.contradicted == 0
        await fresh_streams(servers, operator)
        await chain.tamper(sql("DELETE FROM kit_audit_checkpoint"))
        await chain.tamper(rewritten(9))
        assert (verdict := await chain.verdict()).bad is not None and verdict.bad.seq == 1 and "written anew" in verdict.bad.what
        await chain.tamper(sql("DELETE FROM kit_audit WHERE seq > 9"))
        async with started(chain.settings) as service:
            await kit.eventually(lambda: _connected(service))
        # when it ended it signed for the chain that is left
        await keeper.witness()
        assert keeper.contradicted == 1
    finally:
        await kit.wipe(database)
        await bus.close()
        await database.close()


async def test_no_service_can_delete_checkpoints_or_sign_for_another(chain: Chain, servers: LocalServers, operator: Client) -> None:
    bus = Bus("notify", ServiceSettings(site=kit.SITE, nats_url=servers.nats_url, nats_seed=servers.nats_seed("notify")))
    await bus.connect()
    try:
        await bus.client.publish(f"audit.{kit.SITE}.{tiny.NAME}", b"forged")
        await bus.client.flush()
    finally:
        await bus.close()
    stream = operator.jetstream()
    assert (await stream.stream_info("AUDIT")).state.messages == 2
    with pytest.raises(APIError):
        await stream.purge_stream("AUDIT")
    with pytest.raises(APIError):
        await stream.delete_msg("AUDIT", 1)


async def test_checkpoints_are_signed_notes_and_a_forged_one_counts_for_nothing(chain: Chain) -> None:
    told = await audit.published(chain.run)
    keys = read_keys(told.keys)
    good, wrong = read_checkpoints(told.notes, keys)
    assert [c.size for c in good] == [6, 12] and not wrong and told.keys == chain.keys
    first = told.notes.split("\n")
    assert first[0] == ORIGIN and first[1] == "6" and first[4] == "" and first[5].startswith(f"— {ORIGIN} ")
    assert len(base64.b64decode(first[5].split(" ")[2])) == 4 + 64
    assert "the signature is wrong" in read_checkpoints(told.notes.replace("\n6\n", "\n5\n"), keys)[1][0]
    stranger = AuditKeys(ORIGIN, Ed25519PrivateKey.generate(), None)
    assert "no signature by a known key" in read_checkpoints(stranger.sign("\n".join(first[:4]) + "\n"), keys)[1][0]


async def test_a_service_that_stops_signs_for_what_it_has_done_and_one_that_was_killed_goes_on(settings: ServiceSettings) -> None:
    async with started(settings) as service:
        await service.client.post("/marks", json={"mark": "a"})
        await kit.eventually(lambda: service.scalar("SELECT times FROM mark"))
    async with started(settings.model_copy(update={"audit_poll": 0.05})) as service:
        assert await service.scalar("SELECT max(size) FROM kit_audit_checkpoint WHERE published") == 2
        # what a replica that was killed right after its commit leaves behind
        async with service.database.transaction() as tx:
            await tx.execute(text("INSERT INTO kit_audit_waiting (actor, action, object, outcome) VALUES ('killed', 'x', '{}', 'done')"))
        await kit.eventually(lambda: service.scalar("SELECT actor = 'killed' FROM kit_audit WHERE seq = 3"))


async def test_the_commands_verify_export_and_note_what_an_operator_does(
    settings: ServiceSettings, servers: LocalServers, operator: Client, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async with started(settings.model_copy(update={"attempts": 1})) as service:
        await service.client.post("/marks", content=b'{"mark": "a"}', headers={"Content-Type": "application/json"})
        await service.send(MarkMade(mark="a", fault="raises"))
        await kit.eventually(lambda: _dead(operator), within=20)
        letter = (await operator.jetstream().stream_info("DEAD")).state.first_seq
    monkeypatch.setenv("LIANXIN_DATA", str(servers.data))
    monkeypatch.setenv("LIANXIN_SITE", kit.SITE)

    async def typed(*words: str) -> tuple[int, str]:
        outcome = await asyncio.to_thread(CliRunner().invoke, lianxin, list(words))
        return outcome.exit_code, outcome.stdout

    assert (await typed("dead", "discard", str(letter), "--yes"))[0] == 0
    async with started(settings) as service:
        await kit.eventually(
            lambda: service.scalar("SELECT count(*) = 1 FROM kit_audit WHERE actor = 'operator' AND action = 'dead discard'")
        )
    status, printed = await typed("audit", "verify", tiny.NAME)
    assert status == 0 and "rows fit" in printed, printed
    lines = [json.loads(line) for line in (await typed("audit", "export", tiny.NAME))[1].splitlines()]
    assert lines[0] == {"origin": ORIGIN} and [row["seq"] for row in lines[1:]] == list(range(1, len(lines)))
    body = tmp_path / "body"
    body.write_bytes(b'{"mark": "a"}')
    assert (await typed("audit", "body", tiny.NAME, "1", str(body)))[0] == 0
    body.write_bytes(b'{"mark": "b"}')
    assert (await typed("audit", "body", tiny.NAME, "1", str(body)))[0] == 1
    assert (await typed("audit", "verify", "nobody"))[0] == 2


async def _connected(service: Service) -> bool:
    return bool(service.app.state.bus.is_connected)


async def _dead(operator: Client) -> bool:
    return bool((await operator.jetstream().stream_info("DEAD")).state.messages)
