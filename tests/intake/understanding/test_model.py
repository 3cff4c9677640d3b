"""What a trained model makes of messages of all kinds, and which files it refuses to be read from."""

from __future__ import annotations

import csv
import gzip
import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

from deploy.training.fit import train
from deploy.training.messages import Message
from services.intake.understanding.grams import LONGEST, keys_by_order, normalise
from services.intake.understanding.linear import Model, as_bytes, read
from services.intake.understanding.loading import ModelNotUsable, load, loaded
from shared.settings import ROOT
from tests.intake.understanding import sentences

LABELLED = ROOT.parent / "shared" / "data" / "messages_labelled.csv.gz"
FACTS = sentences.FACTS


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "classifier.npz"
    file.write_bytes(sentences.model_file())
    return file


@pytest.fixture
def model(path: Path) -> Model:
    return read(path)


@pytest.mark.parametrize("category", sentences.SURE)
def test_a_message_with_or_without_a_text_gets_its_category(model: Model, category: str) -> None:
    title, text = sentences.SURE[category]
    both, alone, untitled = model.best(title, text), model.best(title, ""), model.best("", text)
    assert {both.category, alone.category, untitled.category} == {category}
    assert both.confidence > 0.7


def test_what_says_nothing_is_said_with_little_confidence(model: Model) -> None:
    surest = min(model.best(*both).confidence for both in sentences.SURE.values())
    for title, text in (("", ""), sentences.UNSURE, ("。", "！！"), ("\n", "\t 　")):
        assert model.best(title, text).confidence < min(0.7, surest)


@pytest.mark.parametrize("odd", ["😀" * 300, "👨‍👩‍👧 🚌", "\ud83d", "ﷺ" * 2_000, "\x00", "a" * 20_000, "班车" * 10_000, "عربي"])
def test_odd_texts_are_answered_like_any_other(model: Model, odd: str) -> None:
    for title, text in ((odd, ""), ("", odd), (odd[:200], odd)):
        reading = model.explain(title, text)
        assert sum(guess.confidence for guess in reading.guesses) == pytest.approx(1, abs=1e-4)
        assert reading.guesses[0].category == model.best(title, text).category


def test_only_the_beginning_of_a_very_long_text_counts(model: Model) -> None:
    title, text = sentences.SURE["transport"]
    filled = text + "。" * LONGEST
    assert model.best(title, filled) == model.best(title, filled + sentences.SURE["labour"][1] * 100)
    assert len(normalise("ﷺ" * LONGEST)) == LONGEST


def test_width_case_white_space_and_numbers_make_no_difference(model: Model) -> None:
    plain = model.best("17路班车abc", "早班渡轮2次晚点")
    assert model.best(" １７路班车\nＡＢＣ", "早 班 渡 轮　305次晚点") == plain
    assert normalise("ＡＢ　c\n１３８１２３４５６７８ 号") == "abc0号"


def test_the_three_likeliest_come_in_order_with_passages_of_the_message_as_reasons(model: Model) -> None:
    title, text = sentences.SURE["labour"]
    guesses = model.explain(title, text).guesses
    assert guesses[0].category == "labour" and len({g.category for g in guesses}) == 3
    assert [g.confidence for g in guesses] == sorted((g.confidence for g in guesses), reverse=True)
    reasons = guesses[0].reasons
    assert 1 <= len(reasons) <= 4
    assert all(len(reason) > 1 and reason in title + "\n" + text for reason in reasons)
    assert "酬劳" in "".join(reasons) or "薪水" in "".join(reasons)
    assert all(reason.isalnum() for guess in guesses for reason in guess.reasons)
    assert model.explain("", "").guesses[0].reasons == ()


def test_the_reasons_for_a_category_are_what_makes_it_likelier(model: Model) -> None:
    mixed = ("城乡巴士", "酬劳拖了三个月没发，班次太少")
    by_category = {guess.category: guess.reasons for guess in model.explain(*mixed).guesses}
    assert any("巴士" in reason or "班次" in reason for reason in by_category["transport"])
    assert not any("酬劳" in reason for reason in by_category["transport"])


def test_the_same_messages_give_the_same_model_and_others_another(path: Path) -> None:
    again = train(sentences.messages(), FACTS)
    assert as_bytes(again) == sentences.model_file()
    later = read_bytes(path.with_name("later"), as_bytes(train(sentences.messages(), {**FACTS, "trained_at": "2026-06-02T00:00:00+00:00"})))
    other = read_bytes(path.with_name("other"), as_bytes(train(sentences.messages()[3:], FACTS)))
    first = read(path)
    assert first.version.startswith("20260501-") and later.version.startswith("20260602-")
    assert first.version.split("-")[1] == later.version.split("-")[1] != other.version.split("-")[1]


