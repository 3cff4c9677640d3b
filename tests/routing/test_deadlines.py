"""Pauses, extensions, sub-deadlines and lights on the profile's clocks: what no clock may be talked into."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from services.routing import rules
from services.routing.settings import Clocks, Lights, RoutingPolicy
from shared.profile import load
from shared.settings import ROOT
from shared.workdays import CHINA, Clock, Extension, Pause, official_calendar

POLICY = load(ROOT / "deploy" / "profiles" / "national.yaml", "routing", RoutingPolicy)
CALENDAR = official_calendar()
LIGHTS = Lights(yellow_share=0.8, push_every=7)


def at(day: str, hour: int = 10) -> datetime:
    return datetime.fromisoformat(f"{day}T{hour:02}:00:00+08:00")


def due(handed: datetime, *, pauses: list[Pause] | None = None, extensions: list[Extension] | None = None, first: datetime | None = None):
    return rules.reply_due(
        POLICY.clocks,
        "suggestion",
        1,
        handed_over_at=handed,
        round_from=first or handed,
        calendar=CALENDAR,
        pauses=pauses or [],
        extensions=extensions or [],
    ).at


def months(n: int) -> Extension:
    return Extension(n=n, unit="month", agreed_by="deputies_committee", agreed_at=at("2026-04-01"))


@pytest.mark.parametrize(("more", "last"), [(1, "2026-05-15"), (3, "2026-07-15"), (6, "2026-07-15"), (120, "2026-07-15")])
def test_three_months_may_become_six_by_agreement_and_never_nine(more, last):
    assert due(at("2026-01-15"), extensions=[months(more)]).date().isoformat() == last
    assert due(at("2026-01-15"), extensions=[months(1)] * more).date().isoformat() == last


@given(
    handed=st.integers(0, 200),
    stood=st.lists(st.tuples(st.integers(0, 300), st.integers(0, 400)), max_size=4),
    more=st.lists(st.integers(1, 12), max_size=4),
)
def test_no_pause_no_extension_and_no_new_hand_over_leads_past_six_months(handed, stood, more):
    first = at("2026-01-15")
    pauses = [Pause(first + timedelta(days=a), first + timedelta(days=a + b)) for a, b in stood]
    found = due(first + timedelta(days=handed), first=first, pauses=pauses, extensions=[months(n) for n in more])
    assert first < found <= datetime.fromisoformat("2026-07-15T23:59:59.999999+08:00")


def test_a_profile_cannot_make_the_longest_clock_longer_than_the_law():
    said = POLICY.clocks.model_dump()
    for longest in ({"n": 9, "unit": "month"}, {"n": 400, "unit": "day"}):
        with pytest.raises(ValidationError, match="代表法 51"):
            Clocks.model_validate(said | {"longest": longest})


def test_a_co_handler_is_due_by_its_own_clock_and_never_after_the_lead():
    handed = at("2026-01-15")

    def co_handler(reply_due: datetime, **more) -> date:
        found = rules.co_handler_due(POLICY.clocks, "suggestion", handed_over_at=handed, reply_due_at=reply_due, calendar=CALENDAR, **more)
        return found.at.astimezone(CHINA).date()

    assert co_handler(due(handed)) == date(2026, 2, 15)
    assert co_handler(at("2026-02-01")) == date(2026, 2, 1)
    assert co_handler(due(handed), pauses=[Pause(at("2026-01-20"), at("2026-01-25"))]) == date(2026, 2, 20)


def light(now: datetime, clock: Clock, started: datetime, pauses: list[Pause] | None = None) -> str:
    ends = rules.due(started, clock, CALENDAR, pauses=pauses or []).at
    return rules.light(LIGHTS, clock, started_at=started, due_at=ends, now=now, calendar=CALENDAR, pauses=pauses or [])


def test_a_deadline_is_green_then_yellow_after_its_share_of_working_days_then_red():
    five = Clock(n=5, unit="workday")
    started = at("2026-02-11")  # five working days, a make-up Saturday and the Spring Festival among the days
    days = [f"2026-02-{day}" for day in (11, 12, 13, 14, 20, 24, 25, 26)]
    assert [light(at(day), five, started) for day in days] == ["green"] * 6 + ["yellow", "red"]


def test_a_clock_of_one_day_is_yellow_on_it():
    assert light(at("2026-03-02", 20), Clock(n=1, unit="day"), at("2026-03-02")) == "green"
    assert light(at("2026-03-03", 1), Clock(n=1, unit="day"), at("2026-03-02")) == "yellow"
    assert light(at("2026-03-04", 0), Clock(n=1, unit="day"), at("2026-03-02")) == "red"


def test_days_that_stood_still_do_not_turn_a_light():
    ten, started = Clock(n=10, unit="day"), at("2026-03-02")
    pause = [Pause(at("2026-03-04"), at("2026-03-24"))]
    assert light(at("2026-03-11"), ten, started) == "yellow"
    assert light(at("2026-03-23"), ten, started, pause) == "green"
    assert light(at("2026-03-31"), ten, started, pause) == "yellow"


@given(days=st.integers(0, 400), n=st.integers(1, 60), unit=st.sampled_from(["day", "workday", "month"]))
def test_a_light_never_goes_back(days, n, unit):
    clock, started = Clock(n=n, unit=unit), at("2025-01-06")
    order = ["green", "yellow", "red"]
    now = started + timedelta(days=days)
    assert order.index(light(now, clock, started)) <= order.index(light(now + timedelta(days=1), clock, started))


@pytest.mark.parametrize(("days", "pushes"), [(0, 0), (1, 1), (6.9, 1), (7, 2), (13.9, 2), (14, 3), (365, 53)])
def test_a_missing_reply_is_pushed_at_its_deadline_and_each_week_after_it(days, pushes):
    due_at = at("2026-03-02")
    assert rules.pushes_owed(LIGHTS, due_at=due_at, now=due_at + timedelta(days=days)) == pushes
