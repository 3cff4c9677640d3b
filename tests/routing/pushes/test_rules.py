"""When lights turn, against the light itself; and what a moved deadline does to pushes."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from services.routing import rules
from services.routing.settings import Lights
from shared.workdays import CHINA, Clock, due, official_calendar

START = datetime(2026, 1, 29, 15, 30, tzinfo=CHINA)
YELLOW, DUE = datetime(2026, 3, 11, tzinfo=CHINA), datetime(2026, 3, 12, tzinfo=CHINA)


@pytest.mark.parametrize("unit", ["day", "workday", "month"])
@pytest.mark.parametrize("share", [0.01, 0.5, 0.8, 1.0])
def test_yellow_begins_at_the_moment_at_which_the_light_says_so(unit, share):
    calendar, lights = official_calendar(), Lights(yellow_share=share, push_every=7)
    for n in (1, 2, 3, 7):
        for days in range(0, 40, 3):
            start, clock = START + timedelta(days=days), Clock(n=n, unit=unit)
            end = due(start, clock, calendar).at
            at = rules.yellow_from(lights, clock, started_at=start, due_at=end, calendar=calendar)
            about = {"started_at": start, "due_at": end, "calendar": calendar}
            assert rules.light(lights, clock, now=at, **about) == "yellow"
            if at - timedelta(microseconds=1) > start:
                assert rules.light(lights, clock, now=at - timedelta(microseconds=1), **about) == "green"


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        (None, timedelta(days=-1)),
        (YELLOW, timedelta(days=-1)),
        (DUE, timedelta(0)),
        (DUE + timedelta(days=14), timedelta(days=14)),
    ],
)
def test_a_moved_deadline_repeats_nothing_that_was_told(was, becomes):
    moved = DUE + timedelta(days=5)
    yellow = moved - timedelta(days=1)
    assert rules.moved_push(was, due_before=DUE, due_at=moved, yellow_at=yellow) == moved + becomes
