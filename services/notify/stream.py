"""Server-sent events: a page hears of its notices as they are posted. The table is the truth, a signal only says when to look."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress

import structlog

from services.notify import queries
from services.notify.errors import TooManyStreams
from services.notify.models import Notice
from services.notify.render import rendered
from services.notify.rules import audiences_of
from services.notify.settings import Settings
from shared.clock import now
from shared.db import Database, is_outage
from shared.identity import Caller
from shared.live import Closing, Live, Signals

log = structlog.get_logger("lianxin.notify.stream")

_BEAT = b": beat\n\n"


class Streams:
    """The open streams of this process. A stream holds no connection to the database while it waits."""

    def __init__(self, database: Database, live: Live, settings: Settings) -> None:
        self._database, self._live, self._settings = database, live, settings
        self.open = 0

    def check_room(self) -> None:
        """Raises TooManyStreams when this process serves as many as it may."""
        if self.open >= self._settings.streams_per_process:
            raise TooManyStreams()

    async def of(self, caller: Caller, after: int | None, language: str) -> AsyncIterator[bytes]:
        """The caller's notices after a position, or from now on, as SSE frames.

        Ends with the caller's token and when the service stops: the page comes back with a fresh token and `Last-Event-ID`.
        """
        with self._counted(), suppress(Closing):
            async with self._live.subscribe("notice") as signals:
                # After subscribing: what is posted between this look and the first wait leaves a signal behind.
                position = await self._last() if after is None else after
                yield _frame("ready", position, b"{}")
                mine = {audience.key for audience in audiences_of(caller)}
                while True:
                    page = await self._since(caller, position)
                    for notice in page:
                        position = notice.position
                        yield _frame("notice", position, rendered(notice, language, read=False).model_dump_json().encode())
                    if len(page) == self._settings.stream_page:
                        continue
                    if caller.expires_at <= now():
                        return
                    if not await self._woken(signals, caller, mine, position):
                        yield _BEAT

    async def _woken(self, signals: Signals, caller: Caller, mine: set[str], position: int) -> bool:
        """Waits for a signal of a notice that was not sent yet; False when a beat is due or the token is over."""
        while True:
            left = (caller.expires_at - now()).total_seconds()
            signal = await signals.next(max(0.0, min(left, self._settings.stream_beat)))
            if signal is None:
                return False
            if _concerns(signal, mine, position):
                return True

    @contextmanager
    def _counted(self) -> Iterator[None]:
        self.open += 1
        try:
            yield
        finally:
            self.open -= 1

    async def _last(self) -> int:
        async with self._database.transaction() as tx:
            return await queries.last_position(tx)

    async def _since(self, caller: Caller, position: int) -> list[Notice]:
        """All notices after a position, up to a page; none while the database is away, for the next beat looks again."""
        try:
            async with self._database.transaction() as tx:
                return await queries.since(tx, caller, position, self._settings.stream_page)
        except Exception as error:
            if not is_outage(error):
                raise
            log.warning("stream_waits_for_database", error=type(error).__name__)
            return []


def _concerns(signal: str, mine: set[str], position: int) -> bool:
    """Whether a signal, `<audience>@<position>`, tells of a notice of ours that was not sent yet."""
    audience, _, posted = signal.rpartition("@")
    return audience in mine and posted.isdigit() and int(posted) > position


def _frame(event: str, position: int, data: bytes) -> bytes:
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (position, event.encode(), data)
