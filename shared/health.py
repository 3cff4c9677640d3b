"""Health that tells the truth: alive, able to serve, and whether work flows (architecture, section 3, point 5)."""

from __future__ import annotations

import asyncio
import contextlib
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, FastAPI, Request, Response
from nats.js.errors import APIError
from sqlalchemy import text

from shared import dead
from shared.audit_keeper import audit_state
from shared.bus import DEAD, EVENTS, BusAway
from shared.db import is_conflict, is_outage
from shared.identity import Caller, public
from shared.metrics import Metrics
from shared.parking import parked_state
from shared.relay import outbox_state

_TICK = 0.5
_BEAT_EVERY = 3.0
_AUDIT_AGE = 30.0
"""Seconds beyond the limit: rows have the time at which their transaction began."""

Anyone = Annotated[Caller | None, public()]


@dataclass(slots=True)
class Beat:
    """What this process says of itself."""

    id: uuid.UUID
    pid: int
    host: str
    started_at: datetime
    ticked_at: float
    loop_lag: float = 0.0
    dead: int = 0
    streams: dict[str, dict[str, int]] = field(default_factory=dict)


async def tick_forever(app: FastAPI) -> None:
    """Measures how late the event loop runs."""
    while True:
        before = time.monotonic()
        await asyncio.sleep(_TICK)
        lag = max(0.0, time.monotonic() - before - _TICK)
        if hasattr(app.state, "beat"):
            app.state.beat.ticked_at, app.state.beat.loop_lag = time.monotonic(), lag
        else:
            app.state.metrics.loop_lag.set(lag)


_BEAT = text(
    """
    INSERT INTO kit_replica (id, pid, host, started_at, beat_at, facts)
    VALUES (:id, :pid, :host, :started_at, now(), CAST(:facts AS jsonb))
    ON CONFLICT (id) DO UPDATE SET beat_at = now(), facts = excluded.facts
    """
)


_OTHERS = text("SELECT facts FROM kit_replica WHERE beat_at > now() - interval '15 seconds'")


async def beat_forever(app: FastAPI) -> None:
    """Writes every few seconds what this replica sees, for `/health/flow` of any replica, `lianxin status` and the metrics."""
    state = app.state
    while True:
        try:
            facts = await _facts(app)
            beat = state.beat
            async with state.database.transaction(durable=False) as tx:
                row = {"id": beat.id, "pid": beat.pid, "host": beat.host, "started_at": beat.started_at}
                await tx.execute(_BEAT, {**row, "facts": orjson.dumps(facts).decode()})
                everyone = list((await tx.execute(_OTHERS)).scalars())
            show(state.metrics, everyone, database=True)
            await state.database.look_for_room()
        except Exception as error:
            if not (is_outage(error) or is_conflict(error)):
                raise
            show(state.metrics, [_own(app)], database=await state.database.answers())
        await asyncio.sleep(_BEAT_EVERY)


def _own(app: FastAPI) -> dict[str, Any]:
    """What this process knows without asking anyone."""
    state, at = app.state, time.monotonic()
    flow = state.listener.flow
    return {
        "bus": state.bus.is_connected,
        "database_full": state.database.full,
        "publish_refused": state.relay.refused,
        "fetch_age": round(at - flow.fetched_at, 1),
        "progress_age": round(at - flow.progress_at, 1),
        "lag": flow.pending,
        "unacked": flow.unacked,
        "ack_floor": flow.floor,
        "recreated": flow.recreated,
        "audit_contradicted": state.audit.contradicted,
        "recreated_at": flow.recreated_at,
        "loop_lag": round(state.beat.loop_lag, 3),
    }


async def _facts(app: FastAPI) -> dict[str, Any]:
    state = app.state
    # Without an answer what was before stands: `bus` says that it may be old.
    with contextlib.suppress(BusAway, APIError):
        state.beat.dead = await dead.count(state.bus, state.service)
        state.beat.streams = await _streams(app)
    async with state.database.transaction() as tx:
        waiting, age, stuck = await outbox_state(tx)
        parked, parked_age = await parked_state(tx)
        unsealed, unsealed_age = await audit_state(tx)
    return _own(app) | {
        "outbox": waiting,
        "outbox_age": round(age, 1),
        "outbox_parked": stuck,
        "parked": parked,
        "parked_age": round(parked_age, 1),
        "audit_waiting": unsealed,
        "audit_age": round(unsealed_age, 1),
        "dead": state.beat.dead,
        "streams": state.beat.streams,
    }


async def _streams(app: FastAPI) -> dict[str, dict[str, int]]:
    found = {}
    for name in (EVENTS, DEAD):
        info: dict[str, Any] = await app.state.bus.request(f"$JS.API.STREAM.INFO.{name}")
        found[name] = {"bytes": info["state"]["bytes"], "limit": info["config"]["max_bytes"], "last": info["state"]["last_seq"]}
    return found


