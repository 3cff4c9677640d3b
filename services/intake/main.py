"""Wiring of intake (民意): what people say, and where deputies meet them."""

from __future__ import annotations

from fastapi import FastAPI

from services.intake import api
from services.intake.appointments import api as appointments
from services.intake.campaigns import api as campaigns
from services.intake.campaigns.clock import sweeps as campaign_sweeps
from services.intake.consumers import consumers
from services.intake.contacts import api as contacts
from services.intake.contacts import public as public_contacts
from services.intake.contacts.clock import sweeps as contact_sweeps
from services.intake.duplicates import api as duplicates
from services.intake.duplicates.clock import sweeps as duplicate_sweeps
from services.intake.mediations import api as mediations
from services.intake.petitions import api as petitions
from services.intake.receptions.api import planning, sitting
from services.intake.receptions.api import public as public_receptions
from services.intake.receptions.clock import sweeps as reception_sweeps
from services.intake.settings import Settings
from services.intake.suggestions.api import deputies, offices
from services.intake.suggestions.api import public as public_suggestions
from services.intake.topics import api as topics
from services.intake.topics.clock import sweeps as topic_sweeps
from shared.app import create_app
from shared.sweeps import Sweeps


def build(settings: Settings | None = None) -> FastAPI:
    """The service, one capability a line, for `uvicorn --factory services.intake.main:build`."""
    sweeps = Sweeps()
    for capability in (campaign_sweeps, reception_sweeps, contact_sweeps, duplicate_sweeps, topic_sweeps):
        sweeps.all.extend(capability.all)
    return create_app(
        "intake",
        settings=settings or Settings(),
        consumers=consumers,
        sweeps=sweeps,
        routers=[
            api.router,
            campaigns.router,
            planning.router,
            sitting.router,
            public_receptions.router,
            contacts.router,
            public_contacts.router,
            appointments.router,
            petitions.router,
            mediations.router,
            deputies.router,
            offices.router,
            public_suggestions.router,
            duplicates.router,
            topics.router,
        ],
    )
