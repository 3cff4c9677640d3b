"""Wiring of intake (民意): what people say."""

from __future__ import annotations

from fastapi import FastAPI

from services.intake import api
from services.intake.consumers import consumers
from services.intake.settings import Settings
from shared.app import create_app


def build(settings: Settings | None = None) -> FastAPI:
    """The service, for `uvicorn --factory services.intake.main:build`."""
    return create_app("intake", settings=settings or Settings(), routers=[api.router], consumers=consumers)
