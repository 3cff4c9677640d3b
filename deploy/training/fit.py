"""Fits the model: a ridge regression on each category, and probabilities by a logistic regression on what it said out of fold.

Imports scikit-learn (`pip install -r requirements-train.lock`). What was tried, and why it is this: decision record 0022.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.linear_model import LogisticRegression, Ridge

from deploy.training.messages import Message
from services.intake.understanding.grams import counted, normalise, order_of
from services.intake.understanding.linear import Floats, Model, Table

PENALTY = 0.2
TITLE_SHARE = 0.5
"""What the title's own n-grams weigh beside those of title and text together."""
ORDER_SHARES = {1: 1.0, 2: 1.0, 3: 0.5}
FOLDS = 5
_RAREST = 2
_CLOSE_ENOUGH = 1e-3
_CALIBRATION = 10.0

Say = Callable[[str], None]


class Counted:
    """The n-grams of one part of all messages: what a `Table` knows, and a row for each message."""

    def __init__(self, texts: Sequence[str], share: float) -> None:
        found = [counted(text) if text else (np.zeros(0, np.uint32), np.zeros(0, np.float32)) for text in texts]
        every = np.concatenate([keys for keys, _ in found])
        keys, in_messages = np.unique(every, return_counts=True)
        kept = in_messages >= _RAREST
        self.keys, in_messages = keys[kept], in_messages[kept]
        shares = np.sqrt(np.array([0, *ORDER_SHARES.values()]))[order_of(self.keys)]
        # Rounded as it is kept, so that a model answers from its file as it was measured.
        self.rarity = ((np.log((1 + len(texts)) / (1 + in_messages)) + 1) * shares).astype(np.float16)
        self.share = share
        self.rows = self._rows(found)

    def _rows(self, found: Sequence[tuple[NDArray[np.uint32], Floats]]) -> Any:
        columns, values, ends = [], [], [0]
        for keys, often in found:
            at = np.searchsorted(self.keys, keys)
            at = np.minimum(at, max(len(self.keys) - 1, 0))
            known = self.keys[at] == keys if len(self.keys) else np.zeros(len(keys), bool)
            weights = often[known] * self.rarity[at[known]].astype(np.float32)
            columns.append(at[known].astype(np.int32))
            values.append(np.sqrt(self.share) * weights / (np.linalg.norm(weights) or 1))
            ends.append(ends[-1] + int(known.sum()))
        shape = (len(found), len(self.keys))
        return sparse.csr_matrix((np.concatenate(values).astype(np.float32), np.concatenate(columns), ends), shape=shape)

    def table(self, weights: Floats) -> Table:
        """What a model keeps: weights are n-grams by categories."""
        return Table(self.keys, self.rarity, (np.sqrt(self.share) * weights).astype(np.float16))


def train(messages: Sequence[Message], facts: Mapping[str, Any], say: Say = lambda line: None) -> Model:
    """A model of the messages' categories. `facts` are kept in it. The same messages give the same model."""
    categories = tuple(sorted({message.category for message in messages}))
    wanted = np.array([categories.index(message.category) for message in messages])
    normal = [(normalise(message.title), normalise(message.text)) for message in messages]
    title = Counted([own for own, _ in normal], TITLE_SHARE)
    text = Counted([f"{own}\n{rest}" for own, rest in normal], 1.0)
    rows = sparse.hstack([title.rows, text.rows], format="csr")
    say(f"{len(messages)} messages, {rows.shape[1]} n-grams")
    # Other digits than those of the evaluation's folds: there a fold of these is part of a training set.
    folds = np.array([message.digest // FOLDS % FOLDS for message in messages])
    out_of_fold = np.zeros((len(messages), len(categories)), np.float32)
    for fold in range(FOLDS):
        mine = folds == fold
        if not mine.any() or len(set(wanted[~mine])) < len(categories):
            continue
        weights, bias = _ridge(rows[~mine], wanted[~mine], len(categories))
        out_of_fold[mine] = rows[mine] @ weights + bias
        say(f"calibration {fold + 1}/{FOLDS}")
    slope, offset = calibrate(out_of_fold, wanted)
    weights, bias = _ridge(rows, wanted, len(categories))
    split = len(title.keys)
    return Model(categories, title.table(weights[:split]), text.table(weights[split:]), bias, slope, offset, dict(facts))


def _ridge(rows: Any, wanted: NDArray[np.intp], categories: int) -> tuple[Floats, Floats]:
    targets = np.where(wanted[:, None] == np.arange(categories), 1.0, -1.0).astype(np.float32)
    fitted = Ridge(alpha=PENALTY, solver="sparse_cg", tol=_CLOSE_ENOUGH).fit(rows, targets)
    return np.asarray(fitted.coef_.T, np.float32), np.asarray(fitted.intercept_, np.float32)


def calibrate(scores: Floats, wanted: NDArray[np.intp]) -> tuple[Floats, Floats]:
    """Slope and offset that turn scores into probabilities: a logistic regression on scores that were given out of fold."""
    fitted = LogisticRegression(C=_CALIBRATION, max_iter=1000).fit(scores, wanted)
    slope, offset = fitted.coef_, fitted.intercept_
    if len(slope) == 1:
        slope, offset = np.vstack([-slope, slope]) / 2, np.concatenate([-offset, offset]) / 2
    return np.asarray(slope, np.float32), np.asarray(offset, np.float32)
