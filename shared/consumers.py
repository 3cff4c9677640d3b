"""Declaring what a service listens to. Handlers hold business only; delivery is `shared.delivery` (decision record 0004)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from faststream.nats import JStream, NatsBroker
from faststream.nats.schemas import PullSub

from shared.bus import EVENTS
from shared.events.base import Event

if TYPE_CHECKING:
    from shared.db import Database, Tx

E = TypeVar("E", bound=Event)
Since = Literal["start", "now"]


class Early(Exception):
    """Raised by a handler, before it writes anything, when the event needs something that is not there yet.

    The kit parks the event under `what:key`; it is tried again when somebody calls `wake` for that, and every
    `park_retry` seconds; after `park_days` it goes to the dead letters.
    """

    def __init__(self, what: str, key: object) -> None:
        super().__init__(f"waits for {what}")
        self.waits_for = f"{what}:{key}"


async def wake(tx: Tx, what: str, *keys: object) -> None:
    """Lets the events that wait for `what` with one of the keys be tried again as soon as this transaction has committed."""
    found = await tx.run(_WAKE, [f"{what}:{key}" for key in keys])
    tx.woken = tx.woken or bool(found)


_WAKE = "UPDATE kit_parked SET next_try_at = now() WHERE waits_for = ANY($1) RETURNING event_id"


@dataclass(frozen=True, slots=True)
class Handler:
    """A function that handles one kind of event, one at a time or as a list."""

    event: type[Event]
    since: Since
    batch: bool
    call: Callable[[Any, Any], Awaitable[None]]

    @property
    def name(self) -> str:
        """The function's name, for dead letters and metrics."""
        return self.call.__name__


class Consumers:
    """The registry of one service: at most one handler per event."""

    def __init__(self, service: str) -> None:
        self.service = service
        self.handlers: dict[str, Handler] = {}

    def on(self, event: type[E], *, since: Since) -> Callable[[Callable[[Tx, E], Awaitable[None]]], Callable[[Tx, E], Awaitable[None]]]:
        """Declares a handler of one event at a time. `since` says whether it also hears what was said before it existed."""

        def declare(call: Callable[[Tx, E], Awaitable[None]]) -> Callable[[Tx, E], Awaitable[None]]:
            self._add(Handler(event, since, False, call))
            return call

        return declare

    def on_batch(
        self, event: type[E], *, since: Since
    ) -> Callable[[Callable[[Tx, Sequence[E]], Awaitable[None]]], Callable[[Tx, Sequence[E]], Awaitable[None]]]:
        """Declares a handler that takes all events of a kind in a batch in one call, in the order of their key."""

        def declare(call: Callable[[Tx, Sequence[E]], Awaitable[None]]) -> Callable[[Tx, Sequence[E]], Awaitable[None]]:
            self._add(Handler(event, since, True, call))
            return call

        return declare

    def _add(self, handler: Handler) -> None:
        name = handler.event.type_name()
        if name in self.handlers:
            raise ValueError(f"{self.service} has two handlers for {name}")
        self.handlers[name] = handler

    def subjects(self, site: str) -> list[str]:
        """The filter subjects of this service's durable consumer, its own replays of dead letters included."""
        kinds = sorted((h.event for h in self.handlers.values()), key=lambda e: e.type_name())
        return [kind.subject(site, "*") for kind in kinds] + [replay_subject(site, self.service)]

    def describe(self, broker: NatsBroker, site: str, database: Database | None = None) -> None:
        """Declares the handlers on a FastStream broker: for AsyncAPI, and for wiring tests on its in-memory broker.

        A broker made so is never started against a real server: its delivery loses messages (architecture, section 6).
        """
        for handler in self.handlers.values():
            broker.subscriber(
                handler.event.subject(site, "*"),
                stream=JStream(name=EVENTS, declare=False),
                durable=self.service,
                pull_sub=PullSub(),
                title=f"{self.service}:{handler.event.type_name()}",
                description=(handler.event.__doc__ or "").strip(),
            )(_face(handler, database))


def _face(handler: Handler, database: Database | None) -> Callable[[Any], Awaitable[None]]:
    async def receive(event: Any) -> None:
        if database is None:
            raise RuntimeError("described without a database: for documents only")
        async with database.transaction() as tx:
            await handler.call(tx, [event] if handler.batch else event)

    receive.__annotations__ = {"event": handler.event, "return": None}
    receive.__name__ = handler.name
    return receive


def replay_subject(site: str, service: str) -> str:
    """Where a dead letter goes to be tried again by the one service that failed on it."""
    return f"lx.{site}.replay.{service}.v1.core"
