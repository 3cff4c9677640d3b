"""Wiring of intake (民意): what people say, and where deputies meet them."""

from __future__ import annotations

from fastapi import FastAPI

from services.intake import api
from services.intake.appointments import api as appointments
from services.intake.attachments import api as attachments
from services.intake.attachments.clock import sweeps_of
from services.intake.attachments.store import ObjectStore
from services.intake.board import api as board
from services.intake.campaigns import api as campaigns
from services.intake.campaigns.clock import sweeps as campaign_sweeps
from services.intake.consumers import consumers
from services.intake.contacts import api as contacts
from services.intake.contacts import public as public_contacts
from services.intake.contacts.clock import sweeps as contact_sweeps
from services.intake.course import api as course
from services.intake.course.clock import sweeps as course_sweeps
from services.intake.duplicates import api as duplicates
from services.intake.duplicates.clock import sweeps as duplicate_sweeps
from services.intake.entries import api as entries
from services.intake.figures import api as figures
from services.intake.figures.clock import sweeps as export_sweeps
from services.intake.mediations import api as mediations
from services.intake.petitions import api as petitions
from services.intake.privacy import api as privacy
from services.intake.privacy.clock import sweeps as privacy_sweeps
from services.intake.receptions.api import planning, sitting
from services.intake.receptions.api import public as public_receptions
from services.intake.receptions.clock import sweeps as reception_sweeps
from services.intake.settings import Settings
from services.intake.suggestions.api import deputies, offices
from services.intake.suggestions.api import public as public_suggestions
from services.intake.topics import api as topics
from services.intake.topics.clock import sweeps as topic_sweeps
from services.intake.understanding import api as understanding
from services.intake.understanding.loading import load
from shared.app import create_app
from shared.sweeps import Sweeps


def build(settings: Settings | None = None) -> FastAPI:
    """The service, one capability a line, for `uvicorn --factory services.intake.main:build`."""
    sweeps = Sweeps()
    for capability in (
        campaign_sweeps,
        reception_sweeps,
        contact_sweeps,
        course_sweeps,
        privacy_sweeps,
        export_sweeps,
        duplicate_sweeps,
        topic_sweeps,
    ):
        sweeps.all.extend(capability.all)
    app = create_app(
        "intake",
        settings=settings or Settings(),
        consumers=consumers,
        sweeps=sweeps,
        routers=[
            api.router,
            attachments.router,
            entries.router,
            course.router,
            board.router,
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
            privacy.router,
            figures.router,
            figures.downloads,
            understanding.router,
            duplicates.router,
            topics.router,
        ],
    )
    app.state.store = ObjectStore(app.state.bus)
    app.state.sweeps += sweeps_of(app.state.store).all
    load(app.state.settings.model_file, (category.code for category in app.state.database.policy.categories))
    return app
