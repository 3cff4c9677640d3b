"""The short form of each fault that no other test shows: one running suite, a fault after another under load, the checkers after each."""

from __future__ import annotations

import json
import os
import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.faults import report
from tests.faults.acting import act_out
from tests.faults.arena import Arena, running
from tests.faults.catalogue import FAULTS, Fault
from tests.faults.pace import SHORT
from tests.house import ROOT

SEED = int(os.environ.get("SEED", "7"))
HERE = [fault for fault in FAULTS if not fault.shown_by]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def arena() -> AsyncIterator[Arena]:
    async with running("faults", SHORT, SEED) as started:
        yield started


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("fault", HERE, ids=lambda fault: f"{fault.number} {fault.title}")
async def test_nothing_is_lost_nothing_is_doubled_and_work_goes_on(arena: Arena, fault: Fault) -> None:
    result = await act_out(fault, arena, SEED)
    assert result.green, f"seed {SEED}: " + "; ".join(result.breaches)
    assert result.effects > result.accepted > 0


def test_a_fault_that_is_shown_elsewhere_names_tests_that_exist() -> None:
    for fault in FAULTS:
        for shown in fault.shown_by:
            path, _, name = shown.partition("::")
            assert re.search(rf"def {name or 'test_'}", (ROOT / path).read_text("utf-8")), f"{fault.number}: {shown} does not exist"


def test_the_proof_shows_what_the_last_run_found() -> None:
    page = report.PROOF.read_text("utf-8")
    shown = page.partition(report.BEGIN)[2].partition(report.END)[0]
    assert shown.strip() == report.markdown().strip()
    found = json.loads(report.LATEST.read_text("utf-8"))["faults"]
    assert list(found) == [fault.number for fault in FAULTS]
    assert [number for number, result in found.items() if result["verdict"] != "green"] == []
