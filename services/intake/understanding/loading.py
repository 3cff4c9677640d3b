"""The model of this process: read when the service is built, asked at every submission. numpy comes only with a model."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import structlog

log = structlog.get_logger("lianxin.intake")


class ModelNotUsable(ValueError):
    """The file of a model cannot be used; the text names it, says why and what to do. The service does not start."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path} cannot classify: {why}. Train one (`lianxin train`), choose another (`lianxin model use`) or none.")


@dataclass(frozen=True, slots=True)
class Guess:
    """A category with its probability, and the passages that spoke most for it, in the normalised text's words."""

    category: str
    confidence: float
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """What the model of that version makes of a message, the likeliest category first."""

    version: str
    guesses: tuple[Guess, ...]


class Classifier(Protocol):
    """What a loaded model does."""

    @property
    def version(self) -> str:
        """Which model it is."""

    @property
    def categories(self) -> tuple[str, ...]:
        """The categories it can tell apart."""

    def best(self, title: str, text: str) -> Guess:
        """The likeliest category, without reasons."""

    def explain(self, title: str, text: str) -> Reading:
        """The likeliest categories with reasons."""


@lru_cache(maxsize=4)
def loaded(path: Path | None) -> Classifier | None:
    """The model at `path`, None where none is named or there: keywords alone decide then. A file changed later is seen at the next start.

    Raises ModelNotUsable.
    """
    if path is None or not path.exists():
        log.info("classifier_absent", path=str(path) if path else None)
        return None
    # Looking up some hundred numbers gains nothing from threads, and each would keep memory of its own.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from services.intake.understanding.linear import read

    model = read(path)
    log.info("classifier_loaded", path=str(path), version=model.version)
    return model


def load(path: Path | None, known: Iterable[str]) -> Classifier | None:
    """As `loaded`, when the service starts. Raises ModelNotUsable also for a model of categories that the place does not have."""
    model = loaded(path)
    if model is not None and path is not None and (foreign := set(model.categories) - set(known)):
        raise ModelNotUsable(path, f"the profile has no category {', '.join(sorted(foreign))}: it was trained for another place")
    return model
