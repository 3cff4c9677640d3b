"""numpy belongs to a loaded model, scikit-learn to training: nobody else pays for them, and the preloading parent starts no thread."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from shared.settings import ROOT
from tests.intake.understanding import sentences

NUMERIC = {"numpy", "scipy", "sklearn", "joblib", "pandas"}
ALLOWED = {
    "services/intake/understanding/grams.py": {"numpy"},
    "services/intake/understanding/linear.py": {"numpy"},
    "deploy/training/fit.py": {"numpy", "scipy", "sklearn"},
}
WHO_IMPORTS_THEM = {
    "services/intake/understanding/linear.py": "services.intake.understanding.grams",
    "services/intake/understanding/loading.py": "services.intake.understanding.linear",
    "deploy/training/fit.py": "services.intake.understanding.grams services.intake.understanding.linear",
    "deploy/cli/train.py": "deploy.training.fit services.intake.understanding.linear",
}

PRELOADED = """
import sys
from deploy.local.replica import preload
from deploy.local.table import PRELOAD
preload(PRELOAD)
import deploy.cli.main
print(sorted({name.partition(".")[0] for name in sys.modules} & {"numpy", "scipy", "sklearn", "joblib", "pandas"}))
"""
LOADED = """
import pathlib, sys
from services.intake.understanding.loading import loaded
model = loaded(pathlib.Path(sys.argv[1]))
print(model.best("城乡巴士过站不停", "").category)
print(sorted({name.partition(".")[0] for name in sys.modules} & {"numpy", "scipy", "sklearn", "joblib", "pandas"}))
"""


def printed(script: str, *arguments: str) -> list[str]:
    done = subprocess.run([sys.executable, "-c", script, *arguments], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def test_neither_services_nor_commands_import_them_before_a_model_is_asked_for() -> None:
    assert printed(PRELOADED) == ["[]"]


def test_a_loaded_model_brings_numpy_and_nothing_of_what_it_was_trained_with(tmp_path: Path) -> None:
    path = tmp_path / "classifier.npz"
    path.write_bytes(sentences.model_file())
    assert printed(LOADED, str(path))[-2:] == ["transport", "['numpy']"]


def test_only_the_model_and_the_trainer_name_them() -> None:
    heavy = {"services.intake.understanding.grams", "services.intake.understanding.linear", "deploy.training.fit"}
    numeric, indirect = {}, {}
    for folder in ("services", "shared", "deploy"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            name, modules = str(path.relative_to(ROOT)), set(imported(path))
            if found := {module.partition(".")[0] for module in modules} & NUMERIC:
                numeric[name] = found
            if found := modules & heavy:
                indirect[name] = " ".join(sorted(found))
    assert numeric == ALLOWED
    assert indirect == WHO_IMPORTS_THEM
