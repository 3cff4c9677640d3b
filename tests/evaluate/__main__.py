"""`make evaluate`: trains in five folds, compares with a plain control, writes the figures; exit status 1 when a floor is missed.

No text of the data is in what it writes but in `results/wrong-labels.txt`, which git ignores.
"""

from __future__ import annotations

import hashlib
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from deploy.training.fit import train
from deploy.training.messages import Message, read_messages
from services.intake.settings import IntakePolicy
from services.intake.understanding.linear import Model, as_bytes, read
from shared import profile
from shared.settings import ROOT
from tests.bench.figures import Figure
from tests.evaluate import folds, measures, report
from tests.evaluate.folds import Said

PROFILE = ROOT / "deploy" / "profiles" / "wujin.yaml"
AHEAD_OF_CONTROL = 0.005


def main() -> int:
    """Everything; 0 when all floors are reached, 1 when one is missed, 2 without data."""
    console, data = Console(soft_wrap=True, highlight=False), Path(sys.argv[1])
    if not data.is_file():
        console.print(f"{data} is not here: nothing to evaluate on. `make evaluate DATA=…`")
        return 2
    policy = profile.load(PROFILE, "intake", IntakePolicy)
    messages = read_messages(data, policy.classifier.labels, [category.code for category in policy.categories])
    console.print(f"{len(messages)} messages; some five minutes", style="dim")
    began = time.monotonic()

    def say(line: str) -> None:
        console.print(f"{time.monotonic() - began:5.0f} s  {line}", style="dim")

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.npz"
        whole, titles = folds.ours(messages, lambda model: _through_file(model, path), say)
        plain = folds.control(messages, say)
        started = time.monotonic()
        model = _through_file(train(messages, {"trained_at": "evaluation", "labels": policy.classifier.labels}), path)
        took = time.monotonic() - started
        say("measuring pace and memory")
        found = [*_accuracy(messages, whole, titles, plain), *_footprint(model, messages, path, took)]
    source = {"sha256": hashlib.sha256(data.read_bytes()).hexdigest(), "messages": len(messages), "categories": list(whole.categories)}
    details: dict[str, Any] = {
        "ours": measures.described(whole),
        "control": measures.described(plain),
        "together": measures.together(policy, messages, whole),
        "wrong_labels": report.suspects(messages, whole),
    }
    return report.conclude(found, source, details, messages, whole, console)


def _through_file(model: Model, path: Path) -> Model:
    path.write_bytes(as_bytes(model))
    return read(path)


def _accuracy(messages: Sequence[Message], whole: Said, titles: Said, plain: Said) -> list[Figure]:
    control = measures.macro_f1(plain)
    without_text = [not message.text.strip() for message in messages]
    short, short_plain = measures.part(whole, without_text), measures.part(plain, without_text)
    return [
        _figure("control_macro_f1", "", control),
        _figure("control_accuracy_at_90", "", measures.accuracy_of_the_surest(plain)),
        _figure("macro_f1", "", measures.macro_f1(whole), floor=round(control + AHEAD_OF_CONTROL, 4), aim=0.93),
        _figure("accuracy", "", measures.accuracy(whole)),
        _figure("accuracy_at_90", "", measures.accuracy_of_the_surest(whole), floor=0.955),
        _figure(f"title_only_macro_f1, {sum(without_text)} messages without text", "", measures.macro_f1(short)),
        _figure("title_only_accuracy, the same", "", measures.accuracy(short)),
        _figure("title_only_accuracy, the same, control", "", measures.accuracy(short_plain)),
        _figure("title_only_macro_f1, the titles of all", "", measures.macro_f1(titles)),
        _figure("title_only_accuracy, the titles of all", "", measures.accuracy(titles)),
    ]


def _footprint(model: Model, messages: Sequence[Message], path: Path, took: float) -> list[Figure]:
    rate, typical = measures.pace(model, messages)
    return [
        _figure("messages a second on one core", "1/s", rate, floor=1000),
        _figure("a message of 100 to 300 characters", "ms", typical, floor=1.0, less=True),
        _figure("model", "MB", round(path.stat().st_size / 1e6, 1), floor=30, less=True),
        _figure("memory added by loading", "MB", measures.memory_mb(path), floor=120, less=True),
        _figure("training on all", "s", round(took, 1), floor=60, less=True),
    ]


def _figure(name: str, unit: str, value: float, **bounds: Any) -> Figure:
    return Figure("classifier", name, unit, (value,), **bounds)


if __name__ == "__main__":
    sys.exit(main())
