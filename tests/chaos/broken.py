"""What a chaos run changes in the services from outside: an effect ledger always, and one guarantee less on demand.

Production code has no switch for this. The supervisor of the run (`tests.chaos.supervisor`) patches before it forks the
services. Whatever is patched must be there with the parameters it has today, else the run does not start.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from uuid import UUID

from nats.aio.msg import Msg
from sqlalchemy import text

import shared.db
import shared.delivery
from shared import crash
from shared.bus import BusAway, Message
from shared.consumers import Consumers, Handler
from shared.db import Tx
from shared.dead import bury
from shared.delivery import Fate, Incoming
from shared.listener import Listener
from shared.puller import Puller
from shared.relay import Relay

LEDGER = "CREATE TABLE IF NOT EXISTS chaos_effect (event_id uuid NOT NULL, handler text NOT NULL)"
"""Runs of handlers that committed: without any key, so that a second one shows."""

_RECORD = text("INSERT INTO chaos_effect (event_id, handler) SELECT unnest(CAST(:ids AS uuid[])), :handler")


class NothingToPatch(RuntimeError):
    """What was to be patched is not there any more, or takes something else: this file must follow the kit."""


def _replace(owner: Any, name: str, new: Any) -> None:
    old = getattr(owner, name, None)
    if old is None or list(inspect.signature(old).parameters) != list(inspect.signature(new).parameters):
        raise NothingToPatch(f"{owner.__name__}.{name}")
    setattr(owner, name, new)


def observe() -> None:
    """Lets every handler write down, in its own transaction, which events it was run on."""
    add = Consumers._add

    def _add(self: Consumers, handler: Handler) -> None:
        add(self, Handler(handler.event, handler.since, handler.batch, _recording(handler)))

    _replace(Consumers, "_add", _add)


def _recording(handler: Handler) -> Callable[[Any, Any], Awaitable[None]]:
    @functools.wraps(handler.call)
    async def call(tx: Tx, given: Any) -> None:
        await handler.call(tx, given)
        ids = [event.id for event in (given if handler.batch else [given])]
        await tx.execute(_RECORD, {"ids": ids, "handler": handler.event.type_name()})

    return call


def inbox() -> None:
    """Duplicates are not recognised: what is in the inbox already is handled again."""
    claim_really = shared.delivery.claim

    async def claim(tx: Tx, consumer: str, event_ids: Sequence[UUID]) -> set[UUID]:
        await claim_really(tx, consumer, event_ids)
        return set(event_ids)

    _replace(shared.delivery, "claim", claim)


def outbox() -> None:
    """Events are published from memory after the commit, instead of being stored with it."""
    committed_really, once_really = Relay._committed, Relay.once
    store_really = vars(shared.db)["store"]

    async def store(tx: Any, outgoing: Any, records: Any, answers: Any) -> None:
        await store_really(tx, [], records, answers)

    def _committed(self: Any, tx: Tx) -> None:
        self.__dict__.setdefault("memory", []).extend(tx.outgoing)
        committed_really(self, tx)

    async def once(self: Any) -> int:
        if not self.bus.is_connected:
            raise BusAway("not connected")
        window = self.__dict__.setdefault("memory", [])[: self.database.settings.relay_window]
        if not window:
            return await once_really(self)  # what a process that is not of this suite has stored
        crash.point("before_publish", self.database.service)
        outcome = await self.bus.publish([Message(str(o.event.id), o.subject, o.headers, o.body) for o in window])
        crash.point("after_publish", self.database.service)
        gone = {*outcome.stored, *outcome.never}
        self.memory = [o for o in self.memory if str(o.event.id) not in gone]
        return len(window)

    _replace(shared.db, "store", store)
    _replace(Relay, "_committed", _committed)
    _replace(Relay, "once", once)


def ack() -> None:
    """Messages are acked before their effect commits."""

    async def _take(self: Listener, puller: Puller, messages: Sequence[Msg]) -> None:
        incoming = [Incoming(m.subject, dict(m.headers or {}), m.data, m.metadata.sequence.stream, m) for m in messages]
        for message in incoming:
            await puller.ack(message.token)
        await self.bus.client.flush()
        await self.delivery.apply(incoming)
        for message in incoming:
            if message.fate is Fate.DEAD:
                await bury(self.bus, self.service, message)

    _replace(Listener, "_take", _take)


BREAKS: dict[str, Callable[[], None]] = {"inbox": inbox, "outbox": outbox, "ack": ack}
