"""Notify: who must hear of what. An inbox per audience, and a stream for open pages."""

from __future__ import annotations

from fastapi import FastAPI

from services.notify import api
from services.notify.clock import sweeps
from services.notify.consumers import consumers
from services.notify.residents.clock import sweeps as resident_sweeps
from services.notify.settings import Settings
from services.notify.stream import Streams
from shared.app import create_app
from shared.sweeps import Sweeps


def build(settings: Settings | None = None) -> FastAPI:
    """The service."""
    settings = settings or Settings()
    both = Sweeps()
    both.all.extend([*sweeps.all, *resident_sweeps.all])
    app = create_app("notify", settings=settings, routers=[api.router, api.streams], consumers=consumers, sweeps=both)
    app.state.streams = Streams(app.state.database, app.state.live, settings)
    return app
