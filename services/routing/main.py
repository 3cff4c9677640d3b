"""Routing 交办/督办: where a matter goes, by when, and what came of it."""

from __future__ import annotations

from fastapi import FastAPI

from services.routing import api
from services.routing.clock import sweeps
from services.routing.consumers import consumers
from services.routing.reports import api as reports
from services.routing.settings import Settings
from services.routing.suggestions import api as suggestions
from shared.app import create_app


def build(settings: Settings | None = None) -> FastAPI:
    """The service. Raises ProfileNotValid when the place's profile does not fit."""
    routers = [api.router, reports.router, suggestions.router]
    return create_app("routing", settings=settings or Settings(), routers=routers, consumers=consumers, sweeps=sweeps)
