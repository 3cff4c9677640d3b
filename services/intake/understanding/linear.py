"""A trained model: n-grams with their weights, and a probability for each category. Imports numpy (see `loading`)."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.intake.understanding.grams import Keys, counted, keys_by_order, normalise
from services.intake.understanding.loading import Guess, ModelNotUsable, Reading

FORMAT = "lianxin-classifier/1"
TOP = 3
"""Categories that an opinion names."""
_WEIGHTIEST, _REASONS = 12, 4
_PARTS, _COLUMNS = ("title", "text"), ("keys", "rarity", "weights")
_EMPTY = np.zeros(0, np.uint32)

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Table:
    """The n-grams known of one part of a message, in ascending order of their keys: how rare each is, and its weight by category."""

    keys: Keys
    rarity: NDArray[np.float16]
    weights: NDArray[np.float16]

    def look_up(self, keys: Keys) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
        """Where each key stands, and whether it is known at all."""
        at = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        return at, self.keys[at] == keys

    def parts(self, normal: str) -> tuple[Keys, Floats]:
        """The known n-grams of a normalised text, and what each adds to the score of each category."""
        if not normal or not len(self.keys):
            return _EMPTY, np.zeros((0, self.weights.shape[1]), np.float32)
        keys, often = counted(normal)
        at, known = self.look_up(keys)
        at = at[known]
        values = often[known] * self.rarity[at]
        return keys[known], (values / (np.linalg.norm(values) or 1))[:, None] * self.weights[at].astype(np.float32)


@dataclass(frozen=True, slots=True)
class Model:
    """A linear model over the n-grams of the title, and of title and text together; both count alike however long they are.

    `slope` and `offset` turn scores into probabilities. `facts` are format, version, when it was trained and on what.
    """

    categories: tuple[str, ...]
    title: Table
    text: Table
    bias: Floats
    slope: Floats
    offset: Floats
    facts: Mapping[str, Any]

    @property
    def version(self) -> str:
        """The day it was trained, and the beginning of the hash of what is in it."""
        return str(self.facts["version"])

    def scores(self, title: str, text: str) -> Floats:
        """The raw score of each category."""
        own, both = _normal(title, text)
        return np.asarray(self.bias + self.title.parts(own)[1].sum(0) + self.text.parts(both)[1].sum(0), np.float32)

    def probabilities(self, scores: Floats) -> Floats:
        """The probability of each category."""
        return probabilities(scores, self.slope, self.offset)

    def best(self, title: str, text: str) -> Guess:
        """The likeliest category, without reasons: for what has to be quick."""
        found = self.probabilities(self.scores(title, text))
        first = int(found.argmax())
        return Guess(self.categories[first], float(found[first]), ())

    def explain(self, title: str, text: str) -> Reading:
        """The likeliest categories, each with the passages of the message that spoke most for it."""
        own, both = _normal(title, text)
        parts = [(own, *self.title.parts(own)), (both, *self.text.parts(both))]
        scores = self.bias + sum(added.sum(0) for _, _, added in parts)
        found = self.probabilities(np.asarray(scores, np.float32))
        order = np.argsort(-found, kind="stable")[:TOP]
        guesses = tuple(Guess(self.categories[c], float(found[c]), _reasons(parts, int(c))) for c in order)
        return Reading(self.version, guesses)


def probabilities(scores: Floats, slope: Floats, offset: Floats) -> Floats:
    """Scores of one or many messages as probabilities that add up to 1."""
    raised = scores @ slope.T + offset
    powers = np.exp(raised - raised.max(-1, keepdims=True))
    return np.asarray(powers / powers.sum(-1, keepdims=True), np.float32)


def _normal(title: str, text: str) -> tuple[str, str]:
    own = normalise(title)
    return own, f"{own}\n{normalise(text)}"


def _reasons(parts: list[tuple[str, Keys, Floats]], category: int) -> tuple[str, ...]:
    weights: dict[str, float] = {}
    for normal, keys, added in parts:
        for passage, weight in _passages(normal, keys, added[:, category] - added.mean(1)):
            weights[passage] = weights.get(passage, 0) + weight
    kept: list[str] = []
    for passage in sorted(weights, key=lambda p: (-weights[p], p)):
        if len(kept) < _REASONS and not any(passage in other or other in passage for other in kept):
            kept.append(passage)
    return tuple(kept)


def _passages(normal: str, keys: Keys, speaks: Floats) -> list[tuple[str, float]]:
    # The weightiest n-grams overlap: run together they are words that a person can read.
    spans: list[tuple[int, int, float]] = []
    by_order = keys_by_order(normal) if normal else ()
    for i in np.argsort(-speaks, kind="stable"):
        if speaks[i] <= 0 or len(spans) == _WEIGHTIEST:
            break
        order = int(keys[i] >> 30)
        at = int(np.argmax(by_order[order - 1] == keys[i]))
        if normal[at : at + order].isalnum():
            spans.append((at, at + order, float(speaks[i])))
    joined: list[list[Any]] = []
    for begin, end, weight in sorted(spans):
        if joined and begin < joined[-1][1]:
            joined[-1][1] = max(joined[-1][1], end)
            joined[-1][2] += weight
        else:
            joined.append([begin, end, weight])
    return [(normal[begin:end], weight) for begin, end, weight in joined if end - begin > 1]


def as_bytes(model: Model) -> bytes:
    """The file of a model. Its `facts` get the version, which is made of the day in `trained_at` and the content."""
    arrays = _arrays(model)
    facts = {**model.facts, "format": FORMAT, "categories": list(model.categories)}
    facts["content"] = _digest(arrays, facts)
    facts["version"] = f"{str(facts['trained_at'])[:10].replace('-', '')}-{facts['content'][:12]}"
    file = io.BytesIO()
    parts: dict[str, Any] = {"facts": np.frombuffer(json.dumps(facts, ensure_ascii=False).encode(), np.uint8), **arrays}
    np.savez(file, **parts)
    return file.getvalue()


def read(path: Path) -> Model:
    """The model in a file. Raises ModelNotUsable when it is no model of this format, was cut short or changed."""
    try:
        with np.load(path, allow_pickle=False) as file:
            facts = json.loads(file["facts"].tobytes())
            arrays = {name: file[name] for name in file.files if name != "facts"}
        if facts["format"] != FORMAT:
            raise ModelNotUsable(path, f"its format is {facts['format']}, this version reads {FORMAT}")
        if facts["content"] != _digest(arrays, facts):
            raise ModelNotUsable(path, "its content does not fit the hash it carries: it was damaged or changed")
        title, text = (Table(*(arrays[f"{part}_{name}"] for name in _COLUMNS)) for part in _PARTS)
        return Model(tuple(facts["categories"]), title, text, arrays["bias"], arrays["slope"], arrays["offset"], facts)
    except (ValueError, KeyError, TypeError, AttributeError, EOFError, zipfile.BadZipFile) as error:
        if isinstance(error, ModelNotUsable):
            raise
        raise ModelNotUsable(path, f"it is no file of a trained model ({type(error).__name__})") from error


def _arrays(model: Model) -> dict[str, NDArray[Any]]:
    tables = {f"{part}_{name}": getattr(getattr(model, part), name) for part in _PARTS for name in _COLUMNS}
    return {**tables, "bias": model.bias, "slope": model.slope, "offset": model.offset}


def _digest(arrays: Mapping[str, NDArray[Any]], facts: Mapping[str, Any]) -> str:
    # When it was trained, and what the trainer measured, do not change what it answers: the same data give the same hash.
    told = hashlib.sha256(json.dumps([facts["format"], facts["categories"], facts["labels"]], ensure_ascii=False).encode())
    for name in sorted(arrays):
        told.update(f"{name} {arrays[name].dtype} {arrays[name].shape}".encode())
        told.update(np.ascontiguousarray(arrays[name]).tobytes())
    return told.hexdigest()
