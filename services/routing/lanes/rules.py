"""Pure decisions on lanes: what a step of the fast lane is due by, when it may be recorded, what an instant matter counts as."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from services.routing.lanes.errors import EffectBeforeReply, NotOnFastLane, PlaceHasNoFastLane, PlaceHasNoInstantMatters, PlanAfterReply
from services.routing.models import CaseState
from services.routing.rules import RUNNING
from services.routing.settings import Clocks, FastLane, ResultClass
from shared.workdays import Calendar, Due, due

Step = Literal["plan", "effect"]
STEPS: tuple[Step, ...] = ("plan", "effect")
"""Beside the reply, which is the case's own."""


def fast_lane_of(clocks: Clocks, number: str) -> FastLane:
    """The place's fast lane. Raises PlaceHasNoFastLane."""
    if clocks.fast_lane is None:
        raise PlaceHasNoFastLane(number=number)
    return clocks.fast_lane


def check_instant(clocks: Clocks, number: str) -> None:
    """Passes where the place has instant matters. Raises PlaceHasNoInstantMatters."""
    if clocks.instant is None:
        raise PlaceHasNoInstantMatters(number=number)


def step_due(lane: FastLane, step: Step, handed_over_at: datetime, calendar: Calendar) -> Due:
    """When a step is due, from the hand-over."""
    return due(handed_over_at, lane.plan if step == "plan" else lane.effect, calendar)


def check_step(case: CaseState, step: Step) -> None:
    """Passes when a step may be recorded now. Raises NotOnFastLane, PlanAfterReply, EffectBeforeReply."""
    if case.lane != "fast":
        raise NotOnFastLane(number=case.number, lane=case.lane, current=case.version)
    if step == "plan" and case.status not in RUNNING:
        raise PlanAfterReply(number=case.number, state=case.status, current=case.version)
    if step == "effect" and case.status not in ("replied", "closed"):
        raise EffectBeforeReply(number=case.number, state=case.status, current=case.version)


def done_class(classes: Sequence[ResultClass]) -> ResultClass:
    """What an instant matter that is done counts as: the place's first class that counts as done."""
    return next(c for c in classes if c.counts_as_done)
