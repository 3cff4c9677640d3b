"""Notify: who must hear of what. An inbox per audience, and a stream for open pages."""

from __future__ import annotations

from fastapi import FastAPI

from services.notify import api
from services.notify.clock import sweeps
from services.notify.consumers import consumers
from services.notify.settings import Settings
from services.notify.stream import Streams
from shared.app import create_app


def build(settings: Settings | None = None) -> FastAPI:
    """The service."""
    settings = settings or Settings()
    app = create_app("notify", settings=settings, routers=[api.router, api.streams], consumers=consumers, sweeps=sweeps)
    app.state.streams = Streams(app.state.database, app.state.live, settings)
    return app
