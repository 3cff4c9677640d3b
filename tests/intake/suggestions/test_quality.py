"""The score of a text's quality: by the profile's rule, its parts shown with what was found."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.settings import IntakePolicy
from services.intake.suggestions import quality
from services.intake.suggestions.content import Content
from shared import profile
from shared.settings import ROOT
from tests import kit
from tests.intake.suggestions.conftest import LEAD, adviser, begun, deputy, office

POLICY = profile.load(ROOT / "deploy" / "profiles" / "wujin.yaml", "intake", IntakePolicy).suggestions
FULL = {
    "cause": "案由" * 20,
    "analysis": "分析" * 100,
    "measures": "一、查；二、改；三、管。" + "措施" * 30,
    "formed_by": ("study",),
}
ALL = {"legality": True, "necessity": True, "operability": True}


def points(favourable: dict[str, bool] | None = None, **changes: Any) -> dict[str, int]:
    scored = quality.score(POLICY, Content(**{**FULL, **changes}), ALL if favourable is None else favourable)
    assert scored["points"] == sum(part["points"] for part in scored["parts"])
    return {part["code"]: part["points"] for part in scored["parts"] if part["points"]}


def test_a_text_that_has_everything_has_all_points_and_an_empty_one_none() -> None:
    assert sum(points().values()) == 100
    assert points({}, cause="", analysis="", measures="", formed_by=()) == {}


@pytest.mark.parametrize(
    ("changes", "lost"),
    [
        ({"cause": "案由" * 14}, {"cause"}),
        ({"analysis": "短"}, {"analysis", "length"}),
        ({"measures": "应当重视" * 30}, {"measures"}),
        ({"analysis": "长" * 3000}, {"length"}),
        ({"formed_by": ("symposium",)}, {"study"}),
        ({"favourable": {**ALL, "necessity": False}}, {"necessity"}),
        ({"favourable": {"legality": True}}, {"necessity", "operability"}),
    ],
)
def test_each_thing_that_is_missing_costs_its_own_points(changes: dict[str, Any], lost: set[str]) -> None:
    assert set(points()) - set(points(**changes)) == lost


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("", 0),
        ("应当重视。", 1),
        ("一、查。二、改。", 2),
        ("一是查；二是改；三是管。", 3),
        ("1.查容量\n2.改线路", 2),
        ("（一）查\n（二）改\n（三）管", 3),
        ("第一，查。第二，改。", 2),
        ("投入1.5亿元，改造3.2公里。", 1),
        ("查容量\n改线路\n", 2),
        ("建设一、二期工程。", 1),
    ],
)
def test_measures_are_counted_by_their_numbers_or_lines(text: str, number: int) -> None:
    assert quality.measures_in(text) == number


@given(st.text(max_size=400), st.text(max_size=400), st.text(max_size=400), st.dictionaries(st.sampled_from(sorted(ALL)), st.booleans()))
def test_a_score_lies_between_none_and_all_and_never_falls_when_advisers_are_in_favour(
    cause: str, analysis: str, measures: str, favourable: dict[str, bool]
) -> None:
    content = Content(cause=cause, analysis=analysis, measures=measures)
    scored = quality.score(POLICY, content, favourable)
    assert 0 <= scored["points"] <= quality.score(POLICY, content, ALL)["points"] <= 100
    assert [part["code"] for part in scored["parts"]] == [rule.code for rule in POLICY.quality]


async def test_the_deputy_sees_each_part_with_what_was_found_and_the_check_freezes_it(service: kit.Running) -> None:
    paper = await begun(service)
    before = {part["code"]: part for part in paper.shown["quality"]["parts"]}
    assert not paper.shown["quality"]["final"]
    assert before["measures"] == {"code": "measures", "label": "措施具体", "points": 20, "of": 20, "found": 3, "asked": 2}
    assert (before["legality"]["points"], before["legality"]["found"]) == (0, None)
    await paper.done("POST", "/pre-checks", deputy(LEAD), {"organisation": "housing"})
    await paper.done("POST", "/opinions", adviser(), {"point": "legality", "favourable": True, "comment": "合法"})
    raised = paper.shown["quality"]["points"]
    assert raised == sum(part["points"] for part in before.values()) + 8
    await paper.submit()
    await paper.check()
    assert (paper.shown["quality"]["points"], paper.shown["quality"]["final"]) == (raised, True)
    assert (await paper.seen_by(office())).json()["quality"] == paper.shown["quality"]
