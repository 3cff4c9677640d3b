"""The contracts between services: one file per producer, imported and never copied."""

from shared.events import (
    directory,
    intake,
    intake_appointments,
    intake_campaigns,
    intake_contacts,
    intake_duplicates,
    intake_mediations,
    intake_petitions,
    intake_receptions,
    intake_suggestions,
    intake_topics,
    notify,
    routing,
    scoring,
    supervision,
)
from shared.events.base import CORE, EVERYONE, Event, all_events, derived_id, new_id

__all__ = [
    "CORE",
    "EVERYONE",
    "Event",
    "all_events",
    "derived_id",
    "directory",
    "intake",
    "intake_appointments",
    "intake_campaigns",
    "intake_contacts",
    "intake_duplicates",
    "intake_mediations",
    "intake_petitions",
    "intake_receptions",
    "intake_suggestions",
    "intake_topics",
    "new_id",
    "notify",
    "routing",
    "scoring",
    "supervision",
]
