"""Pure decisions on mediation: it is voluntary, has a mediator without interest, and its success has a base."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal, Protocol

from services.intake.mediations.errors import (
    AgreedBefore,
    KindUnknown,
    MediationIsOver,
    MediatorInterested,
    MediatorUnclear,
    NoMediatorYet,
    NoSessionYet,
    NotAllAgreed,
    PartiesMissing,
    SessionInFuture,
)
from services.intake.mediations.settings import MediationPolicy
from shared.events.intake_mediations import MediationOutcome

Side = Literal["applicant", "respondent"]


class Agreeing(Protocol):
    """What the rules look at in a party."""

    agreed_at: datetime | None


class Dispute(Protocol):
    """What the rules look at in a case."""

    state: str
    outcome: str | None


def check_case(policy: MediationPolicy, kind: str, source: str, sides: Sequence[Side]) -> None:
    """Passes for a dispute of the place's kinds and sources with both sides. Raises KindUnknown, PartiesMissing."""
    if all(one.code != kind for one in policy.kinds):
        raise KindUnknown(kind=kind, where="kind")
    if all(one.code != source for one in policy.sources):
        raise KindUnknown(kind=source, where="source")
    if set(sides) != {"applicant", "respondent"}:
        raise PartiesMissing(where="parties")


def check_open(case: Dispute) -> None:
    """Passes while a case is not concluded. Raises MediationIsOver."""
    if case.state == "concluded":
        raise MediationIsOver(outcome=case.outcome or "")


def check_mediator(*, deputy: bool, named: bool, no_interest: bool) -> None:
    """Passes for one mediator who declares to have no interest. Raises MediatorUnclear, MediatorInterested."""
    if deputy == named:
        raise MediatorUnclear(where="deputy_id")
    if not no_interest:
        raise MediatorInterested(where="no_interest")


def check_agreement(case: Dispute, party: Agreeing) -> None:
    """Passes for a party that has not agreed yet. Raises MediationIsOver, AgreedBefore."""
    check_open(case)
    if party.agreed_at is not None:
        raise AgreedBefore()


def check_session(case: Dispute, mediators: int, on: date, today: date) -> None:
    """Passes when a session may be entered. Raises MediationIsOver, NotAllAgreed, NoMediatorYet, SessionInFuture."""
    check_open(case)
    if case.state != "in_mediation":
        raise NotAllAgreed()
    if not mediators:
        raise NoMediatorYet()
    if on > today:
        raise SessionInFuture(where="on")


def check_outcome(case: Dispute, outcome: MediationOutcome, sessions: int) -> None:
    """Passes for a withdrawal at any time, and for success or failure after a session. Raises MediationIsOver, NoSessionYet."""
    check_open(case)
    if outcome != "withdrawn" and not sessions:
        raise NoSessionYet()


@dataclass(frozen=True, slots=True)
class Figures:
    """Cases of a span by outcome. `success_percent` is `succeeded` of `concluded` at one decimal, None without any."""

    open: int
    concluded: int
    succeeded: int
    failed: int
    withdrawn: int
    success_percent: Decimal | None


def figures_of(still_open: int, outcomes: Mapping[str, int]) -> Figures:
    """The figures, the rate with its base: every concluded case counts, the withdrawn ones too."""
    succeeded, failed, withdrawn = (outcomes.get(one, 0) for one in ("succeeded", "failed", "withdrawn"))
    concluded = succeeded + failed + withdrawn
    rate = (Decimal(100 * succeeded) / concluded).quantize(Decimal("0.1"), ROUND_HALF_UP) if concluded else None
    return Figures(still_open, concluded, succeeded, failed, withdrawn, rate)
