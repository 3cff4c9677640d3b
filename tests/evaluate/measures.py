"""What is measured of a classifier: how often it is right, how far its probabilities can be believed, how fast and how large it is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import confusion_matrix, f1_score

from deploy.training.messages import Message
from services.intake import rules
from services.intake.settings import IntakePolicy
from services.intake.understanding.deciding import decide
from services.intake.understanding.linear import Model
from services.intake.understanding.loading import Guess, Reading
from shared.settings import ROOT
from tests.evaluate.folds import Said

ABSTAINED = 0.1
SURELY_WRONG = 0.95
"""Probability of another category from which a label looks wrong."""
_BINS = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.01)

_MEMORY = """
import json, pathlib, sys
import psutil
import services.intake.main
from services.intake.understanding.loading import loaded
me = psutil.Process()
before = me.memory_full_info().uss
loaded(pathlib.Path(sys.argv[1])).best("标题", "正文")
print(json.dumps(me.memory_full_info().uss - before))
"""


def macro_f1(said: Said) -> float:
    """The mean of the categories' F1."""
    return round(float(f1_score(said.wanted, said.found, average="macro")), 4)


def accuracy(said: Said) -> float:
    """The share that is right."""
    return round(float(said.right.mean()), 4)


def accuracy_of_the_surest(said: Said) -> float:
    """The share that is right when a tenth, the least sure, is left to the desk."""
    surest = np.argsort(-said.confidence, kind="stable")[: round((1 - ABSTAINED) * len(said.wanted))]
    return round(float(said.right[surest].mean()), 4)


def part(said: Said, chosen: Sequence[bool]) -> Said:
    """What was said of some of the messages."""
    at = np.flatnonzero(chosen)
    return Said(said.categories, said.wanted[at], said.values[at], said.probable)


def confusion(said: Said) -> list[list[int]]:
    """Messages by labelled (rows) and found (columns) category."""
    counted: list[list[int]] = confusion_matrix(said.wanted, said.found, labels=range(len(said.categories))).tolist()
    return counted


def by_category(said: Said) -> dict[str, float]:
    """F1 of each category."""
    each = f1_score(said.wanted, said.found, average=None, labels=range(len(said.categories)))
    return {category: round(float(f1), 4) for category, f1 in zip(said.categories, each, strict=True)}


def believable(said: Said) -> list[dict[str, float]]:
    """How often what was said with a probability between two bounds is right."""
    first, found = said.values.max(1), []
    for low, high in pairwise(_BINS):
        mine = (first >= low) & (first < high)
        if mine.any():
            told, right = float(first[mine].mean()), float(said.right[mine].mean())
            found.append({"from": low, "messages": int(mine.sum()), "told": round(told, 4), "right": round(right, 4)})
    return found


def suspects(said: Said) -> list[int]:
    """Messages whose label looks wrong, the surest first: a model that had not seen them is sure of another category."""
    first = said.values.max(1)
    wrong = np.flatnonzero(~said.right & (first >= SURELY_WRONG))
    return [int(at) for at in wrong[np.argsort(-first[wrong], kind="stable")]]


def together(policy: IntakePolicy, messages: Sequence[Message], said: Said) -> dict[str, dict[str, float]]:
    """What intake decides with the place's rules, with rules and model as it does, and with the model alone: how much, how well.

    The keywords of wujin were weighed on the even half of these messages, so that what has rules in it looks a little better here.
    """
    first = said.values.max(1)
    model = _Recorded(said, messages)
    mixed = [decide(policy, None, m.title, m.text, model) for m in messages]
    kinds = {
        "rules alone": [rules.classify(policy, None, m.title, m.text).category for m in messages],
        "model alone": [said.categories[at] if first[i] >= policy.classifier.abstain_below else None for i, at in enumerate(said.found)],
        "both as intake does": [one.category for one in mixed],
        "of these by a rule": [one.category if one.source == "rule" else None for one in mixed],
        "of these by the model": [one.category if one.source == "model" else None for one in mixed],
    }
    return {kind: _decided(messages, answers) for kind, answers in kinds.items()}


class _Recorded:
    """Gives as a classifier what was said out of fold."""

    version = "out of fold"

    def __init__(self, said: Said, messages: Sequence[Message]) -> None:
        self.categories = said.categories
        best = zip(said.found, said.values.max(1), strict=True)
        guesses = [Guess(said.categories[at], float(sure), ()) for at, sure in best]
        self._guesses = {(m.title, m.text): guess for m, guess in zip(messages, guesses, strict=True)}

    def best(self, title: str, text: str) -> Guess:
        return self._guesses[title, text]

    def explain(self, title: str, text: str) -> Reading:
        return Reading(self.version, (self.best(title, text),))


def _decided(messages: Sequence[Message], answers: Sequence[str | None]) -> dict[str, float]:
    right = [answer == message.category for message, answer in zip(messages, answers, strict=True) if answer is not None]
    return {"decided": round(len(right) / len(messages), 4), "right": round(sum(right) / (len(right) or 1), 4)}


def pace(model: Model, messages: Sequence[Message]) -> tuple[float, float]:
    """Messages a second on one core, and milliseconds for one of 100 to 300 characters."""
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(allowed)})
    try:
        typical = [m for m in messages if 100 <= len(m.title + m.text) <= 300]
        seconds = {}
        for name, some in (("all", messages), ("typical", typical)):
            began = time.perf_counter()
            for message in some:
                model.best(message.title, message.text)
            seconds[name] = (time.perf_counter() - began) / len(some)
    finally:
        os.sched_setaffinity(0, allowed)
    return round(1 / seconds["all"]), round(seconds["typical"] * 1000, 3)


def memory_mb(path: Path) -> float:
    """What a process of intake needs more once the model is loaded and was asked, in MB of its own memory."""
    done = subprocess.run([sys.executable, "-c", _MEMORY, str(path)], cwd=ROOT, capture_output=True, text=True, check=True)
    return round(float(json.loads(done.stdout.splitlines()[-1])) / 1e6, 1)


def described(said: Said) -> dict[str, Any]:
    """A classifier's confusion matrix, F1 by category, and calibration where it gives probabilities."""
    return {"confusion": confusion(said), "f1": by_category(said), "calibration": believable(said) if said.probable else None}
