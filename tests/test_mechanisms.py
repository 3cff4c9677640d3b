"""`docs/mechanisms.md` names tests that exist, and leaves no row without a word."""

from __future__ import annotations

import re

from tests.house import ROOT

ROWS = 106
"""Mechanisms in the domain handbook, section 8."""


def test_every_mechanism_is_shown_by_a_test_that_exists_or_says_not_yet() -> None:
    page = (ROOT / "docs" / "mechanisms.md").read_text("utf-8")
    rows = [line.strip("|").split("|") for line in page.splitlines() if line.startswith("| ") and not line.startswith("| mechanism")]
    assert len(rows) == ROWS
    for row in rows:
        shown = row[2].strip()
        if shown == "not yet":
            continue
        path, _, name = shown.strip("`").partition("::")
        assert re.search(rf"def {name}\(", (ROOT / path).read_text("utf-8")), f"{shown} does not exist"
