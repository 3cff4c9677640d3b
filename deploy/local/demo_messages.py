"""What residents say in the demo: real messages with their replies where they lie beside the project, else own sentences."""

from __future__ import annotations

import csv
import gzip
import io
from dataclasses import dataclass
from itertools import islice

from deploy.local.settings import PROJECT

REAL = PROJECT.parent / "shared" / "data" / "messages_with_replies.csv.gz"
OWN = PROJECT / "deploy" / "profiles" / "wujin" / "messages.csv"
TITLE, TEXT, REPLY = 200, 20_000, 20_000


@dataclass(frozen=True)
class Message:
    """A resident's words, and the words of a department's reply to them."""

    title: str
    text: str
    reply: str


def messages(number: int) -> list[Message]:
    """Up to `number` messages: the real ones, or the project's own sixty when those are not there."""
    if REAL.exists():
        with gzip.open(REAL, "rt", encoding="utf-8", newline="") as file:
            rows = (Message(_cut(r["title"], TITLE), _cut(r["detail"], TEXT), _cut(r["reply"], REPLY)) for r in csv.DictReader(file))
            return list(islice((m for m in rows if m.title and m.text and m.reply), number))
    own = csv.DictReader(io.StringIO(OWN.read_text("utf-8")))
    return [Message(r["title"], r["text"], r["reply"]) for r in islice(own, number)]


def _cut(text: str, length: int) -> str:
    return text.replace("\x00", "").strip()[:length]
