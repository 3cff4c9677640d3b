"""Pure decisions on petitions: nothing without consent, and no end before the loop is closed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, Protocol

from services.intake.petitions.errors import (
    AlreadyTransferred,
    AnsweredBefore,
    ConsentGivenBefore,
    ConsentMissing,
    GroundUnknown,
    LoopOpen,
    PetitionIsClosed,
)
from services.intake.petitions.settings import PetitionPolicy

State = Literal["awaiting_consent", "consented", "transferred", "answered", "closed"]


class Carried(Protocol):
    """What the rules look at in a petition."""

    state: str
    end: str | None


class Passed(Protocol):
    """What the rules look at in a transfer."""

    answered_at: datetime | None


def check_open(petition: Carried) -> None:
    """Passes while the loop is open. Raises PetitionIsClosed."""
    if petition.state == "closed":
        raise PetitionIsClosed(end=petition.end or "")


def check_consentable(petition: Carried) -> None:
    """Passes before the petitioner has consented. Raises PetitionIsClosed, ConsentGivenBefore."""
    check_open(petition)
    if petition.state != "awaiting_consent":
        raise ConsentGivenBefore()


def check_acting(petition: Carried) -> None:
    """Passes once the petitioner has consented. Raises PetitionIsClosed, ConsentMissing."""
    check_open(petition)
    if petition.state == "awaiting_consent":
        raise ConsentMissing()


def check_declinable(petition: Carried, policy: PetitionPolicy, ground: str) -> None:
    """Passes before anything was passed on. Raises PetitionIsClosed, AlreadyTransferred, GroundUnknown."""
    check_open(petition)
    if petition.state not in ("awaiting_consent", "consented"):
        raise AlreadyTransferred()
    if all(one.code != ground for one in policy.not_taken):
        raise GroundUnknown(ground=ground, where="ground")


def check_unanswered(transfer: Passed) -> None:
    """Passes for a transfer without an answer. Raises AnsweredBefore."""
    if transfer.answered_at is not None:
        raise AnsweredBefore()


def state_after(transfers: Sequence[Passed]) -> State:
    """Where a petition with consent stands, given its transfers: answered when each of them is."""
    if not transfers:
        return "consented"
    return "answered" if all(one.answered_at is not None for one in transfers) else "transferred"


def check_loop_closed(petition: Carried, transfers: Sequence[Passed]) -> None:
    """Passes when at least one organ was asked and each answered. Raises PetitionIsClosed, ConsentMissing, LoopOpen."""
    check_acting(petition)
    if state_after(transfers) != "answered":
        raise LoopOpen(unanswered=sum(1 for one in transfers if one.answered_at is None))
