"""The list of erasures outlives a restore: what a person had erased stays erased (decision record 0025).

It holds ids and codes, no personal data, and is worth nothing inside the backup that it corrects: so it is taken from
the database that is being replaced, from a broker that survived, or from a file that `lianxin erasures list` has written.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from nats.aio.client import Client
from nats.errors import TimeoutError as NothingLeft
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from sqlalchemy import text

from deploy.backup.databases import connected
from deploy.local.errors import LocalError
from shared.audit import of_operator
from shared.bus import EVENTS
from shared.codec import read
from shared.db import Database
from shared.events.intake_privacy import MatterErased
from shared.settings import ServiceSettings

Erased = dict[str, Any]
"""A row of the list: `matter_id`, `kind`, `ground`, `erased_at`, as texts."""

_ROWS = text(
    "SELECT matter_id::text AS matter_id, kind, ground, to_char(erased_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') "
    "AS erased_at FROM erasure ORDER BY erased_at, matter_id"
)
_ENTER = text(
    "INSERT INTO erasure (matter_id, kind, ground, erased_at) VALUES (CAST(:matter_id AS uuid), :kind, :ground, :erased_at) "
    "ON CONFLICT (matter_id) DO UPDATE SET erased_at = greatest(erasure.erased_at, excluded.erased_at)"
)
_AT_ONCE = 500


async def listed(url: str) -> list[Erased]:
    """What intake's database says was erased; nothing where it has no such list."""
    async with connected(url) as connection:
        if not await _has(connection, "erasure"):
            return []
        return [dict(row) for row in (await connection.execute(_ROWS)).mappings()]


async def told(client: Client, site: str) -> list[Erased]:
    """What the events on a broker say was erased."""
    config = ConsumerConfig(ack_policy=AckPolicy.NONE, deliver_policy=DeliverPolicy.ALL, inactive_threshold=30)
    puller = await client.jetstream().pull_subscribe(MatterErased.subject(site), stream=EVENTS, config=config)
    left = (await puller.consumer_info()).num_pending or 0
    found: list[Erased] = []
    while left > 0:
        try:
            messages = await puller.fetch(min(left, _AT_ONCE), timeout=5)
        except NothingLeft:
            break
        left -= len(messages)
        events = [cast(MatterErased, read(MatterErased, message.headers or {}, message.data)) for message in messages]
        for event in events:
            row = {"matter_id": str(event.matter_id), "kind": event.matter_kind, "ground": event.ground}
            found.append({**row, "erased_at": event.occurred_at.isoformat()})
    return found


def as_lines(rows: Iterable[Erased]) -> str:
    """The list as JSON lines."""
    return "".join(f"{json.dumps(row, sort_keys=True)}\n" for row in rows)


def from_lines(path: Path) -> list[Erased]:
    """A list that `as_lines` has written. Raises LocalError."""
    try:
        return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line]
    except (OSError, ValueError) as error:
        raise LocalError(f"{path} cannot be read: {error}", f"无法读取 {path}：{error}") from error


async def apply(site: str, url: str, rows: Iterable[Erased]) -> int | None:
    """Enters the rows into intake's list and destroys the keys of what came back. Returns how many; None where the schema is too old to."""
    from services.intake.privacy.actions import erase_again

    async with connected(url) as connection:
        if not await _has(connection, "erased_content"):
            return None
    database = Database("intake", ServiceSettings(site=site, database_url=url))
    entries = [{**row, "erased_at": datetime.fromisoformat(row["erased_at"])} for row in rows]
    destroyed = 0
    try:
        async with database.transaction() as tx:
            if entries:
                await tx.execute(_ENTER, entries)
            destroyed = await erase_again(tx)
            if entries or destroyed:
                tx.records.append(of_operator("erasures apply", f"listed:{len(entries)}", f"destroyed:{destroyed}"))
    finally:
        await database.close()
    return destroyed


async def _has(connection: Any, table: str) -> bool:
    return (await connection.execute(text("SELECT to_regclass(:table)"), {"table": table})).scalar_one() is not None
