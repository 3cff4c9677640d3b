"""The state machine as a table, and the other pure decisions."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import product
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.routing import rules
from services.routing.settings import RoutingPolicy
from shared.profile import load
from shared.profile import whole as profile_whole
from shared.settings import ROOT
from shared.workdays import CHINA, Clock, official_calendar
from tests.routing import golden

POLICY = load(ROOT / "deploy" / "profiles" / "wujin.yaml", "routing", RoutingPolicy)
CALENDAR = official_calendar()
STATUSES, ACTIONS = get_args(rules.Status), get_args(rules.Action)


def _after(status: str, action: str) -> str:
    try:
        return rules.transition(status, action, number="n", version=1).next
    except rules.Refused as refusal:
        return refusal.code()


def test_each_pair_of_status_and_action_leads_on_or_is_refused_by_its_fact():
    none, got, won, objected, done, closed = (
        "CaseNotAssigned",
        "CaseNotAccepted",
        "CaseAlreadyAccepted",
        "CaseUnderObjection",
        "CaseAlreadyReplied",
        "CaseAlreadyClosed",
    )
    out, gone = "withdrawn", "CaseWasWithdrawn"
    again = "hand_over_again"
    moving = ("extend", "agree", "decline", "pause", "resume")
    actions = (
        "assign",
        "accept",
        "object",
        "reply",
        "rate",
        "reopen",
        "withdraw",
        "uphold",
        "contact",
        "file",
        "lapse",
        again,
        "deliver",
        *moving,
    )
    table = {
        #             assign      accept      object      reply      rate     reopen withdraw uphold contact file lapse again deliver
        "to_assign": ("assigned", none, none, none, none, none, out, none, none, "closed", none, none, none, *(none,) * 5),
        "assigned": ("assigned", "accepted", "objected", got, got, got, out, got, "assigned", *(got,) * 9),
        "accepted": (won, won, won, "replied", won, won, out, won, "accepted", *(won,) * 4, *("accepted",) * 5),
        "replied": (done, done, done, done, "closed", "assigned", out, done, "replied", done, "closed", done, "replied", *(done,) * 5),
        "closed": (*(closed,) * 11, "assigned", "closed", *(closed,) * 5),
        "objected": ("assigned", objected, objected, objected, objected, objected, out, "assigned", *(objected,) * 10),
        "withdrawn": (gone,) * 18,
    }
    assert set(ACTIONS) == set(actions)
    assert {status: tuple(_after(status, action) for action in actions) for status in STATUSES} == table


def test_every_status_can_be_reached_and_only_closed_and_withdrawn_are_final():
    reached = {"to_assign"} | {t.next for t in rules.TRANSITIONS}
    assert reached == set(STATUSES)
    ways_on = {t.status for t in rules.TRANSITIONS if t.next != t.status and t.action != "hand_over_again"}
    assert set(STATUSES) - ways_on == {"closed", "withdrawn"}
    assert set(rules.REFUSALS) == set(STATUSES)
    assert len({(t.status, t.action) for t in rules.TRANSITIONS}) == len(rules.TRANSITIONS)


def test_a_door_has_one_permission_and_ratings_have_no_door():
    of_unit = {"accept", "object", "reply", "contact", "extend"}
    of_desk = {"assign", "uphold", "agree", "decline", "pause", "resume"}
    doors = {action: rules.permission_of(action) for action in of_unit | of_desk}
    assert {action for action, permission in doors.items() if permission == "case.assign"} == of_desk
    assert {action for action, permission in doors.items() if permission == "case.handle"} == of_unit
    for action in ("rate", "reopen"):
        with pytest.raises(ValueError, match="no one permission"):
            rules.permission_of(action)


@pytest.mark.parametrize(
    ("event", "lead"),
    [
        (golden.opinion(0, "x"), "housing"),
        (golden.opinion(0, "x", source="rule", confidence=0.75), "housing"),
        (golden.opinion(0, "x", source="rule", confidence=0.74), None),
        (golden.opinion(0, "x", source="model", confidence=0.75), "housing"),
        (golden.opinion(0, "x", source="model", confidence=0.74), None),
        (golden.opinion(0, "x", source="none", confidence=1.0), None),
        (golden.opinion(0, "x", None), None),
        (golden.opinion(0, "x", "discipline"), None),
        (golden.opinion(0, "x", "astronomy"), None),
    ],
)
def test_a_rule_names_a_lead_only_when_it_is_certain(event, lead):
    assert rules.proposed_lead(POLICY, event) == lead


def test_the_longest_region_code_that_fits_overrides_the_lead():
    places = {"320412001": "town_office", "320412001003": "village_office"}
    category = POLICY.category("construction").model_copy(update={"regions": places})
    policy = POLICY.model_copy(update={"categories": (category,)})
    regions = ("320412001003", "320412001004", "320412002", "320412")
    leads = [rules.proposed_lead(policy, golden.opinion(0, "x", region=region)) for region in regions]
    assert leads == ["village_office", "town_office", "housing", "housing"]


def test_an_organisation_serves_until_it_was_closed_down_for_good():
    day = [datetime(2026, 1, n, tzinfo=UTC) for n in range(1, 5)]
    assert rules.serves_until([(True, day[0])]) == rules.FOREVER
    assert rules.serves_until([(False, day[0])]) is None
    assert rules.serves_until([(True, day[0]), (False, day[1])]) == day[1]
    assert rules.serves_until([(True, day[0]), (False, day[1]), (True, day[2])]) == rules.FOREVER
    assert rules.serves_until([]) is None


def _due(matter: str, round_: int, handed: str, first: str) -> date:
    moments = [datetime.fromisoformat(f"{day}T10:00:00+08:00") for day in (handed, first)]
    return (
        rules.reply_due(POLICY.clocks, matter, round_, handed_over_at=moments[0], round_from=moments[1], calendar=CALENDAR)
        .at.astimezone(CHINA)
        .date()
    )


def test_a_suggestion_is_due_three_months_from_hand_over_and_never_after_six():
    assert _due("suggestion", 1, "2026-01-15", "2026-01-15") == date(2026, 4, 15)
    assert _due("suggestion", 1, "2026-03-15", "2026-01-15") == date(2026, 6, 15)
    assert _due("suggestion", 1, "2026-06-15", "2026-01-15") == date(2026, 7, 15)


def test_an_opinion_is_due_in_seven_working_days_and_again_in_a_month():
    assert _due("opinion", 1, "2026-03-02", "2026-03-02") == date(2026, 3, 11)
    assert _due("opinion", 1, "2026-02-13", "2026-02-13") == date(2026, 3, 2)
    assert _due("opinion", 2, "2026-03-31", "2026-03-31") == date(2026, 4, 30)


def test_no_reassignment_ever_moves_a_due_date_past_the_longest_clock():
    longest = POLICY.clocks.longest
    assert longest == Clock(n=6, unit="month", source=longest.source)

    @given(handed=st.integers(0, 400), matter=st.sampled_from(["opinion", "suggestion"]), round_=st.integers(1, 3))
    def holds(handed: int, matter: str, round_: int) -> None:
        first = datetime(2026, 1, 15, 2, tzinfo=UTC)
        due = rules.reply_due(
            POLICY.clocks, matter, round_, handed_over_at=first + timedelta(days=handed), round_from=first, calendar=CALENDAR
        )
        assert due.at.astimezone(CHINA).date() <= date(2026, 7, 15)

    holds()


@pytest.mark.parametrize(("status", "round_", "rated"), list(product(STATUSES, (1, 2), (1, 2, 3))))
def test_a_rating_counts_only_for_the_reply_of_the_current_round(status, round_, rated):
    reason = rules.not_counted(status, round_, rated)
    assert (reason is None) == (status == "replied" and rated == round_)
    if rated < round_:
        assert reason == "stale_round"
    elif status == "closed":
        assert reason == ("already_rated" if rated == round_ else "closed")
    elif status == "withdrawn":
        assert reason == "closed"
    elif reason:
        assert reason == "not_replied"


def test_the_profile_knows_the_categories_and_classes_that_intake_knows():
    profile = profile_whole(ROOT / "deploy" / "profiles" / "wujin.yaml")
    assert {c.code for c in POLICY.categories} == {c["code"] for c in profile["intake"]["categories"]}
    assert {c.code: c.label.model_dump() for c in POLICY.result_classes} == profile["intake"]["result_labels"]


def test_a_profile_that_names_a_class_twice_is_refused_with_its_place():
    broken = POLICY.model_dump(exclude={"profile_version"}) | {"result_classes": [POLICY.result_classes[0].model_dump()] * 2}
    with pytest.raises(ValueError, match="appears twice: A"):
        RoutingPolicy.model_validate(broken | {"profile_version": "x@1"})
