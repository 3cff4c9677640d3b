"""The house stands as its plan says: boundaries between services, layers within them, sizes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests import house


def test_no_house_rule_is_broken() -> None:
    assert list(house.breaches()) == []


def test_imports_keep_to_the_boundaries() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    outcome = subprocess.run([linter, "--no-cache"], cwd=house.ROOT, capture_output=True, text=True, check=False)
    assert outcome.returncode == 0, outcome.stdout[-3000:]
