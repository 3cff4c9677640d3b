"""Pure decisions on who supervises a case: what a council's decision must say, and who may be named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from services.routing.errors import CaseWasWithdrawn
from services.routing.labels import Named
from services.routing.models import CaseState
from services.routing.supervising.errors import (
    AlreadyKeyCase,
    DecisionMissing,
    DecisionNotYet,
    NobodyToPush,
    NotKeyCase,
    NotOneToOne,
    UnknownGround,
    UnknownKind,
)
from services.routing.supervising.models import Supervision
from services.routing.supervising.settings import KeyCases

NoteKind = Literal["push", "follow_up"]
Part = Literal["led_by", "supervised_by", "joint"]


@dataclass(frozen=True, slots=True)
class Holder:
    """A public office, with the name of its holder and the organisation if one is given; `kind` is the profile's."""

    kind: str
    office: str
    name: str | None = None
    organisation: str | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision of the chairpersons' council."""

    number: str
    on: date


def decided(number: str | None, on: date | None, today: date) -> Decision:
    """The council's decision (代表法 52). Raises DecisionMissing or DecisionNotYet."""
    if number is None or on is None:
        raise DecisionMissing(where="decided_on" if number else "decision_number")
    if on > today:
        raise DecisionNotYet(where="decided_on")
    return Decision(number, on)


def check_flag(case: CaseState, was: Supervision) -> None:
    """Raises CaseWasWithdrawn or AlreadyKeyCase."""
    if case.status == "withdrawn":
        raise CaseWasWithdrawn(number=case.number, state=case.status, current=case.version)
    if was.key_since is not None:
        raise AlreadyKeyCase(number=case.number, decision=was.decision_number, current=was.version)


def check_unflag(case: CaseState, was: Supervision) -> None:
    """Raises NotKeyCase."""
    if was.key_since is None:
        raise NotKeyCase(number=case.number, current=was.version)


def check_named(policy: KeyCases, ground: str, led_by: Sequence[Holder], supervised_by: Sequence[Holder]) -> None:
    """Raises UnknownGround, UnknownKind or NotOneToOne."""
    if ground not in (known := [one.code for one in policy.grounds]):
        raise UnknownGround(where="ground", known=known)
    for place, holders, kinds in (("led_by", led_by, policy.leaders), ("supervised_by", supervised_by, policy.supervisors)):
        for holder in holders:
            check_kind(holder.kind, kinds, place)
        if policy.one_to_one and len(holders) != 1:
            raise NotOneToOne(where=place)


def check_kind(kind: str, kinds: Sequence[Named], where: str) -> None:
    """Raises UnknownKind."""
    if kind not in (known := [one.code for one in kinds]):
        raise UnknownKind(where=where, known=known)


def check_push(case: CaseState) -> str:
    """The department to push. Raises NobodyToPush."""
    if case.lead is None or case.status == "withdrawn":
        raise NobodyToPush(number=case.number, state=case.status)
    return case.lead
