"""`lianxin train` and `lianxin model …`: intake's classifier, trained here and chosen by version."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from deploy.cli.explained import console, explained
from deploy.local import accounts
from deploy.local.errors import LocalError
from deploy.local.settings import RunSettings, read_settings
from deploy.training.messages import Message, corrected, learnable, read_messages
from deploy.training.shelf import Shelf
from shared import profile

models = typer.Typer(no_args_is_help=True, help="The models that `train` has made, and which of them intake uses.")

Files = Annotated[list[Path], typer.Argument(help="CSV with the columns category, title, and detail or text; also gzipped")]
Corrections = Annotated[bool, typer.Option("--corrections", help="also what the desk corrected, from intake's database")]


def train(files: Files, corrections: Corrections = False) -> None:
    """Trains intake's classifier and puts it to use at intake's next start. Nothing of the data leaves this machine."""
    with explained():
        settings = read_settings()
        accounts.make_data_folder(settings.data)
        shelf = Shelf(settings.data)
        labels, known = _categories(settings)
        messages = [message for file in files for message in read_messages(file, labels, known)]
        if corrections:
            messages = corrected(messages, _corrections(settings, shelf))
        version, took = _train(messages, labels, shelf)
        shelf.use(version)
    console.print(f"Model 模型 {version} in {took:.0f} s; intake loads it at its next start 民意服务下次启动时启用.", markup=False)


def _categories(settings: RunSettings) -> tuple[dict[str, str], list[str]]:
    from services.intake.settings import IntakePolicy

    policy = profile.load(settings.profile, "intake", IntakePolicy)
    return dict(policy.classifier.labels), [category.code for category in policy.categories]


def _corrections(settings: RunSettings, shelf: Shelf) -> list[Message]:
    from deploy.training import corrections

    found = asyncio.run(corrections.corrections(settings))
    shelf.folder.mkdir(mode=0o700, exist_ok=True)
    path = shelf.folder / "corrections.csv"
    corrections.write(found, path)
    console.print(f"{len(found)} corrections of the desk 条更正: {path}", markup=False)
    return found


def _train(messages: Sequence[Message], labels: dict[str, str], shelf: Shelf) -> tuple[str, float]:
    try:
        from deploy.training.fit import train as fit
    except ModuleNotFoundError as error:
        raise LocalError(
            f"Training needs {error.name}: `make train`, or pip install --require-hashes -r requirements-train.lock.",
            "缺少训练组件，请执行 make train。",
        ) from error
    from services.intake.understanding.linear import as_bytes, read

    kept, few = learnable(messages)
    for category, number in sorted(few.items()):
        console.print(f"{category}: {number} messages are too few to learn it, left out 样本过少，未纳入", style="yellow", markup=False)
    began = time.monotonic()
    facts = {
        "trained_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "labels": labels,
        "messages": dict(sorted(Counter(message.category for message in kept).items())),
    }
    content = as_bytes(fit(kept, facts, lambda line: console.print(line, style="dim", markup=False)))
    path = shelf.put("new", content)
    version = read(path).version
    shelf.put(version, content)
    path.unlink()
    return version, time.monotonic() - began


@models.command("list")
def list_models() -> None:
    """All models with their size, the one in use marked."""
    with explained():
        kept = Shelf(read_settings().data).kept()
    table = Table("version", "MB", "in use")
    for one in kept:
        table.add_row(one.version, f"{one.bytes / 1e6:.1f}", "*" if one.is_current else "")
    console.print(table if kept else "No models: `lianxin train`. 尚无模型。")


@models.command("use")
def use(version: Annotated[str, typer.Argument(help="as `model list` shows it, or `none`: keywords alone")]) -> None:
    """Makes intake use another model from its next start on, or none."""
    with explained():
        Shelf(read_settings().data).use(None if version == "none" else version)
    console.print(f"Intake uses {version} from its next start on 下次启动时生效.", markup=False)
