"""Keeps the audit in every replica: seals, signs, publishes checkpoints, and keeps those of the other services (decision record 0016)."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import time
from typing import Any

import orjson
import structlog
from nats.errors import Error as NatsError
from nats.js.errors import APIError
from sqlalchemy import text

from shared.audit_chain import MOST, checkpoint, seal
from shared.audit_keys import AuditKeys
from shared.bus import AUDIT, Bus, BusAway, Message
from shared.codec import MSG_ID
from shared.db import Database, Tx, is_conflict, is_outage
from shared.defects import describe
from shared.settings import ServiceSettings
from shared.sweeps import Sweep

KEY_HEADER = "lx-audit-key"
"""Header of a checkpoint: the public key, as C2SP writes it."""

_OFTEN = 60.0
"""Seconds between two looks whether a checkpoint is due or not published yet, when the setting is longer."""

_UNPUBLISHED = text(
    "SELECT size, head, note, key FROM kit_audit_checkpoint WHERE origin = :origin AND NOT published "
    "AND NOT EXISTS (SELECT FROM kit_hold WHERE until > clock_timestamp()) ORDER BY kept_at"
)
_PUBLISHED = text("UPDATE kit_audit_checkpoint SET published = true WHERE origin = :origin AND size = :size AND head = :head")
_KEEP = text(
    "INSERT INTO kit_audit_checkpoint (origin, size, head, at, note, key, published) "
    "VALUES (:origin, :size, :head, CAST(CAST(:at AS text) AS timestamptz), :note, :key, true) ON CONFLICT DO NOTHING"
)
_AGAINST = text("SELECT count(*) FROM kit_audit_checkpoint WHERE origin = :origin AND (size > :size OR (size = :size AND head <> :head))")
_WAITING = text("SELECT count(*), coalesce(extract(epoch FROM clock_timestamp() - min(at)), 0) FROM kit_audit_waiting")
_UNSALT = text(
    "UPDATE kit_audit SET salt = NULL WHERE seq = ANY(ARRAY(SELECT seq FROM kit_audit WHERE salt IS NOT NULL "
    "AND at < now() - make_interval(days => :days) ORDER BY at LIMIT :batch FOR UPDATE SKIP LOCKED))"
)

log = structlog.get_logger("lianxin.audit")


class AuditKeeper:
    """The loop of one process; an advisory lock lets one replica at a time append to the chain."""

    def __init__(self, database: Database, bus: Bus, keys: AuditKeys) -> None:
        self.database, self.bus, self.keys, self.settings = database, bus, keys, database.settings
        self.contradicted = 0
        """Services whose newest checkpoint on the bus has fewer rows than one that this database keeps."""
        self._wake = asyncio.Event()
        self._sign_at = self._witness_at = 0.0
        database.after_commit.append(self._committed)

    def _committed(self, tx: Tx) -> None:
        if tx.records:
            self._wake.set()

    async def run(self) -> None:
        """Runs until cancelled; an outage only makes it wait."""
        if self.keys.signing is None:
            log.warning("audit_without_checkpoints", reason="the service has no seed to sign with")
        while True:
            # Without a wake-up it looks all the same: for the rows of a replica that died.
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), self.settings.audit_poll)
                # Rows of half a second go in together: the chain's head is read and the commit paid once for all.
                await asyncio.sleep(self.settings.audit_seal_after)
            self._wake.clear()
            try:
                await self.look()
            except (BusAway, NatsError, APIError, OSError, TimeoutError) as error:
                log.info("audit_waits", reason=type(error).__name__)
            except Exception as error:
                if not (is_outage(error) or is_conflict(error)):
                    log.exception("audit_failed")
                await asyncio.sleep(1)

    async def look(self) -> None:
        """Seals what waits; when it is time, signs, publishes and keeps what the others signed."""
        await self.seal_all()
        at = time.monotonic()
        if at >= self._sign_at:
            self._sign_at = at + min(self.settings.audit_checkpoint_every, _OFTEN)
            await self.sign(self.settings.audit_checkpoint_every)
        if at >= self._witness_at:
            self._witness_at = at + self.settings.audit_witness_every
            await self.witness()

    async def seal_all(self) -> None:
        """Puts all rows that wait into the chain."""
        sealed = MOST
        while sealed == MOST:
            async with self.database.transaction(durable=False) as tx:
                sealed = await seal(tx, self.keys.origin)

    async def sign(self, every: float) -> None:
        """Signs a checkpoint when the last is older than `every` seconds, and publishes what is not published. Raises BusAway."""
        async with self.database.transaction() as tx:
            await checkpoint(tx, self.keys, every)
        # Once it is committed, and not while a backup holds publishing: what is on the bus has its row in every backup (record 0017).
        async with self.database.transaction() as tx:
            waiting = (await tx.execute(_UNPUBLISHED, {"origin": self.keys.origin})).all()
        for row in waiting:
            name = f"{self.keys.origin}/{row.size}/{bytes(row.head).hex()[:16]}"
            subject = f"audit.{self.settings.site}.{self.bus.service}"
            message = Message(name, subject, {MSG_ID: name, KEY_HEADER: row.key}, row.note.encode())
            outcome = await self.bus.publish([message])
            if not outcome.stored:
                raise BusAway(f"checkpoint not published: {outcome.never or outcome.again}")
            async with self.database.transaction() as tx:
                await tx.execute(_PUBLISHED, {"origin": self.keys.origin, "size": row.size, "head": row.head})

    async def witness(self) -> None:
        """Keeps the newest checkpoint of every other service: whoever rewrites one database does not own this one. Raises BusAway."""
        prefix = f"audit.{self.settings.site}"
        info: Any = await self.bus.request(f"$JS.API.STREAM.INFO.{AUDIT}", orjson.dumps({"subjects_filter": f"{prefix}.*"}))
        contradicted = 0
        for subject in sorted(info["state"].get("subjects") or ()):
            if subject != f"{prefix}.{self.bus.service}":
                message = await asyncio.wait_for(self.bus.client.request(f"$JS.API.DIRECT.GET.{AUDIT}.{subject}", timeout=3), 4)
                contradicted += await self._keep(message.data.decode(), (message.headers or {}).get(KEY_HEADER, ""))
        self.contradicted = contradicted

    async def _keep(self, note: str, key: str) -> bool:
        lines = note.split("\n")
        row = {"origin": lines[0], "size": int(lines[1]), "head": base64.b64decode(lines[2])}
        async with self.database.transaction() as tx:
            against = (await tx.execute(_AGAINST, row)).scalar_one()
            await tx.execute(_KEEP, {**row, "at": lines[3], "note": note, "key": key})
        if against:
            log.error("audit_checkpoint_contradicts", origin=row["origin"], size=row["size"], kept=against)
        return bool(against)

    async def close(self) -> None:
        """At a shutdown, within three seconds: seals what waits, signs and publishes. What is not done now is done at the next start."""
        try:
            async with asyncio.timeout(3):
                await self.seal_all()
                await self.sign(0)
        except Exception as error:
            # Nothing is lost by it, and the process has to end.
            log.warning("audit_closed_without_checkpoint", reason=describe(error))


async def audit_state(tx: Tx) -> tuple[int, float]:
    """How many audit rows wait for their place in the chain, and the age of the oldest in seconds."""
    count, age = (await tx.execute(_WAITING)).one()
    return int(count), float(age)


def salts_sweep(settings: ServiceSettings) -> Sweep:
    """Takes the salts of old rows away: their hashes then fit no body any more, and the chain stays whole."""

    age = {"days": int(settings.audit_salt_days), "batch": settings.purge_batch}

    async def audit_salts(tx: Tx) -> int:
        return int((await tx.execute(_UNSALT, age)).rowcount)  # type: ignore[attr-defined]

    return Sweep("audit_salts", settings.purge_every, audit_salts, settings.purge_pause)
