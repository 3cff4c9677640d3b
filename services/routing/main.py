"""Routing 交办/督办: where a matter goes, by when, and what came of it."""

from __future__ import annotations

from fastapi import FastAPI

from services.routing import api
from services.routing.adapters import api as adapters
from services.routing.clock import sweeps
from services.routing.consumers import consumers
from services.routing.look_backs import api as look_backs
from services.routing.meetings import api as meetings
from services.routing.procuratorate import api as procuratorate
from services.routing.promises import api as promises
from services.routing.reports import api as reports
from services.routing.settings import Settings
from services.routing.supervising import api as supervising
from shared.app import create_app


def build(settings: Settings | None = None) -> FastAPI:
    """The service. Raises ProfileNotValid when the place's profile does not fit."""
    doors = (api, reports, promises, look_backs, supervising, meetings, procuratorate, adapters)
    routers = [one.router for one in doors]
    return create_app("routing", settings=settings or Settings(), routers=routers, consumers=consumers, sweeps=sweeps)
