"""Wiring of intake (民意): what people say."""

from __future__ import annotations

from fastapi import FastAPI

from services.intake import api
from services.intake.consumers import consumers
from services.intake.settings import Settings
from services.intake.suggestions.api import deputies, offices
from services.intake.suggestions.api import public as public_suggestions
from shared.app import create_app


def build(settings: Settings | None = None) -> FastAPI:
    """The service, for `uvicorn --factory services.intake.main:build`."""
    return create_app(
        "intake",
        settings=settings or Settings(),
        consumers=consumers,
        routers=[
            api.router,
            deputies.router,
            offices.router,
            public_suggestions.router,
        ],
    )
