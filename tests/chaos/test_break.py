"""With a guarantee switched off the run is red for that reason, and green with all of them.

In short on the kit's tiny service, killed where the guarantee holds; `CHAOS=1` runs the whole suite under chaos instead.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from nats.aio.client import Client
from nats.js.errors import NotFoundError
from sqlalchemy import text

import shared.delivery
from shared.db import Database
from shared.settings import ROOT, ServiceSettings
from tests.chaos import broken, plan
from tests.chaos.supervisor import BREAK
from tests.chaos.verdict import TWICE, Verdict, settle_accounts
from tests.kit import eventually
from tests.shared.service import NAME

MARKS = ("a", "b", "c")


@pytest_asyncio.fixture
async def database(settings: ServiceSettings) -> AsyncIterator[Database]:
    """The tiny service's database with the table of effects."""
    database = Database(NAME, settings)
    async with database.transaction() as tx:
        await tx.execute(text(broken.LEDGER))
    yield database
    async with database.transaction() as tx:
        await tx.execute(text("DROP TABLE chaos_effect"))
    await database.close()


@pytest.fixture(scope="module")
def parent() -> Iterator[subprocess.Popen[str]]:
    """Forks the processes of the tiny service."""
    command = [sys.executable, "-m", "tests.chaos.tiny"]
    forks = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    yield forks
    forks.kill()
    forks.wait()


class Run:
    """Processes of the tiny service, each killed at the next of the points, the last one left to finish its work."""

    def __init__(self, settings: ServiceSettings, database: Database, operator: Client, parent: subprocess.Popen[str], marks: Path) -> None:
        self._settings, self._database, self._operator, self._parent, self._marks = settings, database, operator, parent, marks

    async def judge(self, without: str, *points: str) -> Verdict:
        """What the ledgers say once all is at rest."""
        last = await self._start(without, points)
        for _ in points:
            assert await self._answer() == 137, f"none of {points} was passed"
            last = await self._start(without, points)
        try:
            await eventually(self._at_rest, within=60, what="nothing waits any more")
        finally:
            os.kill(last, signal.SIGKILL)
            await self._answer()
        verdict = Verdict()
        await settle_accounts(verdict, NAME, self._rows)
        done = {row.name for row in await self._rows("SELECT name FROM mark WHERE times > 0")}
        verdict.add(verdict.lost, "mark that was answered and not counted", set(MARKS) - done)
        return verdict

    async def _answer(self) -> int:
        assert self._parent.stdout
        return int(await asyncio.wait_for(asyncio.to_thread(self._parent.stdout.readline), 120))

    async def _start(self, without: str, points: tuple[str, ...]) -> int:
        assert self._settings.nats_seed and self._parent.stdin
        own = {f"LIANXIN_{k.upper()}": str(v) for k, v in self._settings.model_dump(exclude={"nats_seed", "otlp_endpoint"}).items()}
        own |= {"LIANXIN_NATS_SEED": self._settings.nats_seed.get_secret_value(), "MARKS": ",".join(MARKS), BREAK: without}
        own |= {"LIANXIN_CRASH_AT": ",".join(points), "LIANXIN_CRASH_MARKS": str(self._marks)}
        self._parent.stdin.write(json.dumps(own) + "\n")
        self._parent.stdin.flush()
        return await self._answer()

    async def _rows(self, sql: str) -> list[Any]:
        async with self._database.transaction() as tx:
            return list((await tx.execute(text(sql))).all())

    async def _at_rest(self) -> bool:
        answered = await self._rows("SELECT (SELECT count(*) FROM kit_answer) AS answers, (SELECT count(*) FROM kit_outbox) AS outbox")
        try:
            info = await self._operator.jetstream().consumer_info("EVENTS", NAME)
        except NotFoundError:
            return False  # killed before it made its consumer
        told = (await self._operator.jetstream().stream_info("EVENTS")).state.messages
        return tuple(answered[0]) == (len(MARKS), 0) and told > 0 and not (info.num_pending or info.num_ack_pending)


@pytest.fixture
def run(settings: ServiceSettings, database: Database, operator: Client, parent: subprocess.Popen[str], tmp_path: Path) -> Run:
    """Ready to be judged."""
    return Run(settings, database, operator, parent, tmp_path)


async def test_killed_wherever_it_hurts_the_kit_leaves_both_ledgers_even(run: Run) -> None:
    verdict = await run.judge("", "after_commit", "after_effect", "before_ack")
    assert (verdict.lost, verdict.doubled, verdict.wrong) == ({}, {}, {})
    assert verdict.effects == len(MARKS)


async def test_without_the_inbox_an_effect_is_doubled(run: Run) -> None:
    verdict = await run.judge("inbox", "before_ack")
    assert f"{TWICE} {NAME}" in verdict.doubled
    assert not verdict.lost


async def test_without_the_outbox_an_effect_is_lost(run: Run) -> None:
    verdict = await run.judge("outbox", "after_commit")
    assert verdict.lost
    assert not verdict.doubled


async def test_with_acks_before_the_commit_an_effect_is_lost(run: Run) -> None:
    verdict = await run.judge("ack", "after_effect")
    assert verdict.lost
    assert not verdict.doubled


def test_a_patch_without_its_target_is_refused_aloud() -> None:
    with pytest.raises(broken.NothingToPatch, match="no_such_thing"):
        broken._replace(shared.delivery.Delivery, "no_such_thing", lambda: None)
    with pytest.raises(broken.NothingToPatch, match="claim"):
        broken._replace(shared.delivery, "claim", lambda tx: None)


def test_the_same_seed_is_the_same_plan_and_holds_enough_kills() -> None:
    steps = plan.make(7, 10)
    assert steps == plan.make(7, 10) != plan.make(8, 10)
    kills = [s for s in steps if s.fault.startswith("kill") or s.fault == "crash"]
    assert len(kills) >= 25 * 10
    assert {s.fault for s in plan.make(7, 1)} == set(plan.EACH_MINUTE), "a minute has each of the faults"


@pytest.mark.slow
@pytest.mark.skipif(not os.environ.get("CHAOS"), reason="some minutes each: CHAOS=1, or make chaos BREAK=…")
@pytest.mark.parametrize(("without", "status"), [("", 0), ("inbox", 1), ("outbox", 1), ("ack", 1)])
def test_the_whole_suite_under_chaos_is_red_only_without_a_guarantee(without: str, status: int) -> None:
    command = [sys.executable, "-m", "tests.chaos", "--minutes", "1", "--seed", "7", "--break", without]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=900)
    assert done.returncode == status, json.dumps(done.stdout[-3000:], ensure_ascii=False)
