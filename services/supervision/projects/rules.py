"""Pure decisions on projects: the order of stages, when a stage is late, when a project is behind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from itertools import pairwise
from typing import Protocol
from zoneinfo import ZoneInfo

from services.supervision.projects.errors import (
    CompletionInFuture,
    CompletionOutOfOrder,
    EarlierStageOpen,
    PlanOutOfOrder,
    StageAlreadyCompleted,
)
from shared.events.supervision import StageName

STAGES: tuple[StageName, ...] = ("initiation", "approval", "construction", "acceptance")
"""立项 → 审批 → 建设 → 验收 (domain, section 3)."""

CHINA = ZoneInfo("Asia/Shanghai")


class StageDays(Protocol):
    """What the rules look at in a stage."""

    stage: str
    planned_on: date
    completed_on: date | None
    delayed: bool


def day_of(moment: datetime) -> date:
    """The calendar day in China of a moment: planned days are days there."""
    return moment.astimezone(CHINA).date()


def has_passed(planned_on: date, today: date) -> bool:
    """Whether a planned day is over: the planned day itself still counts as in time."""
    return planned_on < today


def check_plan(planned: Mapping[StageName, date]) -> None:
    """The planned days follow the order of the stages; two may share a day. Raises PlanOutOfOrder."""
    for earlier, later in pairwise(STAGES):
        if planned[later] < planned[earlier]:
            raise PlanOutOfOrder(stage=later, where=f"stages.{later}")


def check_completion(stages: Sequence[StageDays], stage: StageName, completed_on: date, today: date) -> None:
    """Whether `stage` can be completed on a day, given all stages in order.

    Raises StageAlreadyCompleted, EarlierStageOpen, CompletionInFuture, CompletionOutOfOrder.
    """
    own = stages[STAGES.index(stage)]
    if own.completed_on is not None:
        raise StageAlreadyCompleted(stage=stage, completed_on=own.completed_on.isoformat(), where="stage")
    for earlier in stages[: STAGES.index(stage)]:
        if earlier.completed_on is None:
            raise EarlierStageOpen(stage=stage, open_stage=earlier.stage, where="stage")
        if completed_on < earlier.completed_on:
            raise CompletionOutOfOrder(stage=stage, where="completed_on")
    if completed_on > today:
        raise CompletionInFuture(where="completed_on")


def check_replan(stages: Sequence[StageDays], stage: StageName, planned_on: date) -> None:
    """Whether the planned day of `stage` can be moved. Raises StageAlreadyCompleted, PlanOutOfOrder."""
    own = stages[STAGES.index(stage)]
    if own.completed_on is not None:
        raise StageAlreadyCompleted(stage=stage, completed_on=own.completed_on.isoformat(), where="stage")
    days = {name: one.planned_on for name, one in zip(STAGES, stages, strict=True)}
    check_plan({**days, stage: planned_on})


def is_behind(stages: Iterable[StageDays]) -> bool:
    """Whether a project is behind now: some stage is overdue and not complete."""
    return any(one.delayed and one.completed_on is None for one in stages)
