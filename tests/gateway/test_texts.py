"""Every refusal of the gateway has words in both languages."""

from __future__ import annotations

import inspect

import pytest

from services.gateway import errors
from services.gateway.settings import LIMITS, LimitRule, Settings
from shared.errors import Refused
from shared.problem import document

OWN = [cls for _, cls in inspect.getmembers(errors, inspect.isclass) if issubclass(cls, Refused) and cls is not Refused]


@pytest.mark.parametrize("refusal", OWN)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_refusal_says_what_and_what_to_do(refusal: type[Refused], language: str) -> None:
    told = document(refusal(limit=5, retry_after=3, header="host", service="intake"), language, "r")
    assert told["title"]
    assert told["detail"]
    assert "…" not in told["title"] + told["detail"]
    assert any("一" <= c <= "鿿" for c in told["title"]) is (language == "zh")


def test_settings_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIANXIN_UPSTREAMS", '{"intake": "http://127.0.0.1:9001"}')
    monkeypatch.setenv("LIANXIN_TRUSTED_PROXIES", '["10.0.0.0/8"]')
    monkeypatch.setenv("LIANXIN_LIMITS", '[{"name": "a", "per": ["address"], "rate": "5/second"}]')
    read = Settings()
    assert str(read.upstreams["intake"]) == "http://127.0.0.1:9001/"
    assert read.limits == (LimitRule(name="a", per=("address",), rate="5/second"),)
    assert Settings(limits=LIMITS).limits == LIMITS


@pytest.mark.parametrize(
    "wrong", [{"upstreams": {"In take": "http://x"}}, {"limits": [{"name": "a", "per": ["colour"], "rate": "1/second"}]}]
)
def test_settings_that_make_no_sense_are_refused_at_the_start(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="String should match pattern"):
        Settings(**wrong)


def test_a_rate_that_cannot_be_read_is_refused_at_the_start() -> None:
    with pytest.raises(ValueError, match="couldn't parse"):
        Settings(limits=[{"name": "a", "per": ["address"], "rate": "often"}])