def show(metrics: Metrics, everyone: Sequence[dict[str, Any]], *, database: bool) -> None:
    """Sets the gauges of a service from what its replicas say: the worst of each. What nobody knows now stays what it was."""
    metrics.database_up.set(database)
    metrics.bus_up.set(all(facts["bus"] for facts in everyone))
    metrics.replicas.set(len(everyone))
    metrics.publish_refused.set(any(facts.get("publish_refused") for facts in everyone))
    # The watchdog of each replica looks at the same consumer: it stands only when all of them say so.
    metrics.standstill.set(min(f["progress_age"] if f["lag"] or f["unacked"] else 0.0 for f in everyone))
    for gauge, name in (
        (metrics.database_full, "database_full"),
        (metrics.fetch_age, "fetch_age"),
        (metrics.recreated_at, "recreated_at"),
        (metrics.loop_lag, "loop_lag"),
        (metrics.lag, "lag"),
        (metrics.floor, "ack_floor"),
        (metrics.outbox_rows, "outbox"),
        (metrics.outbox_age, "outbox_age"),
        (metrics.outbox_parked, "outbox_parked"),
        (metrics.parked, "parked"),
        (metrics.parked_age, "parked_age"),
        (metrics.audit_waiting, "audit_waiting"),
        (metrics.audit_age, "audit_age"),
        (metrics.audit_contradicted, "audit_contradicted"),
        (metrics.dead, "dead"),
    ):
        # A replica may be of an older version, and one without its database does not know everything.
        if told := [float(facts[name]) for facts in everyone if name in facts]:
            gauge.set(max(told))
    for facts in everyone:
        for stream, state in facts.get("streams", {}).items():
            metrics.stream_bytes.labels(stream).set(state["bytes"])
            metrics.stream_limit.labels(stream).set(state["limit"])
            metrics.stream_last.labels(stream).set(state["last"])


def troubles(facts: dict[str, Any], limit: float) -> list[str]:
    """Names of what does not flow; empty when all is well."""
    found = []
    if facts["database_full"]:
        found.append("database_full")
    if facts["publish_refused"]:
        found.append(facts["publish_refused"])
    if not facts["bus"]:
        found.append("bus_away")
    if facts["fetch_age"] > limit:
        found.append("not_fetching")
    if (facts["lag"] or facts["unacked"]) and facts["progress_age"] > limit:
        found.append("no_progress")
    if facts["outbox_age"] > limit:
        found.append("outbox_waits")
    if facts["outbox_parked"]:
        found.append("outbox_row_parked")
    if facts["audit_age"] > limit + _AUDIT_AGE:
        found.append("audit_waits")
    return found


def health_router() -> APIRouter:
    """`/health/live`, `/health/ready`, `/health/flow` and `/metrics`."""
    router = APIRouter(tags=["health"])

    @router.get("/health/live")
    async def live(request: Request, caller: Anyone) -> dict[str, Any]:
        """The process runs and its event loop turns."""
        return {"status": "live", "service": request.app.state.service}

    @router.get("/health/ready")
    async def ready(request: Request, response: Response, caller: Anyone) -> dict[str, Any]:
        """It can serve HTTP: its database answers. Also while the bus is away, because the outbox goes on accepting."""
        database = getattr(request.app.state, "database", None)
        fit = database is None or await database.answers()
        response.status_code = 200 if fit else 503
        return {"status": "ready" if fit else "database_away", "service": request.app.state.service}

    @router.get("/health/flow")
    async def flow(request: Request, response: Response, caller: Anyone) -> dict[str, Any]:
        """Work flows: fetches, outbox, lag, dead letters, and what each replica last said."""
        state = request.app.state
        if not hasattr(state, "database"):
            return {"status": "flows", "service": state.service, "replicas": []}
        try:
            return await _flow(request.app, response)
        except Exception as error:
            if not is_outage(error):
                raise
            response.status_code = 503
            return {"status": "stands", "service": state.service, "troubles": ["database_away"], "replicas": []}

    @router.get("/metrics")
    async def metrics(request: Request, caller: Anyone) -> Response:
        """Prometheus metrics of this process."""
        return Response(request.app.state.metrics.render(), media_type="text/plain; version=0.0.4")

    return router


async def _flow(app: FastAPI, response: Response) -> dict[str, Any]:
    state = app.state
    facts = await _facts(app)
    found = troubles(facts, state.settings.flow_limit)
    async with state.database.transaction() as tx:
        rows = (
            await tx.execute(
                text(
                    "SELECT id, pid, host, started_at, extract(epoch FROM now() - beat_at) AS age, facts FROM kit_replica "
                    "WHERE beat_at > now() - interval '15 seconds' ORDER BY started_at"
                )
            )
        ).all()
    response.status_code = 503 if found else 200
    replicas = [
        {"id": str(r.id), "pid": r.pid, "host": r.host, "started_at": r.started_at, "beat_age": round(float(r.age), 1), **r.facts}
        for r in rows
    ]
    return {"status": "stands" if found else "flows", "service": state.service, "troubles": found, **facts, "replicas": replicas}