def read_bytes(path: Path, content: bytes) -> Model:
    path.write_bytes(content)
    return read(path)


def test_a_model_answers_from_its_file_as_it_did_when_it_was_trained(path: Path) -> None:
    model, kept = sentences.model(), read(path)
    for title, text in [*sentences.SURE.values(), sentences.UNSURE]:
        assert kept.best(title, text) == model.best(title, text)
    assert kept.facts["labels"] == {} and kept.facts["categories"] == ["construction", "labour", "transport"]


def test_two_categories_are_enough(tmp_path: Path) -> None:
    two = [message for message in sentences.messages() if message.category != "labour"]
    found = read_bytes(tmp_path / "two", as_bytes(train(two, FACTS))).explain(*sentences.SURE["transport"])
    assert [guess.category for guess in found.guesses] == ["transport", "construction"]
    assert found.guesses[0].confidence > 0.7


def changed(content: bytes, **arrays: object) -> bytes:
    """A model's file with some of its parts replaced."""
    with np.load(io.BytesIO(content)) as file:
        parts = {name: file[name] for name in file.files}
    target = io.BytesIO()
    np.savez(target, **{**parts, **arrays})  # type: ignore[arg-type]
    return target.getvalue()


def told(**facts: object) -> np.ndarray:
    with np.load(io.BytesIO(sentences.model_file())) as file:
        own = json.loads(file["facts"].tobytes())
    return np.frombuffer(json.dumps({**own, **facts}).encode(), np.uint8)


def _zip_without_arrays() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as file:
        file.writestr("readme.txt", "nothing")
    return target.getvalue()


BAD = {
    "nothing": b"",
    "a text": "标题,正文\n".encode(),
    "cut short": sentences.model_file()[:-2000],
    "an archive of something else": _zip_without_arrays(),
    "a changed weight": changed(sentences.model_file(), bias=np.ones(3, np.float32)),
    "a lost table": changed(sentences.model_file(), text_weights=np.zeros((0, 3), np.float16)),
    "a pickle": changed(sentences.model_file(), bias=np.array([{"a": 1}], dtype=object)),
    "another format": changed(sentences.model_file(), facts=told(format="lianxin-classifier/9")),
    "other categories": changed(sentences.model_file(), facts=told(categories=["a", "b", "c"])),
    "no facts": changed(sentences.model_file(), facts=np.frombuffer(b"[]", np.uint8)),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_file_that_is_no_sound_model_is_refused_by_name(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "classifier.npz"
    path.write_bytes(BAD[kind])
    with pytest.raises(ModelNotUsable, match=r"classifier\.npz cannot classify: .*lianxin train"):
        loaded(path)


def test_a_model_of_another_format_is_told_from_a_damaged_one(tmp_path: Path) -> None:
    path = tmp_path / "classifier.npz"
    path.write_bytes(BAD["another format"])
    with pytest.raises(ModelNotUsable, match="its format is lianxin-classifier/9"):
        loaded(path)


def test_a_model_of_categories_that_the_place_lacks_is_refused(path: Path) -> None:
    assert load(path, ["construction", "labour", "transport", "health"]) is not None
    with pytest.raises(ModelNotUsable, match="no category labour"):
        load(path, ["construction", "transport"])


def test_no_model_named_or_there_is_no_error(tmp_path: Path) -> None:
    assert loaded(None) is None
    assert load(tmp_path / "nowhere.npz", ["construction"]) is None


def test_keys_tell_orders_and_texts_apart() -> None:
    one, two, three = keys_by_order("路灯不亮")
    assert [len(keys) for keys in (one, two, three)] == [4, 3, 2]
    assert len({*one.tolist(), *two.tolist(), *three.tolist()}) == 9
    assert keys_by_order("不亮路灯")[1][0] == two[2] and keys_by_order("亮不")[1][0] != two[2]


@pytest.mark.skipif(not LABELLED.is_file(), reason="the labelled messages are not on this machine")
def test_on_a_sample_of_real_messages_most_unseen_ones_are_right() -> None:
    from tests.intake.test_rules import CODES

    with gzip.open(LABELLED, "rt", encoding="utf-8-sig") as file:
        rows = [Message(row["title"], row["detail"], CODES[row["category"]]) for row in csv.DictReader(file)][::5]
    learnt, unseen = [m for m in rows if m.digest % 5], [m for m in rows if not m.digest % 5]
    model = train(learnt, FACTS)
    right = [model.best(m.title, m.text).category == m.category for m in unseen]
    assert sum(right) / len(right) > 0.82
