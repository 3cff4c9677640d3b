"""What the desk corrected, as labelled messages: read from intake's database by an operator, masked, the reading audited."""

from __future__ import annotations

import csv
import os
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from deploy.cli.audit import noted
from deploy.local.errors import LocalError
from deploy.local.settings import RunSettings
from deploy.training.messages import Message
from shared.masking import mask

_CORRECTED = text(
    "SELECT o.title, o.text, c.corrected FROM category_correction c JOIN opinion o ON o.id = c.opinion_id ORDER BY c.at, c.opinion_id"
)


async def corrections(settings: RunSettings) -> list[Message]:
    """The opinions whose category the desk decided, telephone and identity numbers masked, oldest decision first. Raises LocalError."""
    try:
        async with noted(settings, "intake", "train corrections") as tx:
            found = await tx.execute(_CORRECTED)
            return [Message(mask(title), mask(body), category) for title, body, category in found]
    except (OSError, DBAPIError) as error:
        raise LocalError(
            f"The database of intake does not answer ({type(error).__name__}). Is the suite running?", "无法连接民意库，请确认系统已启动。"
        ) from error


def write(messages: Sequence[Message], path: Path) -> None:
    """The messages as a CSV that `lianxin train` reads, for the owner's eyes only: it holds what residents wrote."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("category", "title", "text"))
        rows.writerows((message.category, message.title, message.text) for message in messages)
