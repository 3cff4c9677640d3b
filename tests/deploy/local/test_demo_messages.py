"""The demo's messages: real ones where they lie beside the project, the project's own sixty elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.local import demo_messages


def test_without_the_real_messages_the_projects_own_sixty_take_their_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(demo_messages, "REAL", tmp_path / "not-there.csv.gz")
    found = demo_messages.messages(300)
    assert len(found) == len({m.text for m in found}) == 60
    assert all(m.title and m.text and m.reply for m in found)


def test_no_message_is_longer_than_the_door_takes() -> None:
    found = demo_messages.messages(300)
    assert len(found) >= 60
    assert max(len(m.title) for m in found) <= demo_messages.TITLE
    assert max(len(m.text) for m in found) <= demo_messages.TEXT
