"""The section of the profile: what does not hang together is refused at start, with its key path."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.directory.accounts.rules import permissions_of
from services.intake.settings import IntakePolicy
from shared.profile import ProfileNotValid, load
from shared.profile import whole as profile_whole
from shared.settings import ROOT
from tests import kit

WUJIN: dict[str, Any] = profile_whole(ROOT / "deploy" / "profiles" / "wujin.yaml")
SECTION = WUJIN["intake"]["suggestions"]


def refusal_of(tmp_path: Path, **changes: Any) -> str:
    whole = deepcopy(WUJIN)
    whole["intake"]["suggestions"].update(changes)
    file = tmp_path / "changed.yaml"
    file.write_text(yaml.safe_dump(whole, allow_unicode=True), "utf-8")
    with pytest.raises(ProfileNotValid) as raised:
        load(file, "intake", IntakePolicy)
    return str(raised.value)


def test_what_does_not_hang_together_is_refused_with_what_is_wrong(tmp_path: Path) -> None:
    without = {code: label for code, label in SECTION["statuses"].items() if code != "passed"}
    assert "statuses lacks passed" in refusal_of(tmp_path, statuses=without)
    assert "grounds has a code twice" in refusal_of(tmp_path, grounds=[SECTION["grounds"][0]] * 2)
    assert "do not add up to 100" in refusal_of(tmp_path, quality=SECTION["quality"][1:])
    unknown = [{**one, "any_of": ["hearsay"]} if one["by"] == "formed_by" else one for one in SECTION["quality"]]
    assert "unknown formed_by: hearsay" in refusal_of(tmp_path, quality=unknown)
    assert "suggestions.pre_submission" in refusal_of(tmp_path, pre_submission={"allowed_for": [], "required_for": ["recess"]})
    assert "suggestions.withdrawal.until" in refusal_of(tmp_path, withdrawal={**SECTION["withdrawal"], "until": "never"})
    late = {**SECTION["sessions"][0], "submit_until": "2026-01-01"}
    assert "suggestions.sessions.0" in refusal_of(tmp_path, sessions=[late])
    assert "parts lacks" in refusal_of(tmp_path, parts={})
    assert "suggestions.kinds.bill.en" in refusal_of(tmp_path, kinds={**SECTION["kinds"], "bill": {"zh": "议案"}})


def test_the_ten_grounds_of_the_handbook_are_there_in_both_languages() -> None:
    policy = load(ROOT / "deploy" / "profiles" / "wujin.yaml", "intake", IntakePolicy).suggestions
    assert len(policy.grounds) == 10
    assert all(one.label.zh and one.label.en for one in policy.grounds)
    assert [one.zh for one in policy.points.values()] == ["合法性", "必要性", "可操作性"]


def test_the_test_kit_s_roles_may_on_suggestions_and_personal_data_what_directory_grants_them() -> None:
    ours = ("suggestion.", "personal.", "figures.", "export.")
    for role, permissions in kit.ROLE_PERMISSIONS.items():
        own = {one for one in permissions.split() if one.startswith(ours)}
        assert own == {one for one in permissions_of(role, False) if one.startswith(ours)}, role
