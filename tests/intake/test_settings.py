from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from services.intake.settings import IntakePolicy, Settings
from shared.profile import ProfileNotValid, load
from shared.profile import whole as profile_whole
from shared.settings import ROOT

WUJIN: dict[str, Any] = profile_whole(ROOT / "deploy" / "profiles" / "wujin.yaml")


def refusal_of(tmp_path: Path, **changes: Any) -> str:
    """What loading says of the profile with these changes to its intake section."""
    profile = deepcopy({"profile": "changed", "version": 7, "intake": {**WUJIN["intake"], **changes}})
    file = tmp_path / "changed.yaml"
    file.write_text(yaml.safe_dump(profile, allow_unicode=True), "utf-8")
    with pytest.raises(ProfileNotValid) as raised:
        load(file, "intake", IntakePolicy)
    return str(raised.value)


def test_the_profile_of_wujin_has_the_fifteen_first_level_categories_and_six_steps() -> None:
    policy = load(ROOT / "deploy" / "profiles" / "wujin.yaml", "intake", IntakePolicy)
    assert len(policy.categories) == 15
    assert [s.label.zh for s in policy.steps] == ["受理", "分类", "交办", "督办", "反馈", "上报"]
    assert all(word for c in policy.categories for words in c.keywords.values() for word in words)


def test_a_profile_that_does_not_hang_together_is_refused_with_what_is_wrong(tmp_path: Path) -> None:
    section = WUJIN["intake"]
    progress = {k: v for k, v in section["progress"].items() if k not in {"overdue", "closed"}}
    assert "progress lacks closed, overdue" in refusal_of(tmp_path, progress=progress)
    assert "unknown steps: reported" in refusal_of(tmp_path, steps=section["steps"][:-1])
    assert "appears twice" in refusal_of(tmp_path, categories=[section["categories"][0]] * 2)
    assert "intake.certain.share" in refusal_of(tmp_path, certain={**section["certain"], "share": 1.5})
    assert "intake.steps.0.label.en" in refusal_of(tmp_path, steps=[{"code": "accepted", "label": {"zh": "受理"}}])


def test_without_a_master_key_intake_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LIANXIN_MASTER_KEY")
    with pytest.raises(ValidationError, match="master_key"):
        Settings()
    monkeypatch.setenv("LIANXIN_MASTER_KEY", "too-short")
    with pytest.raises(ValidationError, match="master_key") as raised:
        Settings()
    assert "too-short" not in str(raised.value)


def test_the_master_key_is_not_shown_when_settings_are_logged() -> None:
    settings = Settings()
    key = settings.master_key.get_secret_value()
    assert key not in str(settings.describe())
    assert key not in repr(settings)
