"""Health that tells the truth: alive, able to serve, and whether work flows (architecture, section 3, point 5)."""

from __future__ import annotations

import asyncio
import contextlib
import time
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, FastAPI, Request, Response
from nats.js.errors import APIError
from sqlalchemy import text

from shared import dead
from shared.bus import BusAway
from shared.db import is_conflict, is_outage
from shared.identity import Caller, public
from shared.parking import parked_count
from shared.relay import outbox_state

_TICK = 0.5
_BEAT_EVERY = 3.0

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


async def tick_forever(app: FastAPI) -> None:
    """Measures how late the event loop runs."""
    gauge = app.state.metrics.loop_lag
    while True:
        before = time.monotonic()
        await asyncio.sleep(_TICK)
        lag = max(0.0, time.monotonic() - before - _TICK)
        gauge.set(lag)
        if hasattr(app.state, "beat"):
            app.state.beat.ticked_at, app.state.beat.loop_lag = time.monotonic(), lag


_BEAT = text(
    """
    INSERT INTO kit_replica (id, pid, host, started_at, beat_at, facts)
    VALUES (:id, :pid, :host, :started_at, now(), CAST(:facts AS jsonb))
    ON CONFLICT (id) DO UPDATE SET beat_at = now(), facts = excluded.facts
    """
)


async def beat_forever(app: FastAPI) -> None:
    """Writes every few seconds what this replica sees, for `/health/flow` of any replica and `lianxin status`."""
    state = app.state
    while True:
        try:
            facts = await _facts(app)
            beat = state.beat
            async with state.database.transaction(durable=False) as tx:
                row = {"id": beat.id, "pid": beat.pid, "host": beat.host, "started_at": beat.started_at}
                await tx.execute(_BEAT, {**row, "facts": orjson.dumps(facts).decode()})
        except Exception as error:
            if not (is_outage(error) or is_conflict(error)):
                raise
        await asyncio.sleep(_BEAT_EVERY)


async def _facts(app: FastAPI) -> dict[str, Any]:
    state, metrics = app.state, app.state.metrics
    flow = state.listener.flow
    # Without an answer the count of before stands: `bus` says that it may be old.
    with contextlib.suppress(BusAway, APIError):
        state.beat.dead = await dead.count(state.bus, state.service)
    async with state.database.transaction() as tx:
        waiting, age, stuck = await outbox_state(tx)
        parked = await parked_count(tx)
    at = time.monotonic()
    facts = {
        "bus": state.bus.is_connected,
        "fetch_age": round(at - flow.fetched_at, 1),
        "progress_age": round(at - flow.progress_at, 1),
        "lag": flow.pending,
        "unacked": flow.unacked,
        "ack_floor": flow.floor,
        "recreated": flow.recreated,
        "outbox": waiting,
        "outbox_age": round(age, 1),
        "outbox_parked": stuck,
        "parked": parked,
        "dead": state.beat.dead,
        "loop_lag": round(state.beat.loop_lag, 3),
    }
    metrics.bus_up.set(facts["bus"])
    metrics.fetch_age.set(facts["fetch_age"])
    metrics.lag.set(flow.pending)
    metrics.outbox_rows.set(waiting)
    metrics.outbox_age.set(age)
    metrics.outbox_parked.set(stuck)
    metrics.parked.set(parked)
    metrics.dead.set(state.beat.dead)
    return facts


def troubles(facts: dict[str, Any], limit: float) -> list[str]:
    """Names of what does not flow; empty when all is well."""
    found = []
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
