"""The order of stages, and when one is late."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime

import pytest

from services.supervision.projects import rules
from services.supervision.projects.errors import (
    CompletionInFuture,
    CompletionOutOfOrder,
    EarlierStageOpen,
    PlanOutOfOrder,
    StageAlreadyCompleted,
)

TODAY = date(2026, 6, 15)


@dataclass
class Days:
    stage: str
    planned_on: date
    completed_on: date | None = None
    delayed: bool = False


def stages(*completed: date) -> list[Days]:
    planned = [date(2026, month, 1) for month in (1, 3, 6, 9)]
    done = [*completed, *[None] * (4 - len(completed))]
    return [Days(name, on, at) for name, on, at in zip(rules.STAGES, planned, done, strict=True)]


def test_the_planned_day_itself_is_in_time():
    assert not rules.has_passed(date(2026, 6, 15), TODAY)
    assert rules.has_passed(date(2026, 6, 14), TODAY)


def test_a_day_in_china_begins_eight_hours_before_utc():
    assert rules.day_of(datetime(2026, 6, 14, 15, 59, tzinfo=UTC)) == date(2026, 6, 14)
    assert rules.day_of(datetime(2026, 6, 14, 16, 0, tzinfo=UTC)) == date(2026, 6, 15)


def test_planned_days_follow_the_order_of_stages_and_may_share_a_day():
    one = date(2026, 5, 1)
    rules.check_plan(dict.fromkeys(rules.STAGES, one))
    with pytest.raises(PlanOutOfOrder) as refused:
        rules.check_plan({"initiation": one, "approval": one, "construction": date(2026, 4, 30), "acceptance": one})
    assert refused.value.values["stage"] == "construction"


def test_stages_are_completed_one_after_another():
    rules.check_completion(stages(), "initiation", TODAY, TODAY)
    with pytest.raises(EarlierStageOpen) as refused:
        rules.check_completion(stages(date(2026, 1, 5)), "construction", TODAY, TODAY)
    assert refused.value.values["open_stage"] == "approval"


@pytest.mark.parametrize(
    ("stage", "day", "fact"),
    [
        ("initiation", date(2026, 1, 6), StageAlreadyCompleted),
        ("approval", date(2026, 6, 16), CompletionInFuture),
        ("approval", date(2026, 1, 4), CompletionOutOfOrder),
    ],
)
def test_a_completion_that_cannot_be_is_refused(stage, day, fact):
    with pytest.raises(fact):
        rules.check_completion(stages(date(2026, 1, 5)), stage, day, TODAY)


def test_a_replanned_day_stays_between_its_neighbours():
    rules.check_replan(stages(), "approval", date(2026, 6, 1))
    with pytest.raises(PlanOutOfOrder):
        rules.check_replan(stages(), "approval", date(2026, 6, 2))
    with pytest.raises(StageAlreadyCompleted):
        rules.check_replan(stages(date(2026, 1, 5)), "initiation", date(2026, 1, 2))


def test_a_project_is_behind_while_a_late_stage_is_open():
    late = stages()
    late[1].delayed = True
    assert rules.is_behind(late)
    late[1].completed_on = TODAY
    assert not rules.is_behind(late)
