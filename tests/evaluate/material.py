"""The real messages, and putting them into intake as if they had been sent then."""

from __future__ import annotations

import csv
import gzip
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.intake.models import Opinion
from shared.tables import table_of
from tests import kit
from tests.house import ROOT

RESULTS = Path(__file__).parent / "results"
DATA = ROOT.parent / "shared" / "data"
START = datetime(2017, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Message:
    """A message as somebody sent it."""

    title: str
    text: str
    at: datetime
    sender: str = ""


def _rows(name: str) -> Iterator[dict[str, str]]:
    file = DATA / name
    if not file.is_file():
        pytest.skip(f"the real messages are not here: {name} is read from ../shared/data")
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        yield from csv.DictReader(lines)


def labelled() -> list[Message]:
    """The labelled messages in their order, a minute apart: they carry no time."""
    return [Message(r["title"], r["detail"], START + timedelta(minutes=n)) for n, r in enumerate(_rows("messages_labelled.csv.gz"))]


def with_likes() -> list[Message]:
    """The messages with likes in order of time."""
    rows = [Message(r["title"], r["detail"], _moment(r["sent_at"]), r["user"]) for r in _rows("messages_with_likes.csv.gz")]
    return sorted(rows, key=lambda one: one.at)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def id_of(n: int) -> uuid.UUID:
    """The id of the nth message, in order of time."""
    return uuid.UUID(int=(n + 1) << 64)


async def put(service: kit.Running, messages: Sequence[Message], *, first: int = 0, region: str = "320412001", codes: int = 500) -> None:
    """Opinions as `submit` leaves them, without events; numbered from `first`, under so many codes."""
    rows = [
        Opinion(
            id=id_of(n),
            number=f"N{n}",
            lookup_salt=b"s",
            lookup_hash=b"h",
            channel="station",
            code_id=id_of(n % codes),
            target_id=id_of(n % codes),
            region=region,
            title=one.title,
            text=one.text,
            confidence=0.0,
            category_source="none",
            profile_version="wujin@1",
            submitted_at=one.at,
            status_at=one.at,
        ).model_dump()
        for n, one in enumerate(messages, first)
    ]
    for n in range(0, len(rows), 1000):
        async with service.tx() as tx:
            await tx.execute(table_of(Opinion).insert(), rows[n : n + 1000])
