"""The evaluation measures what it says, and its committed result holds no text of the data."""

from __future__ import annotations

import gzip
import json
import re

import numpy as np
import pytest

from deploy.training.messages import Message
from shared.settings import ROOT
from tests.evaluate import folds, measures, report
from tests.evaluate.folds import Said
from tests.intake.understanding import sentences

LABELLED = ROOT.parent / "shared" / "data" / "messages_labelled.csv.gz"
LATEST = report.RESULTS / "latest.json"


def said(rows: list[list[float]], wanted: list[int]) -> Said:
    return Said(("a", "b"), np.array(wanted), np.array(rows))


def test_the_least_sure_tenth_is_left_out_of_the_surest() -> None:
    ten = said([[0.9, 0.1]] * 9 + [[0.45, 0.55]], [0] * 10)
    assert measures.accuracy(ten) == 0.9
    assert measures.accuracy_of_the_surest(ten) == 1.0
    assert measures.confusion(ten) == [[9, 1], [0, 0]]


def test_a_label_is_suspect_when_another_category_is_all_but_certain() -> None:
    assert measures.suspects(said([[0.96, 0.04], [0.99, 0.01], [0.94, 0.06], [0.97, 0.03]], [1, 1, 1, 0])) == [1, 0]


def test_repeats_share_a_fold_and_every_fold_has_some() -> None:
    numbers = [folds.fold_of(message) for message in sentences.messages()]
    assert set(numbers) == set(range(5))
    assert folds.fold_of(Message("甲", "乙", "health")) == folds.fold_of(Message("甲", "乙", "labour"))


def test_no_message_is_judged_by_a_model_that_has_seen_it(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[set[str]] = []
    real = folds.train

    def noting(messages: list[Message], facts: dict[str, object]) -> object:
        seen.append({m.title + m.text for m in messages})
        return real(messages, facts)

    monkeypatch.setattr(folds, "train", noting)
    messages = sentences.messages()
    whole, _ = folds.ours(messages, lambda model: model, lambda line: None)
    for fold, learnt in enumerate(seen):
        assert learnt == {m.title + m.text for m in messages if folds.fold_of(m) != fold}
    assert measures.accuracy(whole) > 0.9


@pytest.mark.skipif(not (LABELLED.is_file() and LATEST.is_file()), reason="the labelled messages are not on this machine")
def test_what_is_committed_holds_no_text_of_the_data() -> None:
    with gzip.open(LABELLED, "rt", encoding="utf-8-sig") as file:
        data = file.read()
    for path in (LATEST, report.PAGE):
        words = re.findall(r"[\u4e00-\u9fff]{5,}", path.read_text("utf-8"))
        assert [word for word in words if word in data] == []
    assert json.loads(LATEST.read_text("utf-8"))["missed"] == []
