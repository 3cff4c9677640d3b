"""Scoring: the points ledger of deputies, from real events only."""

from __future__ import annotations

from fastapi import FastAPI

from services.scoring import api
from services.scoring.consumers import consumers
from services.scoring.settings import Settings
from shared.app import create_app


def build(settings: Settings | None = None) -> FastAPI:
    """The service."""
    return create_app("scoring", settings=settings or Settings(), routers=[api.router], consumers=consumers)
