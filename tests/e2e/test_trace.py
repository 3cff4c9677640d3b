"""One trace from the HTTP request through the outbox and three services, by its ids."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import AsyncIterator

import httpx
import nats
import pytest_asyncio
from fastapi import FastAPI
from nats.aio.client import Client
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from sqlalchemy import text

from deploy.local.servers import LocalServers
from shared import tracing
from shared.codes import Code, sign
from shared.events import directory, new_id
from shared.outbox import emit
from tests import kit
from tests.kit import eventually
from tests.shared.conftest import fresh_streams
from tests.shared.service import FAST

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest_asyncio.fixture
async def operator(servers: LocalServers) -> AsyncIterator[Client]:
    client = await nats.connect(servers.nats_url, nkeys_seed_str=servers.nats_seed("operator"))
    yield client
    await client.close()


async def start(stack: contextlib.AsyncExitStack, servers: LocalServers, name: str) -> FastAPI:
    settings = importlib.import_module(f"services.{name}.settings").Settings(
        site=kit.SITE, database_url=servers.database_url(name), nats_url=servers.nats_url, nats_seed=servers.nats_seed(name), **FAST
    )
    app: FastAPI = importlib.import_module(f"services.{name}.main").build(settings)
    await kit.wipe(app.state.database)
    await stack.enter_async_context(app.router.lifespan_context(app))
    return app


async def test_one_trace_runs_from_the_request_through_the_outbox_and_three_services(servers: LocalServers, operator: Client) -> None:
    tracing.configure("test", 0.0, None)
    spans = InMemorySpanExporter()
    provider = trace.get_tracer_provider()
    assert isinstance(provider, TracerProvider)
    provider.add_span_processor(SimpleSpanProcessor(spans))
    await fresh_streams(servers, operator)
    async with contextlib.AsyncExitStack() as stack:
        intake, routing, notify = [await start(stack, servers, name) for name in ("intake", "routing", "notify")]
        await eventually(lambda: _listens(notify), what="notify has noted since when it listens")
        housing = directory.OrganisationChanged(
            organisation="housing", name="区住房和城乡建设局", kind="government", region=kit.SITE, active=True, version_no=1
        )
        await kit.Running("routing", routing, None).deliver(housing)  # type: ignore[arg-type]
        code = sign(Code("station", new_id(), new_id(), kit.SITE), kit.code_signer().private_bytes_raw())
        body = {"code": code, "title": "房屋漏水", "text": "小区物业不管房屋漏水", "category": "construction"}
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=intake), base_url="http://intake") as client:
            answer = await client.post("/opinions", json=body, headers={"traceparent": f"00-{TRACE}-{PARENT}-01"})
        assert answer.status_code == 201, answer.text

        async def noticed() -> bool:
            async with notify.state.database.transaction() as tx:
                return bool((await tx.execute(text("SELECT count(*) FROM notice"))).scalar_one())

        await eventually(noticed, what="the department's notice")
        await eventually(lambda: _empty(notify), what="notify has told of its notice")
    found = {span.name: span for span in spans.get_finished_spans() if f"{span.context.trace_id:032x}" == TRACE}
    names = set(found)
    assert {
        "POST /opinions",
        "publish intake.opinion_classified.v1",
        "routing handles intake.opinion_classified.v1",
        "publish routing.assignment_made.v1",
        "notify handles routing.assignment_made.v1",
        "publish notify.notice_posted.v1",
    } <= names, names
    request = found["POST /opinions"]
    assert request.parent is not None and f"{request.parent.span_id:016x}" == PARENT
    handled = found["routing handles intake.opinion_classified.v1"]
    assert handled.parent is not None and handled.parent.span_id == request.context.span_id
    told = found["notify handles routing.assignment_made.v1"]
    assert told.parent is not None and told.parent.span_id == handled.context.span_id


async def test_every_event_of_an_unsampled_request_still_carries_its_trace_id(servers: LocalServers) -> None:
    from shared.db import Database
    from shared.settings import ServiceSettings

    database = Database("scoring", ServiceSettings(site=kit.SITE, database_url=servers.database_url("scoring")))
    await kit.wipe(database)
    with tracing.server_span("request", {"traceparent": f"00-{TRACE}-{PARENT}-00"}):
        async with database.transaction() as tx:
            emit(tx, directory.CodeRevoked(code_id=new_id(), reason="revoked"))
    async with database.transaction() as tx:
        headers = (await tx.execute(text("SELECT headers FROM kit_outbox"))).scalar_one()
    await database.close()
    assert headers["traceparent"].split("-")[1] == TRACE and headers["traceparent"].endswith("-00")


async def _listens(app: FastAPI) -> bool:
    async with app.state.database.transaction() as tx:
        return bool((await tx.execute(text("SELECT count(*) FROM kit_subscription WHERE since = 'now'"))).scalar_one())


async def _empty(app: FastAPI) -> bool:
    async with app.state.database.transaction() as tx:
        return bool((await tx.execute(text("SELECT count(*) = 0 FROM kit_outbox"))).scalar_one())
