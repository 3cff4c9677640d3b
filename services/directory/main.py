"""Directory: who and where. Regions, organisations, people, mandates, stations and their codes, accounts, roles, signing keys."""

from __future__ import annotations

from fastapi import FastAPI

from services.directory.accounts import api as accounts
from services.directory.clock import sweeps
from services.directory.codes import api as codes
from services.directory.deputies import api as deputies
from services.directory.imports import api as imports
from services.directory.keys import api as keys
from services.directory.places import api as places
from services.directory.sessions import api as sessions
from services.directory.settings import Settings
from shared.app import create_app


def build(settings: Settings | None = None) -> FastAPI:
    """The application; directory listens to no other service."""
    nouns = (places, deputies, codes, accounts, sessions, keys, imports)
    return create_app("directory", settings=settings or Settings(), routers=[noun.router for noun in nouns], sweeps=sweeps)
