"""Settings, scale and the addresses made from them."""

import pytest

from deploy.local.errors import LocalError
from deploy.local.settings import RunSettings, parse_scale, read_settings

NAMES = ("intake", "routing", "gateway")


def test_scale_takes_commas_and_blanks_and_defaults_to_one() -> None:
    assert parse_scale("routing=3, intake=2", NAMES) == {"intake": 2, "routing": 3, "gateway": 1}
    assert parse_scale("", NAMES) == dict.fromkeys(NAMES, 1)


def test_a_wrong_scale_lists_the_services() -> None:
    with pytest.raises(LocalError, match="intake, routing, gateway"):
        parse_scale("router=3", NAMES)


def test_the_public_url_is_what_qr_codes_say_and_the_local_one_is_reachable() -> None:
    assert RunSettings(host="0.0.0.0", port=80).url == "http://127.0.0.1:80"
    assert RunSettings(host="::", port=80).url == "http://[::1]:80"
    assert RunSettings(port=9000).shown_url == "http://127.0.0.1:9000"
    assert RunSettings(public_url="https://lianxin.example/").shown_url == "https://lianxin.example"


def test_a_relative_data_folder_becomes_absolute(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIANXIN_DATA", "here")
    assert read_settings().data.is_absolute()


def test_a_wrong_site_names_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIANXIN_SITE", "no such place")
    with pytest.raises(LocalError, match="LIANXIN_SITE"):
        read_settings()
