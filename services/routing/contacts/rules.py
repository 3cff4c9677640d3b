"""Pure decisions on contacts: which meetings a reply still lacks, and by when the first is due."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from services.routing.settings import ContactPhase, Contacts
from shared.workdays import Calendar, due

BEFORE_REPLY: tuple[ContactPhase, ...] = ("before", "during")
"""办前 and 办中."""


def missing(contacts: Contacts, held: Collection[str]) -> list[ContactPhase]:
    """The meetings that a round's reply still waits for: none where the place does not ask for them."""
    return [phase for phase in BEFORE_REPLY if contacts.three_meetings and phase not in held]


def label(contacts: Contacts, phase: ContactPhase, language: str) -> str:
    """What the place calls a meeting, or its code where it has no name for it."""
    said = contacts.labels.get(phase)
    return phase if said is None else said.en if language == "en" else said.zh


def first_due(contacts: Contacts, round_from: datetime | None, calendar: Calendar) -> datetime | None:
    """By when the first contact of a round is due, from its first hand-over (重庆: 20 working days), or None when nothing asks for it."""
    if contacts.first is None or round_from is None:
        return None
    return due(round_from, contacts.first, calendar).at
