"""`create_app`: everything a service has, in one call."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import signal
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from types import FrameType
from typing import Any

import structlog
from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from pydantic import BaseModel

from shared import housekeeping, logs, problem, profile, tracing
from shared.audit_door import audit_router
from shared.audit_keeper import AuditKeeper, salts_sweep
from shared.audit_keys import audit_keys
from shared.bus import Bus
from shared.clock import now
from shared.consumers import Consumers
from shared.db import Database
from shared.edge import Edge
from shared.events.base import new_id
from shared.events.directory import SigningKeysPublished
from shared.health import Beat, beat_forever, health_router, tick_forever
from shared.identity import Access, Keys, access_of, learn_keys
from shared.listener import Listener
from shared.live import Live
from shared.machine import Machine
from shared.metrics import Metrics
from shared.relay import Relay
from shared.settings import ServiceSettings
from shared.sweeps import Sweeps, run_forever

log = structlog.get_logger("lianxin.app")

_STOPS_WITHIN = 2.5
"""Seconds that a background job has to hand back what it holds, before it is asked to stop again."""


class RouteWithoutPermission(RuntimeError):
    """A defect: a route says neither `requires(...)` nor `public()`."""


def create_app(
    service: str,
    *,
    settings: ServiceSettings,
    routers: Sequence[APIRouter] = (),
    consumers: Consumers | None = None,
    sweeps: Sweeps | None = None,
    database: bool = True,
) -> FastAPI:
    """A service: its routes, its consumers and its sweeps on the kit.

    With `database=False` (the gateway) there is no outbox, no inbox and no consumer: health, metrics, logs and problems only.
    Raises RouteWithoutPermission, or ProfileNotValid with the key path of what is wrong in the profile.
    """
    logs.configure(service, settings.log_level)
    tracing.configure(service, settings.trace_sample, settings.otlp_endpoint)
    metrics = Metrics(service, flow=database)
    if settings.data:
        metrics.registry.register(Machine(settings.data))
    app = FastAPI(
        title=f"Lianxin {service}",
        version="1",
        docs_url="/docs" if settings.debug_docs else None,
        redoc_url=None,
        lifespan=_lifespan,
        separate_input_output_schemas=False,
        # `shared.edge` makes the request's span: one, named by the route's template, around refusals too (record 0007).
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.state.service, app.state.settings, app.state.metrics = service, settings, metrics
    app.state.background = []
    if database:
        _with_database(app, service, settings, consumers or Consumers(service), sweeps or Sweeps())
    for router in (health_router(), *([audit_router()] if database else ()), *routers):
        _check_permissions(router)
        app.include_router(router, max_body_size=settings.body_limit)
    problem.install(app)
    app.add_middleware(Edge, metrics=metrics, body_limit=settings.body_limit, sample=settings.trace_sample)
    return app


def _with_database(app: FastAPI, service: str, settings: ServiceSettings, consumers: Consumers, sweeps: Sweeps) -> None:
    policy: BaseModel | None = profile.load(settings.profile, service, settings.policy) if settings.policy else None
    if SigningKeysPublished.type_name() not in consumers.handlers:
        consumers.on(SigningKeysPublished, since="start")(learn_keys)
    database = Database(service, settings, policy)
    bus = Bus(service, settings)
    app.state.database, app.state.bus, app.state.consumers = database, bus, consumers
    app.state.keys = Keys(database)
    app.state.relay = Relay(database, bus, app.state.metrics)
    app.state.listener = Listener(database, bus, consumers, app.state.metrics)
    app.state.live = Live(bus, database)
    app.state.audit_keys = audit_keys(settings.site, service, settings.nats_seed.get_secret_value() if settings.nats_seed else None)
    app.state.audit = AuditKeeper(database, bus, app.state.audit_keys)
    app.state.beat = Beat(new_id(), os.getpid(), socket.gethostname(), now(), time.monotonic())
    app.state.sweeps = [*sweeps.all, housekeeping.purge_sweep(settings), salts_sweep(settings)]


@contextlib.asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    state = app.state
    work: list[Coroutine[Any, Any, None]] = [tick_forever(app)]
    if hasattr(state, "database"):
        work += [
            state.bus.connect(),
            state.audit.run(),
            state.relay.run(),
            state.listener.run(),
            state.listener.watch(),
            state.listener.wake_parked(),
            beat_forever(app),
            state.live.keep_listening(),
        ]
        work += [run_forever(state.database, sweep, state.metrics) for sweep in state.sweeps]
    tasks = [asyncio.create_task(_guarded(job)) for job in work]
    tasks += [asyncio.create_task(_guarded(start(app))) for start in state.background]
    log.info("service_started", settings=state.settings.describe())
    seen_by_collector = gc.get_threshold()
    # What is here now stays to the end: the collector need not walk through it again and again (architecture, section 6).
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    restore = _close_streams_at_signal(state.live) if hasattr(state, "database") else None
    try:
        yield
    finally:
        gc.set_threshold(*seen_by_collector)
        gc.unfreeze()
        if restore is not None:
            state.live.close()
            restore()
        await _end(tasks)
        if hasattr(state, "database"):
            await state.audit.close()
            with contextlib.suppress(Exception):
                await asyncio.wait_for(state.bus.close(), 3)
            await state.database.close()
        tracing.shut_down()
        log.info("service_stopped")


async def _end(tasks: Sequence[asyncio.Task[None]]) -> None:
    # `asyncio.wait_for` of Python 3.11 loses a cancellation that comes together with the result it waits for: the job then
    # goes on, and a process asked to stop never ends (found by fault F31). So those that are left are asked again.
    left = set(tasks)
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=_STOPS_WITHIN)


def _close_streams_at_signal(live: Live) -> Callable[[], None]:
    """Ends open streams when the process is asked to stop: the HTTP server waits for them before it ends the lifespan."""
    if threading.current_thread() is not threading.main_thread():
        return lambda: None
    loop = asyncio.get_running_loop()
    previous: dict[int, Callable[[int, FrameType | None], Any]] = {}

    def handle(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(live.close)
        previous[number](number, frame)

    for number in (signal.SIGTERM, signal.SIGINT):
        before = signal.getsignal(number)
        if callable(before) and before is not signal.default_int_handler:
            previous[number] = before
            signal.signal(number, handle)

    def restore() -> None:
        for number, before in previous.items():
            if signal.getsignal(number) is handle:
                signal.signal(number, before)

    return restore


async def _guarded(job: Coroutine[Any, Any, Any]) -> None:
    # A loop that ends by an error nobody foresaw must not leave a process that looks alive and does nothing.
    try:
        await job
    except Exception:
        log.exception("background_job_died")
        os._exit(70)


def _check_permissions(router: APIRouter) -> None:
    for route in router.routes:
        if isinstance(route, APIRoute):
            access = _access(route)
            if access is None:
                raise RouteWithoutPermission(f"{sorted(route.methods or ())} {route.path}")
            route.openapi_extra = {**(route.openapi_extra or {}), "x-permission": list(access.permissions) or ["public"]}
        elif (included := getattr(route, "original_router", None)) is not None:
            _check_permissions(included)


def _access(route: APIRoute) -> Access | None:
    def walk(dependant: Any) -> list[Any]:
        return [dependant.call, *(call for sub in dependant.dependencies for call in walk(sub))]

    return access_of(walk(route.dependant))
