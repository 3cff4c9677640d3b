"""What every event is: a frozen fact in the past tense, with one producer.

Source of the rules: architecture, section 2 (subjects, versions, audiences) and decision record 0003.
"""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

CORE = "core"
"""Audience of the suite's own services: never exported."""
EVERYONE = "all"
"""Audience of whoever subscribes: events without free text only."""


def new_id() -> uuid.UUID:
    """A UUIDv7 (RFC 9562, its method 3): sortable to a quarter of a microsecond, made by the client, unique without a database.

    Written here, not taken from a library, because `shared.events` stands on pydantic and the standard library only.
    """
    millis, rest = divmod(time.time_ns(), 1_000_000)
    fraction, noise = rest * 4096 // 1_000_000, int.from_bytes(os.urandom(8), "big") & (1 << 62) - 1
    return uuid.UUID(int=millis << 80 | 0x7 << 76 | fraction << 64 | 0b10 << 62 | noise)


def derived_id(source: uuid.UUID, role: str) -> uuid.UUID:
    """The id of what `source` gives rise to in the part of `role`: the same each time it is computed.

    Handlers name the rows they create so, and a redelivered or replayed event finds its row instead of a second one.
    """
    return uuid.uuid5(source, role)


class Event(BaseModel):
    """Base of all events. `id`, `occurred_at` and `site` travel as CloudEvents attributes, the other fields as data.

    A subclass states `producer` and `version` as class variables; its name and subject follow from the class name.
    `key` names the field that says which aggregate the event is about: a batch is handled in its order, so that
    concurrent replicas take row locks in one order. `addressed` events go to one organisation each.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    producer: ClassVar[str]
    version: ClassVar[int] = 1
    key: ClassVar[str]
    addressed: ClassVar[bool] = False
    open_to_all: ClassVar[bool] = False

    id: uuid.UUID = Field(default_factory=new_id, exclude=True)
    occurred_at: datetime = Field(default_factory=lambda: datetime.now(UTC), exclude=True)
    site: str = Field(default="", exclude=True)

    @classmethod
    @cache
    def event_name(cls) -> str:
        """`AssignmentMade` -> `assignment_made`; the number of a later version is not part of the name."""
        plain = cls.__name__.removesuffix(f"V{cls.version}")
        return "".join(f"_{c.lower()}" if c.isupper() else c for c in plain).lstrip("_")

    @classmethod
    def subject(cls, site: str, audience: str = CORE) -> str:
        """The NATS subject `lx.<site>.<producer>.<event>.v<n>.<audience>`."""
        return f"lx.{site}.{cls.producer}.{cls.event_name()}.v{cls.version}.{audience}"

    @classmethod
    @cache
    def type_name(cls) -> str:
        """The CloudEvents `type`: `routing.assignment_made.v1`."""
        return f"{cls.producer}.{cls.event_name()}.v{cls.version}"

    def data(self) -> dict[str, Any]:
        """What goes into the message body: all fields but the CloudEvents attributes."""
        return self.model_dump(mode="json")

    def key_value(self) -> str:
        """The aggregate this event is about, for ordering and logs: always an id, never a name."""
        return str(getattr(self, self.key))


def all_events() -> Iterator[type[Event]]:
    """Every event of the contracts, in order of producer and name; a class with subclasses is none itself."""

    def walk(cls: type[Event]) -> Iterator[type[Event]]:
        for sub in cls.__subclasses__():
            if sub.__subclasses__():
                yield from walk(sub)
            elif sub.__module__.startswith("shared.events."):
                yield sub

    yield from sorted(walk(Event), key=lambda e: (e.producer, e.event_name(), e.version))
