from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from services.intake.privacy import rules
from services.intake.privacy.errors import GroundNotListed, MatterStillOpen, PurposeUnknown
from services.intake.privacy.settings import PrivacyPolicy
from services.intake.settings import IntakePolicy
from shared.profile import load
from shared.settings import ROOT

POLICY = load(ROOT / "deploy" / "profiles" / "wujin.yaml", "intake", IntakePolicy).privacy


def test_what_is_shown_by_default_tells_neither_the_name_nor_the_number() -> None:
    fields = {"name": "张三丰", "phone": "+86 138-1234-5678", "address": "湖塘镇 12 号", "card": None}
    assert rules.masked(fields) == {"name": "张**", "phone": "861****5678", "address": "****", "card": None}
    assert rules.masked({"name": "欧阳金丝雀", "phone": "13812341234"}) == {"name": "欧**", "phone": "138****1234"}


@given(st.text("0123456789 -+", min_size=1, max_size=24))
def test_of_a_number_at_least_its_middle_is_hidden_and_of_a_short_one_all(phone: str) -> None:
    digits = "".join(c for c in phone if c.isdigit())
    shown = rules.masked({"phone": phone})["phone"] or ""
    assert len([c for c in shown if c.isdigit()]) <= min(7, max(0, len(digits) - 1))


def test_purposes_and_grounds_are_those_of_the_profile() -> None:
    rules.check_purpose(POLICY, "reply")
    with pytest.raises(PurposeUnknown):
        rules.check_purpose(POLICY, "好奇")
    rules.check_ground(POLICY.erase_grounds, "asked")
    with pytest.raises(GroundNotListed):
        rules.check_ground(POLICY.erase_grounds, "in_court")


def test_what_is_under_way_keeps_its_contact_data() -> None:
    rules.check_over("petition", is_open=False)
    with pytest.raises(MatterStillOpen):
        rules.check_over("petition", is_open=True)


def test_a_profile_says_of_every_group_how_long_it_is_kept() -> None:
    whole = POLICY.model_dump()
    with pytest.raises(ValidationError, match="retention names each of"):
        PrivacyPolicy.model_validate({**whole, "retention": whole["retention"][1:]})
    with pytest.raises(ValidationError, match="appears twice"):
        PrivacyPolicy.model_validate({**whole, "purposes": [*whole["purposes"], whole["purposes"][0]]})
