"""The demo is loaded until it has succeeded once, and its passwords are shown once."""

import json
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from deploy.local import demo_data
from deploy.local.settings import RunSettings

DEMO = {
    "loaded": True,
    "accounts": [{"username": "desk", "role": "desk", "password": "p" * 60, "organisation": None}],
    "codes": [{"code": "c" * 90, "kind": "station", "name": "湖塘站"}],
}


def shown(data: Path, *, first: bool) -> str:
    """What is printed about the demo."""
    console = Console(file=StringIO(), width=60)
    demo_data.show_demo(console, data, first=first)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def test_the_demo_is_due_until_it_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo_data, "find_spec", lambda name: object())
    settings = RunSettings(data=tmp_path, demo=True)
    assert demo_data.demo_is_due(settings)
    demo_data.demo_file(tmp_path).write_text(json.dumps({**DEMO, "loaded": False}))
    assert demo_data.demo_is_due(settings)
    demo_data.demo_file(tmp_path).write_text(json.dumps(DEMO))
    assert not demo_data.demo_is_due(settings)
    assert not demo_data.demo_is_due(RunSettings(data=tmp_path / "other", demo=False))


def test_passwords_and_codes_are_shown_whole_at_first_and_only_their_place_later(tmp_path: Path) -> None:
    demo_data.demo_file(tmp_path).write_text(json.dumps(DEMO))
    first, later = shown(tmp_path, first=True), shown(tmp_path, first=False)
    assert "p" * 60 in first
    assert "c" * 90 in first
    assert "None" not in first
    assert "湖塘站" in first
    assert "ppp" not in later
    assert "demo.json" in later


def test_without_a_demo_nothing_is_shown(tmp_path: Path) -> None:
    assert shown(tmp_path, first=False) == ""
