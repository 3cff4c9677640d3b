"""What is written into the audit: every write, done or refused, by whom and on what, and nothing that a person typed."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from shared.audit_chain import genesis, seal
from shared.audit_keys import body_hash
from shared.db import Database, Tx
from shared.outbox import emit
from shared.settings import ServiceSettings
from shared.sweeps import Sweep, run_forever
from tests.kit import eventually, incoming_of, token
from tests.shared import service as tiny
from tests.shared.service import MarkMade, Service, started

ACCOUNT = uuid.UUID("0199c000-0000-7000-8000-000000000001")
NAME, PHONE = "王小明", "13812345678"


@pytest_asyncio.fixture
async def service(settings: ServiceSettings) -> AsyncIterator[Service]:
    """The tiny service without its background loops."""
    app = tiny.build(settings)
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
        yield Service(app, client, tiny.Behaviour())
    await app.state.database.close()


async def waiting(service: Service) -> list[Any]:
    """The rows that wait for their place in the chain."""
    async with service.database.transaction() as tx:
        return list((await tx.execute(text("SELECT * FROM kit_audit_waiting ORDER BY id"))).all())


async def sealed(service: Service) -> list[Any]:
    """The chain, after everything that waited was put into it."""
    await service.app.state.audit.seal_all()
    async with service.database.transaction() as tx:
        return list((await tx.execute(text("SELECT * FROM kit_audit ORDER BY seq"))).all())


async def test_a_write_leaves_its_row_whether_it_is_done_repeated_refused_or_fails(service: Service) -> None:
    mine = token(permissions=["mark.bump"], account_id=ACCOUNT)
    key = {"Idempotency-Key": "a-key-of-mine"}
    post, bump = service.client.post, "/marks/a/bump"
    await post("/marks", json={"mark": "a"}, headers={**key, "X-Request-Id": "request-1"})
    await post("/marks", json={"mark": "a"}, headers=key)
    await post(bump, headers={**mine, "If-Match": "1"})
    await post(bump, headers={**mine, "If-Match": "1"})
    await post(bump, headers=mine)
    await post(bump, headers={"If-Match": "2"})
    await post(bump, headers={**token(permissions=["mark.other"], account_id=ACCOUNT), "If-Match": "2"})
    await post("/marks", json={"mark": "b", "more": 1})
    await post("/marks", content=b"{", headers={"Content-Type": "application/json"})
    await post("/refuse", json={"mark": "refused"})
    await post("/refuse", json={"mark": "defect"})
    assert (await service.client.get("/health/ready")).status_code == 200
    rows = await waiting(service)
    make, refuse, bumped, me = "POST /marks", "POST /refuse", "POST /marks/{mark}/bump", str(ACCOUNT)
    assert [(r.actor, r.action, r.object, r.outcome) for r in rows] == [
        ("anyone", make, ["a"], "done"),
        ("anyone", make, [], "repeated"),
        (me, bumped, ["a"], "done"),
        (me, bumped, [], "StaleVersion"),
        (me, bumped, [], "VersionMissing"),
        ("anyone", bumped, [], "NotSignedIn"),
        (me, bumped, [], "NotPermitted"),
        ("anyone", make, [], "InvalidRequest"),
        ("anyone", make, [], "MalformedJson"),
        ("anyone", refuse, [], "NotFound"),
        ("anyone", refuse, [], "InternalError"),
    ]
    assert rows[0].request_id == "request-1" and all(len(r.trace_id) == 32 for r in rows)
    assert await service.scalar("SELECT count(*) FROM mark") == 1


async def test_what_a_person_types_never_gets_into_the_audit(service: Service) -> None:
    post = service.client.post
    await post("/marks", json={"mark": f"{NAME} {PHONE}"}, headers={"Idempotency-Key": f"{PHONE}-of-mine"})
    await post("/marks", json={"mark": PHONE, "phone": PHONE})
    await post("/refuse", json={"mark": "refused"}, headers={"X-Lookup-Code": PHONE})
    await post(f"/marks/{PHONE}/bump?name={NAME}", headers={**token(permissions=["mark.bump"]), "If-Match": "1"})
    await post(f"/marks/{NAME}/bump", headers={**token(permissions=["mark.bump"]), "If-Match": "1"})
    rows = await sealed(service)
    assert len(rows) == 5
    for row in rows:
        told = str(row._asdict() | {"body_hash": bytes(row.body_hash or b"").hex(), "salt": None})
        assert PHONE not in told and NAME not in told and "mark'" not in told


async def test_the_hash_of_a_body_says_nothing_without_the_service_s_key(service: Service) -> None:
    await service.client.post("/marks", json={"mark": "a"})
    row = (await waiting(service))[0]
    assert bytes(row.body_hash) == body_hash(service.app.state.audit_keys.body, bytes(row.salt), b'{"mark":"a"}')
    assert bytes(row.body_hash) != body_hash(b"", bytes(row.salt), b'{"mark":"a"}')


@pytest.mark.parametrize("batch", [False, True])
async def test_every_event_that_takes_effect_is_named_once_by_itself_or_with_its_batch(settings: ServiceSettings, batch: bool) -> None:
    app = tiny.build(settings, batch=batch)
    events = [MarkMade(mark=f"m{n:03}") for n in range(60)]
    try:
        for _ in range(2):
            await app.state.listener.delivery.apply([incoming_of(event) for event in events])
        await app.state.listener.delivery.apply([incoming_of(last := MarkMade(mark="x"))])
        found = await sealed(Service(app, httpx.AsyncClient(), tiny.Behaviour()))
    finally:
        await app.state.database.close()
    assert {(r.action, r.outcome) for r in found} == {("scoring.mark_made.v1", "done")}
    alone = {(f"event:scoring:{event.id}", (event.mark,)) for event in ([last] if batch else [*events, last])}
    pairs = [(event.mark, str(event.id)) for event in events]
    together = {("events:scoring", tuple(i for pair in pairs[n : n + 50] for i in pair)) for n in ((0, 50) if batch else ())}
    assert {(r.actor, tuple(r.object)) for r in found} == alone | together
    assert len(found) == len(alone | together)


async def test_a_sweep_that_does_something_leaves_a_row_and_one_that_does_nothing_leaves_none(service: Service) -> None:
    left = [1, 0]

    async def overdue(tx: Tx) -> int:
        if left[0]:
            emit(tx, MarkMade(mark="due"))
        return left.pop(0) if len(left) > 1 else 0

    running = asyncio.create_task(run_forever(service.database, Sweep("overdue", 0.01, overdue), service.app.state.metrics))

    async def swept() -> bool:
        return len(left) == 1

    await eventually(swept)
    await eventually(lambda: service.scalar("SELECT count(*) FROM kit_audit_waiting"))
    running.cancel()
    assert [(r.actor, r.action, r.object) for r in await waiting(service)] == [("sweep:overdue", "overdue", ["due"])]


async def test_nobody_changes_or_deletes_a_row_but_a_salt_may_be_taken_away(service: Service) -> None:
    await service.client.post("/marks", json={"mark": "a"})
    before = (await sealed(service))[0]
    for attempt in (
        "UPDATE kit_audit SET actor = 'somebody'",
        "UPDATE kit_audit SET salt = NULL, outcome = 'NotFound'",
        "UPDATE kit_audit SET salt = 'x'",
        "DELETE FROM kit_audit",
        "TRUNCATE kit_audit",
    ):
        with pytest.raises(DBAPIError, match="append-only"):
            async with service.database.transaction() as tx:
                await tx.execute(text(attempt))
    sweep = next(s for s in service.app.state.sweeps if s.name == "audit_salts")
    async with service.database.transaction() as tx:
        assert await sweep.verb(tx) == 0
        await tx.execute(text("UPDATE kit_audit SET salt = NULL"))
    after = (await sealed(service))[0]
    assert after._asdict() == before._asdict() | {"salt": None} and before.salt


async def test_a_row_that_commits_late_gets_its_place_after_those_that_were_sealed_before(service: Service) -> None:
    async with service.database.transaction() as tx:
        await tx.execute(text("INSERT INTO kit_audit_waiting (actor, action, object, outcome) VALUES ('late', 'x', '{}', 'done')"))
        await service.client.post("/marks", json={"mark": "a"})
        assert [r.actor for r in await sealed(service)] == ["anyone"]
    assert [(r.seq, r.actor) for r in await sealed(service)] == [(1, "anyone"), (2, "late")]


async def test_replicas_that_seal_at_once_make_one_chain_without_a_gap(service: Service) -> None:
    replicas = [Database(tiny.NAME, service.database.settings) for _ in range(3)]
    insert = text("INSERT INTO kit_audit_waiting (actor, action, object, outcome) VALUES ('a', 'x', '{}', 'done')")

    async def write_and_seal(database: Database) -> None:
        for _ in range(15):
            async with database.transaction() as tx:
                await tx.execute(insert)
            async with database.transaction() as tx:
                await seal(tx, "chain")

    await asyncio.gather(*(write_and_seal(database) for database in replicas))
    for database in replicas:
        await database.close()
    async with service.database.transaction() as tx:
        await seal(tx, "chain")
    rows = await sealed(service)
    assert [r.seq for r in rows] == list(range(1, 46))
    assert [bytes(r.prev) for r in rows] == [genesis("chain"), *(bytes(r.hash) for r in rows[:-1])]


async def test_the_auditor_reads_by_page_and_filter_and_others_are_refused(settings: ServiceSettings) -> None:
    auditor = token("auditor")
    async with started(settings.model_copy(update={"audit_seal_after": 0.01})) as service:
        for mark in ("a", "b", "c"):
            await service.client.post("/marks", json={"mark": mark})
        await service.client.post("/refuse", json={"mark": "refused"})
        await eventually(lambda: service.scalar("SELECT count(*) = 7 FROM kit_audit"))

        async def read(**query: str) -> Any:
            return (await service.client.get("/audit", headers=auditor, params=query)).json()

        made = await read(action="POST /marks", limit="2")
        assert [row["object"] for row in made["items"]] == [["c"], ["b"]]
        rest = await read(action="POST /marks", limit="2", cursor=made["next_cursor"])
        assert [row["object"] for row in rest["items"]] == [["a"]] and rest["next_cursor"] is None
        assert {row["action"] for row in (await read(object="b"))["items"]} == {"POST /marks", "scoring.mark_made.v1"}
        assert [row["action"] for row in (await read(outcome="NotFound", actor="anyone", since=""))["items"]] == ["POST /refuse"]
        assert (await read(since="2999-01-01T00:00:00Z"))["items"] == [] and len((await read(until="2999-01-01T00:00:00Z"))["items"]) == 7
        assert (await service.client.get("/audit", headers=token("desk"))).status_code == 403
        assert (await service.client.get("/audit")).status_code == 401
