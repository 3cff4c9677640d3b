"""What is written down of every write: who, what, on which objects, how it ended (decision record 0016; 等保 8.1.4.3).

A row holds ids and codes, never a name, a telephone number or anything else that a person typed.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.codec import TRACEPARENT
from shared.events.base import Event

if TYPE_CHECKING:
    from shared.db import Tx

DONE = "done"
REPEATED = "repeated"
"""A request whose `Idempotency-Key` had its answer already: nothing was written, the answer was given out again."""
OPERATOR = "operator"

MOST_OBJECTS = 100
"""Ids in one row; a further `+n` says how many there were beyond. An import's own rows are in its events."""

_ID = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$")


@dataclass(frozen=True, slots=True)
class Record:
    """One row of the audit, before it has its place in the chain."""

    actor: str
    action: str
    object: tuple[str, ...] = ()
    outcome: str = DONE
    request_id: str | None = None
    trace_id: str | None = None
    body_hash: bytes | None = None
    salt: bytes | None = None


def about(tx: Tx, *ids: uuid.UUID | str) -> None:
    """Names objects of the transaction's audit row that neither the request's path nor an event of it names."""
    tx.about.extend(map(str, ids))


def objects(*sources: Iterable[str]) -> tuple[str, ...]:
    """The ids among the values, each once, in their order; what does not look like an id is left out."""
    found = list(dict.fromkeys(value for source in sources for value in source if _ID.match(value)))
    return tuple(found if len(found) <= MOST_OBJECTS else [*found[:MOST_OBJECTS], f"+{len(found) - MOST_OBJECTS}"])


def told_about(tx: Tx) -> Iterable[str]:
    """What the transaction's events are about."""
    return [outgoing.event.key_value() for outgoing in tx.outgoing]


def of_event(event: Event, headers: dict[str, str]) -> Record:
    """A handler has taken up an event: its effects were caused by the service that told it."""
    return Record(f"event:{event.producer}:{event.id}", event.type_name(), (event.key_value(),), trace_id=_trace_of(headers))


def of_events(taken: Sequence[tuple[Event, dict[str, str]]]) -> Iterator[Record]:
    """A handler has taken up a batch of events of one kind: for each the id of what it is about and its own, fifty in a row."""
    if len(taken) == 1:
        yield of_event(*taken[0])
        return
    for start in range(0, len(taken), MOST_OBJECTS // 2):
        part = [event for event, _ in taken[start : start + MOST_OBJECTS // 2]]
        ids = tuple(name for event in part for name in (event.key_value(), str(event.id)))
        yield Record(f"events:{part[0].producer}", part[0].type_name(), ids)


def _trace_of(headers: dict[str, str]) -> str | None:
    trace = headers.get(TRACEPARENT)
    return trace[3:35] if trace else None


def of_sweep(tx: Tx, name: str) -> Record:
    """A sweep has changed something."""
    return Record(actor=f"sweep:{name}", action=name, object=objects(tx.about, told_about(tx)))


def of_operator(action: str, *ids: str) -> Record:
    """Somebody with the operator's credentials has done something by `lianxin`."""
    return Record(actor=OPERATOR, action=action, object=objects(ids))
