"""The labelled messages in five folds, and what two kinds of classifier say of each fold after learning the other four."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.svm import LinearSVC

from deploy.training.fit import FOLDS, train
from deploy.training.messages import Message
from services.intake.understanding.linear import Model

Say = Callable[[str], None]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Said:
    """What was said of each message by a model that had not seen it: a column for each of `categories`, probabilities or mere scores."""

    categories: tuple[str, ...]
    wanted: NDArray[np.intp]
    values: Floats
    probable: bool = True

    @property
    def found(self) -> NDArray[np.intp]:
        """The likeliest category of each."""
        return np.asarray(self.values.argmax(1))

    @property
    def right(self) -> NDArray[np.bool_]:
        """Whether it is the labelled one."""
        return np.asarray(self.found == self.wanted)

    @property
    def confidence(self) -> Floats:
        """The probability of the first, as intake compares it with its threshold; of scores, how far it lies ahead of the second."""
        two = np.sort(self.values, 1)[:, -2:]
        return np.asarray(two[:, 1] if self.probable else two[:, 1] - two[:, 0])


def fold_of(message: Message) -> int:
    """The fold a message falls into: repeats of it fall into the same."""
    return message.digest % FOLDS


def control(messages: Sequence[Message], say: Say) -> Said:
    """A plain classifier: TF-IDF of character 1-3-grams of title and text, a linear support vector machine, all as it comes."""
    categories, wanted, folds = _sorted(messages)
    texts = np.array([message.title + message.text for message in messages], dtype=object)
    values = np.zeros((len(messages), len(categories)))
    for fold in range(FOLDS):
        mine = folds == fold
        grams = TfidfVectorizer(analyzer="char", ngram_range=(1, 3))
        machine = LinearSVC().fit(grams.fit_transform(texts[~mine]), wanted[~mine])
        values[mine] = machine.decision_function(grams.transform(texts[mine]))
        say(f"control {fold + 1}/{FOLDS}")
    return Said(categories, wanted, values, probable=False)


def ours(messages: Sequence[Message], reread: Callable[[Model], Model], say: Say) -> tuple[Said, Said]:
    """What intake's model says of the messages, and of their titles alone. Calibration and all else is learnt on the other folds."""
    categories, wanted, folds = _sorted(messages)
    whole, titles = np.zeros((len(messages), len(categories))), np.zeros((len(messages), len(categories)))
    for fold in range(FOLDS):
        learnt = [message for message, its in zip(messages, folds, strict=True) if its != fold]
        model = reread(train(learnt, {"trained_at": "evaluation", "labels": {}}))
        assert model.categories == categories
        for at in np.flatnonzero(folds == fold):
            message = messages[at]
            whole[at] = model.probabilities(model.scores(message.title, message.text))
            titles[at] = model.probabilities(model.scores(message.title, ""))
        say(f"ours {fold + 1}/{FOLDS}")
    return Said(categories, wanted, whole), Said(categories, wanted, titles)


def _sorted(messages: Sequence[Message]) -> tuple[tuple[str, ...], NDArray[np.intp], NDArray[np.intp]]:
    categories = tuple(sorted({message.category for message in messages}))
    wanted = np.array([categories.index(message.category) for message in messages])
    return categories, wanted, np.array([fold_of(message) for message in messages])
