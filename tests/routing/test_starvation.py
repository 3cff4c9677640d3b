"""After a week in which nothing was swept, three replicas tell of every late case once, and the longest late first, though one is killed.

OVERDUE=10000 for as many cases; fewer in every run of the suite.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from itertools import islice

from sqlalchemy import text

from services.routing.settings import Settings
from shared.settings import ROOT
from tests.kit import Running, eventually
from tests.routing import golden

NUMBER = int(os.environ.get("OVERDUE", "600"))
BATCH = 50 if NUMBER < 10_000 else Settings().overdue_batch
REPLICAS = 3

_AGED = text(
    """
    UPDATE cases SET reply_due_at = CAST(:now AS timestamptz) - make_interval(secs => :week * (1 - n::float / :number)), overdue_round = 0
    FROM (SELECT id AS which, row_number() OVER (ORDER BY md5(id::text)) AS n FROM cases) AS shuffled WHERE which = id
    """
)
_TOLD = text(
    "SELECT c.id, c.reply_due_at FROM kit_outbox o JOIN cases c ON c.id = (convert_from(o.body, 'UTF8')::jsonb ->> 'case_id')::uuid "
    "WHERE o.headers ->> 'ce-type' LIKE '%case_overdue%' ORDER BY o.id"
)


@contextmanager
def _replica(service: Running) -> Iterator[subprocess.Popen[bytes]]:
    url = service.database.settings.database_url
    env = {**os.environ, "LIANXIN_DATABASE_URL": url, "LIANXIN_OVERDUE_BATCH": str(BATCH), "LIANXIN_SITE": "320412"}
    process = subprocess.Popen([sys.executable, "-m", "tests.routing.sweeper"], cwd=ROOT, env=env, stdout=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait(20)


async def _aged(service: Running) -> None:
    """Cases that fell due over the last week, in no order of their ids."""
    await service.deliver(golden.organisation(0, "housing"))
    names = iter(range(NUMBER))
    while part := list(islice(names, 500)):
        await service.deliver(*(golden.opinion(0, f"late{n}") for n in part))
    async with service.tx() as tx:
        week = timedelta(days=7).total_seconds()
        await tx.execute(_AGED, {"now": datetime.now(UTC), "week": week, "number": NUMBER})
        await tx.execute(text("TRUNCATE kit_outbox"))


async def test_each_late_case_is_told_once_and_none_waits_behind_younger_ones(running) -> None:
    service = await running("routing")
    await _aged(service)

    async def told() -> int:
        async with service.tx() as tx:
            return int(await tx.scalar(text("SELECT count(*) FROM kit_outbox")) or 0)

    with ExitStack() as stack:
        replicas = [stack.enter_context(_replica(service)) for _ in range(REPLICAS)]

        async def under_way() -> bool:
            return await told() > NUMBER // 5

        await eventually(under_way, within=60, what="a fifth is told")
        replicas[0].kill()
        before = await told()
        assert before < NUMBER, "killed after all was done: nothing was shown"

        async def all_told() -> bool:
            assert all(r.poll() is None for r in replicas[1:])
            return await told() >= NUMBER

        await eventually(all_told, within=120, what="all are told")
    async with service.tx() as tx:
        rows = (await tx.execute(_TOLD)).all()
    assert len(rows) == len({row.id for row in rows}) == NUMBER
    rank = {case: n for n, case in enumerate(row.id for row in sorted(rows, key=lambda r: r.reply_due_at))}
    # The n-th told has at most n older ones before it: as many as it is behind its rank were younger and went first.
    behind = max(n - rank[row.id] for n, row in enumerate(rows))
    assert behind <= REPLICAS * BATCH, f"one case waited behind {behind} younger ones"
