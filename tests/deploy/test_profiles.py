"""`lianxin profile check | diff | explain`: the profiles that are here hold together, faults are named, differences are in words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from deploy.cli.main import app
from deploy.policy.check import check, models
from deploy.policy.diff import differences
from deploy.policy.explain import NoSuchKey, explain
from services.routing.settings import RoutingPolicy
from shared.profile import PROFILES, load, whole

PLACES = ("national", "wujin", "tongzhou", "qidong", "ordos", "xuelang")


def write(folder: Path, routing: dict[str, Any] | None = None, **said: Any) -> Path:
    """An invented place that says only this."""
    document = {"profile": "yunxi", "version": 1, "extends": "national", **said}
    path = folder / "yunxi.yaml"
    path.write_text(yaml.safe_dump(document | ({"routing": routing} if routing else {}), allow_unicode=True), "utf-8")
    return path


def run(*arguments: str) -> tuple[int, str]:
    outcome = CliRunner().invoke(app, ["profile", *arguments])
    return outcome.exit_code, outcome.output


def test_each_profile_that_is_here_holds_together() -> None:
    assert {path.stem for path in PROFILES.glob("*.yaml")} >= set(PLACES)
    assert {path.stem: check(path) for path in PROFILES.glob("*.yaml")} == {path.stem: [] for path in PROFILES.glob("*.yaml")}
    code, said = run("check")
    assert code == 0 and said.count("holds together") == len(list(PROFILES.glob("*.yaml")))


@pytest.mark.parametrize(
    ("place", "phases", "classes", "channels"),
    [
        ("wujin", "提交办督", "ABC", ("net",)),
        ("tongzhou", "事前沟通事中协调事后督办双测评", "ABC", ("net", "paper")),
        ("qidong", "提交督办", "ABC", ("net", "group")),
        ("ordos", "提交办督评", "ABC", ("net",)),
        ("xuelang", "提办督", "ABCD", ("net",)),
        ("national", "提交办督评", "ABCD", ("net",)),
    ],
)
def test_the_places_differ_as_the_handbook_says(place: str, phases: str, classes: str, channels: tuple[str, ...]) -> None:
    policy = load(PROFILES / f"{place}.yaml", "routing", RoutingPolicy)
    assert "".join(phase.label.zh for phase in policy.phases) == phases
    assert "".join(one.code for one in policy.result_classes) == classes
    assert policy.ratings.channels == channels
    assert (policy.clocks.fast_lane is not None) == (place == "wujin")


@pytest.mark.parametrize("place", [place for place in PLACES if place != "national"])
def test_a_place_repeats_nothing_that_it_inherits(place: str) -> None:
    own = yaml.safe_load((PROFILES / f"{place}.yaml").read_text("utf-8"))
    national = whole(PROFILES / "national.yaml")

    def repeated(key: str, said: Any, base: Any) -> list[str]:
        if isinstance(said, dict) and isinstance(base, dict):
            return [found for name in said if name in base for found in repeated(f"{key}.{name}", said[name], base[name])]
        return [key] if said == base else []

    assert [found for name in own.keys() & national.keys() - {"version"} for found in repeated(name, own[name], national[name])] == []


def test_a_place_that_nobody_knew_is_made_by_yaml_alone(tmp_path: Path) -> None:
    """Only the national default stands beside it: the other profiles are not there."""
    (tmp_path / "national.yaml").write_text((PROFILES / "national.yaml").read_text("utf-8"), "utf-8")
    leaderless = [{"code": one["code"]} for one in _categories()]
    path = write(tmp_path, {"clocks": {"reply": {"opinion": {"n": 15, "unit": "workday"}}}, "categories": leaderless})
    assert check(path) == []
    for section, model in models().items():
        assert load(path, section, model)
    assert run("check", str(path))[0] == 0


def _categories() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = whole(PROFILES / "national.yaml")["routing"]["categories"]
    return found


NOTHING_DONE = {"code": "A", "label": {"zh": "甲", "en": "A"}, "counts_as_done": False, "counts_as_promise": False}


@pytest.mark.parametrize(
    ("routing", "fault"),
    [
        ({"clocks": {"longest": None}}, "routing.clocks.longest: Field required"),
        ({"clocks": {"longest": {"n": 9, "unit": "month"}}}, "代表法 51"),
        ({"clocks": {"reply": {"suggestion": {"n": 4, "unit": "month"}}}}, "suggestion: 4 months is longer than 3 months (代表法 51)"),
        ({"clocks": {"reply": {"opinion": {"n": 300, "unit": "day"}}}}, "reply.opinion: 300 days is longer than the longest, 6 months"),
        ({"clocks": {"co_handler": {"opinion": {"n": 2, "unit": "month"}}}}, "opinion: 2 months ends after the reply, 7 workdays"),
        ({"clocks": {"objection": {"n": 1, "unit": "month"}}}, "objection: 1 month ends after the reply of opinion"),
        ({"lights": {"yellow_share": 80}}, "routing.lights.yellow_share: Input should be less than or equal to 1"),
        ({"automatic": {"confidence": 75}}, "routing.automatic.confidence: Input should be less than or equal to 1"),
        ({"reports": {"decimals": 9}}, "routing.reports.decimals"),
        ({"result_classes": [NOTHING_DONE]}, "none counts as done"),
        ({"categories": [{"code": "construction", "lead": "nobody"}]}, "routing.categories.construction.lead: no organisation nobody"),
        ({"categories": [{"code": "construction", "regions": {"320": "nobody"}}]}, "construction.regions.320: no organisation nobody"),
        ({"categories": [{"code": "astronomy"}]}, "routing.categories.astronomy: no category of intake"),
        ({"categories": [{"code": "land", "label": {"zh": "土", "en": "Soil"}}]}, "land.label: 土 here, 国土资源 with intake"),
        ({"phases": [{"code": "all", "label": {"zh": "全", "en": "All"}, "of": ["closed", "closed"]}]}, "phases do not show once each"),
        ({"ratings": {"scale": {"dissatisfied": None}}}, "scale lacks dissatisfied"),
        ({"tea": 1}, "routing.tea: Extra inputs are not permitted"),
    ],
)
def test_a_fault_is_named_with_its_place(tmp_path: Path, routing: dict[str, Any], fault: str) -> None:
    path = write(tmp_path, routing)
    assert any(fault in line and line.startswith(str(path)) for line in check(path)), check(path)
    code, said = run("check", str(path))
    assert code == 1 and fault in said


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ({"rooting": {}}, "rooting: no such section; there are directory, intake, routing"),
        ({"profile": "elsewhere"}, "profile: is 'elsewhere', but the file is called yunxi"),
        ({"version": None}, "version: missing"),
        ({"extends": "nowhere"}, "no such profile"),
        ({"intake": {"result_labels": {"D": None}}}, "intake.result_labels: lacks D"),
        ({"intake": {"result_labels": {"E": {"zh": "戊", "en": "E"}}}}, "intake.result_labels.E: no class"),
        ({"scoring": {"tables": []}}, "scoring.tables"),
    ],
)
def test_a_fault_between_sections_or_in_another_is_named_too(tmp_path: Path, said: dict[str, Any], fault: str) -> None:
    path = write(tmp_path, **said)
    assert any(fault in line for line in check(path)), check(path)


def test_a_difference_is_told_in_words_and_in_what_it_means(tmp_path: Path) -> None:
    fifteen, same = {"n": 15, "unit": "workday", "source": "own"}, {"n": 6, "unit": "month", "source": "said anew"}
    changed = write(
        tmp_path,
        {
            "clocks": {"reply": {"suggestion": fifteen}, "longest": same},
            "automatic": {"confidence": 0.9},
            "categories": [{**c, "lead": "transport"} if c["code"] == "construction" else c for c in _categories()],
        },
    )
    found = {".".join(one.key): one for one in differences(PROFILES / "national.yaml", changed)}
    assert set(found) == {"routing.clocks.reply.suggestion", "routing.automatic.confidence", "routing.categories.construction.lead"}
    reply = found["routing.clocks.reply.suggestion"]
    assert reply.said == "reply clock of suggestions 建议答复期限: 15 workdays instead of 3 months"
    assert reply.effect == "what begins on 2026-03-02 ends on 2026-03-23, not on 2026-06-02"
    assert found["routing.categories.construction.lead"].effect == "new cases of construction go to transport instead of housing"
    assert "certain from 0.9" in str(found["routing.automatic.confidence"].effect)


def test_the_difference_of_two_places_and_of_none() -> None:
    code, said = run("diff", "national", "tongzhou")
    assert code == 0
    assert "channels of rating 评价渠道: [net, paper] instead of [net]" in said
    assert "a reply of class D is refused from now on" in said
    assert "shares are shown as 33.33 %" in said
    assert run("diff", "wujin", "wujin") == (0, "No differences 没有不同.\n")
    code, said = run("diff", "wujin", "atlantis")
    assert code == 2 and "no such profile" in said


def test_a_value_is_explained_by_its_file_line_and_law() -> None:
    found = explain(PROFILES / "wujin.yaml", "routing.clocks.longest")
    [said] = found.said
    assert (said.profile, said.value["n"], said.source) == ("national@1", 6, "代表法 51: 自交办之日起最长 6 个月")
    assert (PROFILES / "national.yaml").read_text("utf-8").splitlines()[said.line - 1].strip().startswith("longest:")
    assert explain(PROFILES / "wujin.yaml", "routing.clocks.longest.n").value == 6


def test_what_overrides_and_what_is_overridden_are_both_told_with_their_remarks() -> None:
    own, base = explain(PROFILES / "tongzhou.yaml", "routing.reports.decimals").said
    assert (own.profile, own.value, base.profile, base.value) == ("tongzhou@1", 2, "national@1", 1)
    assert "83.87" in str(own.source) and "设计原则 6" in str(base.source)
    code, said = run("explain", "tongzhou", "routing.result_classes.A.label.zh")
    assert code == 0 and "已解决或者采纳" in said and "tongzhou.yaml:" in said and "依据" in said


def test_a_key_that_is_not_there_is_answered_with_those_that_are() -> None:
    with pytest.raises(NoSuchKey, match=r"routing\.clocks\.nope: no such key; there are .*longest"):
        explain(PROFILES / "wujin.yaml", "routing.clocks.nope")
    code, said = run("explain", "wujin", "routing.reports.decimals.more")
    assert code == 2 and "nothing below a plain value" in said
