"""`lianxin train` and `lianxin model`: from a CSV to the model that intake loads, and back to an earlier one."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner

from deploy.cli.main import app
from deploy.local.errors import LocalError
from deploy.training.messages import FEWEST, Message, learnable, read_messages
from deploy.training.shelf import Shelf
from services.intake.understanding.linear import read
from tests.intake.understanding import sentences

LABELS = {"城乡建设": "construction", "交通运输": "transport", "劳动和社会保障": "labour"}
KNOWN = ["construction", "transport", "labour", "health"]


def as_csv(rows: Sequence[Sequence[str]], header: Sequence[str] = ("category", "title", "detail")) -> bytes:
    file = io.StringIO(newline="")
    csv.writer(file).writerows([header, *rows])
    return file.getvalue().encode()


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder that the commands work on."""
    folder = tmp_path / "data"
    folder.mkdir()
    monkeypatch.setenv("LIANXIN_DATA", str(folder))
    monkeypatch.setattr("deploy.local.accounts.closed_parent", lambda folder: None)
    return folder


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    path = tmp_path / "labelled.csv"
    names = {code: label for label, code in LABELS.items()}
    path.write_bytes(as_csv([(names[m.category], m.title, m.text) for m in sentences.messages()]))
    return path


def test_a_trained_model_is_the_one_in_use_and_knows_what_it_was_trained_on(data: Path, labelled: Path) -> None:
    done = CliRunner().invoke(app, ["train", str(labelled)])
    assert done.exit_code == 0, done.output
    model = read(data / "models" / "classifier.npz")
    assert model.version in done.output
    assert model.facts["messages"] == {"construction": 30, "labour": 30, "transport": 30}
    assert model.facts["labels"]["交通运输"] == "transport"
    assert model.best(*sentences.SURE["transport"]).category == "transport"
    assert [path.name for path in (data / "models").iterdir() if path.suffix != ".npz"] == []


def test_an_earlier_model_can_be_put_back_to_use_or_none(data: Path, labelled: Path, tmp_path: Path) -> None:
    run = CliRunner()
    assert run.invoke(app, ["train", str(labelled)]).exit_code == 0
    first = read(data / "models" / "classifier.npz").version
    more = tmp_path / "more.csv"
    more.write_bytes(as_csv([("labour", f"食堂的补贴少发{'了' * n}", "") for n in range(1, 4)]))
    assert run.invoke(app, ["train", str(labelled), str(more)]).exit_code == 0
    second = read(data / "models" / "classifier.npz").version
    assert first != second
    listed = run.invoke(app, ["model", "list"]).output
    assert first in listed and second in listed
    assert run.invoke(app, ["model", "use", first]).exit_code == 0
    assert read(data / "models" / "classifier.npz").version == first
    assert [kept.is_current for kept in Shelf(data).kept()] == [True, False]
    assert run.invoke(app, ["model", "use", "none"]).exit_code == 0
    assert not (data / "models" / "classifier.npz").exists()
    refused = run.invoke(app, ["model", "use", "20200101-000000000000"])
    assert refused.exit_code == 2 and first in refused.output


def test_a_failed_training_leaves_the_model_in_use(data: Path, labelled: Path, tmp_path: Path) -> None:
    run = CliRunner()
    assert run.invoke(app, ["train", str(labelled)]).exit_code == 0
    before = read(data / "models" / "classifier.npz").version
    wrong = tmp_path / "wrong.csv"
    wrong.write_bytes(as_csv([("没有的类别", "标题", "正文")]))
    done = run.invoke(app, ["train", str(labelled), str(wrong)])
    assert done.exit_code == 2 and "intake.classifier.labels" in done.output
    assert read(data / "models" / "classifier.npz").version == before


@pytest.mark.parametrize("header", [("category", "title", "detail"), ("category", "title", "text")])
@pytest.mark.parametrize("packed", [False, True])
def test_labels_and_codes_are_read_from_plain_and_packed_files(tmp_path: Path, header: Sequence[str], packed: bool) -> None:
    content = b"\xef\xbb\xbf" + as_csv([("交通运输", "标题", "正文，\n第二行"), ("health", "题", "")], header)
    path = tmp_path / "messages"
    path.write_bytes(gzip.compress(content) if packed else content)
    assert read_messages(path, LABELS, KNOWN) == [Message("标题", "正文，\n第二行", "transport"), Message("题", "", "health")]


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (as_csv([("交通运输", "标题", "正文"), ("", "标题", "正文")]), "line 3"),
        (as_csv([("气象", "标题", "正文")]), "气象"),
        (as_csv([("a", "b")], ("category", "title")), "lacks the columns"),
        (b"", "lacks the columns"),
        ("category,title,text\n交通运输,标题,正文".encode("gb18030"), "cannot be read"),
        (gzip.compress(as_csv([("health", "b", "c")]), mtime=0)[:-9], "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_learnt_from_is_refused_with_what_is_wrong(tmp_path: Path, content: bytes, what: str) -> None:
    path = tmp_path / "messages"
    path.write_bytes(content)
    with pytest.raises(LocalError, match=what):
        read_messages(path, LABELS, KNOWN)
    with pytest.raises(LocalError, match="cannot be read"):
        read_messages(tmp_path / "nowhere.csv", LABELS, KNOWN)


def test_a_category_with_too_few_messages_is_left_out_and_named() -> None:
    some = [Message(f"{n}", "", category) for category in ("transport", "labour") for n in range(FEWEST)]
    few = [Message("x", "", "health")] * (FEWEST - 1)
    assert learnable([*some, *few]) == (some, {"health": FEWEST - 1})
    with pytest.raises(LocalError, match="two categories"):
        learnable([*some[:FEWEST], *few])
