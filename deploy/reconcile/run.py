"""Reads all databases and the stream, and compares them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from deploy.local.backends import Backends
from deploy.local.servers import SERVICES
from deploy.local.settings import RunSettings
from deploy.reconcile.facts import AGREEMENTS, NEVERS, Agreement, Never
from deploy.reconcile.history import History, Told, read_history
from deploy.reconcile.report import Finding, Report
from shared.settings import ServiceSettings

_OUTBOX = "SELECT subject, headers->>'ce-id', body, created_at FROM kit_outbox"
_INBOX = "SELECT event_id::text FROM kit_inbox"
_LISTENING = "SELECT event, from_seq FROM kit_subscription"
_COUNTS = "SELECT (SELECT count(*) FROM kit_outbox), (SELECT count(*) FROM kit_parked)"


@dataclass(frozen=True, slots=True)
class Sources:
    """Where everything is: the services' databases by name, the broker with the operator's rights, and the inboxes' memory."""

    databases: Mapping[str, str]
    nats_url: str
    seed: str | None
    inbox_days: int

    @classmethod
    def of(cls, settings: RunSettings) -> Sources:
        """Those of a run of the suite."""
        backends = Backends(settings, list(SERVICES))
        return cls(
            {name: backends.database.url(name) for name in SERVICES if name != "gateway"},
            backends.bus.url,
            backends.seed("operator"),
            ServiceSettings.model_fields["inbox_days"].default,
        )


async def reconcile(sources: Sources, grace: timedelta = timedelta(0)) -> Report:
    """Compares everything. Raises what the drivers raise when a database or the broker is away.

    On a suite at work, what is found is looked at a second time after `grace`, and only what is still wrong is reported:
    an event needs some milliseconds from one service to the next.
    """
    report = await _look(sources)
    if report.clean or not grace:
        return report
    await asyncio.sleep(grace.total_seconds())
    later = await _look(sources)
    before = {(f.check, f.service): f for f in report.findings}
    later.findings = [before[f.check, f.service].still(f) if (f.check, f.service) in before else f for f in later.findings]
    return later


async def _look(sources: Sources) -> Report:
    readers = {name: _Reader(url) for name, url in sources.databases.items()}
    try:
        outboxes = [row for reader in readers.values() for row in await reader.rows(_OUTBOX)]
        history = await read_history(sources.nats_url, sources.seed, outboxes)
        findings = [_agree(a, await readers[a.service].rows(a.rows), history) for a in AGREEMENTS]
        findings += [_never(n, await readers[n.service].rows(n.rows)) for n in NEVERS]
        oldest = datetime.now(UTC) - timedelta(days=sources.inbox_days) + timedelta(hours=1)
        for name, reader in readers.items():
            inbox = {row[0] for row in await reader.rows(_INBOX)}
            findings.append(_delivered(name, await reader.rows(_LISTENING), inbox, history, oldest))
        counts = {name: (await reader.rows(_COUNTS))[0] for name, reader in readers.items()}
    finally:
        for reader in readers.values():
            await reader.close()
    return Report(
        findings,
        dict(history.dead),
        {name: row[0] for name, row in counts.items()},
        {name: row[1] for name, row in counts.items()},
        history.unreadable,
    )


class _Reader:
    """One database, read only, in one snapshot."""

    def __init__(self, url: str) -> None:
        self._engine = create_async_engine(url, isolation_level="REPEATABLE READ")
        self._connection: Any = None

    async def rows(self, sql: str) -> Sequence[Any]:
        if self._connection is None:
            self._connection = await self._engine.connect()
            await self._connection.execute(text("SET TRANSACTION READ ONLY"))
        return (await self._connection.execute(text(sql))).all()  # type: ignore[no-any-return]

    async def close(self) -> None:
        if self._connection is not None:
            await self._connection.close()
        await self._engine.dispose()


def _agree(agreement: Agreement, rows: Sequence[Any], history: History) -> Finding:
    finding = Finding(agreement.name, agreement.invariant, agreement.service, len(rows))
    told: set[str] = set()
    seen: Counter[tuple[str, str]] = Counter()
    for kind, event in history.of(agreement.events):
        if any(event.data.get(field, value) != value for field, value in agreement.about):
            continue
        key = _key(agreement, event)
        told.add(key)
        seen[kind, key] += 1
    if agreement.once:
        finding.doubled = {key for (_, key), times in seen.items() if times > 1}
    if agreement.newest:
        told = _newest(told)
    forgotten = history.first_at
    there = {str(key) for key, _ in rows}
    if agreement.newest and forgotten:
        return finding
    finding.missing = {str(key) for key, at in rows if not (forgotten and (at is None or at <= forgotten))} - told
    if not agreement.only_rows:
        finding.orphaned = told - there
    return finding


def _key(agreement: Agreement, event: Told) -> str:
    return ":".join(str(event.data.get(field)) for field in agreement.fields) if agreement.fields else event.id


def _newest(keys: set[str]) -> set[str]:
    highest: dict[str, int] = {}
    for key in keys:
        name, _, number = key.rpartition(":")
        highest[name] = max(highest.get(name, 0), int(number))
    return {f"{name}:{number}" for name, number in highest.items()}


def _never(never: Never, rows: Sequence[Any]) -> Finding:
    ids = {str(row[0]) for row in rows}
    return Finding(
        never.name,
        never.invariant,
        never.service,
        len(ids),
        doubled=ids if never.doubled else set(),
        orphaned=set() if never.doubled else ids,
    )


def _delivered(service: str, listening: Sequence[Any], inbox: set[str], history: History, oldest: datetime) -> Finding:
    """I9: what the stream holds for a service is in its inbox or a dead letter, and its inbox holds nothing the stream never had."""
    finding = Finding("delivered events took effect", "I9", service)
    dead = set(history.dead.get(service, ()))
    for kind, from_seq in listening:
        for event in history.events.get(kind, ()):
            if event.seq > from_seq and event.at > oldest:
                finding.counted += 1
                if event.id not in inbox and event.id not in dead:
                    finding.missing.add(event.id)
    if history.first_at is None:
        finding.orphaned = inbox - history.seen
    return finding
