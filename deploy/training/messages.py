"""Labelled messages: read from a CSV, their labels put to the place's categories."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.local.errors import LocalError

FEWEST = 10
"""Messages of a category below which it cannot be learnt: a model then leaves it out, and says so."""

_LARGEST_FIELD = 1_000_000


@dataclass(frozen=True, slots=True)
class Message:
    """What somebody wrote, and the category it belongs to."""

    title: str
    text: str
    category: str

    @property
    def digest(self) -> int:
        """A number that repeats of the message share: what decides into which fold it falls."""
        return int(hashlib.sha256((self.title + self.text).encode()).hexdigest(), 16)


def read_messages(path: Path, labels: Mapping[str, str], known: Sequence[str]) -> list[Message]:
    """The messages of a CSV (UTF-8, also gzipped) with the columns category, title, and detail or text.

    A category is one of `labels`, or a code of the place. Raises LocalError that names the line.
    """
    try:
        raw = path.read_bytes()
        content = (gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw).decode("utf-8-sig")
    except (OSError, EOFError, UnicodeDecodeError, gzip.BadGzipFile) as error:
        raise LocalError(f"{path} cannot be read: {error}.", f"无法读取 {path}。") from error
    csv.field_size_limit(_LARGEST_FIELD)
    rows = csv.DictReader(io.StringIO(content, newline=""))
    columns = set(rows.fieldnames or ())
    detail = "detail" if "detail" in columns else "text"
    if missing := {"category", "title", detail} - columns:
        raise LocalError(
            f"{path} lacks the columns {', '.join(sorted(missing))}: it needs category, title, and detail or text.",
            f"{path} 缺少列 {'、'.join(sorted(missing))}；须有 category、title 以及 detail 或 text。",
        )
    found = []
    for row in rows:
        label = (row["category"] or "").strip()
        category = labels.get(label, label)
        if category not in known:
            raise LocalError(
                f"{path}, line {rows.line_num}: the label {label!r} is none of the profile's; add it to intake.classifier.labels.",
                f"{path} 第 {rows.line_num} 行：类别“{label}”不在本地配置中，请补充 intake.classifier.labels。",
            )
        found.append(Message(row["title"] or "", row[detail] or "", category))
    return found


def learnable(messages: Sequence[Message]) -> tuple[list[Message], dict[str, int]]:
    """The messages of categories with enough of them, and how many there are of each that is left out. Raises LocalError."""
    counts = Counter(message.category for message in messages)
    few = {category: number for category, number in counts.items() if number < FEWEST}
    kept = [message for message in messages if message.category not in few]
    if len(counts) - len(few) < 2:
        raise LocalError(
            f"A model needs two categories with {FEWEST} messages each at least.", f"训练至少需要两个类别，每类不少于 {FEWEST} 条。"
        )
    return kept, few


def corrected(messages: Sequence[Message], corrections: Sequence[Message]) -> list[Message]:
    """All messages, where the desk's word counts for what both have."""
    decided = {message.digest for message in corrections}
    return [*(message for message in messages if message.digest not in decided), *corrections]
