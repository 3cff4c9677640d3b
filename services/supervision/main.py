"""Supervision: public projects on their boards, and matters whose handling left somebody dissatisfied."""

from __future__ import annotations

from fastapi import FastAPI

from services.supervision.consumers import consumers
from services.supervision.matters import api as matters
from services.supervision.projects import api as projects
from services.supervision.projects import public as public_projects
from services.supervision.projects.clock import sweeps
from services.supervision.settings import Settings
from shared.app import create_app


def build(settings: Settings | None = None) -> FastAPI:
    """The service, one capability a line."""
    return create_app(
        "supervision",
        settings=settings or Settings(),
        consumers=consumers,
        sweeps=sweeps,
        routers=[
            projects.router,
            public_projects.router,
            matters.router,
        ],
    )
