"""`lianxin calendar`: what an operator sees of the calendar, and brings in force."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest
import time_machine

from deploy.cli import calendar
from shared import workdays
from shared.workdays import CHINA
from tests.routing import golden
from tests.routing.conftest import LONG_AGO

NEAR_THE_END = datetime(2026, 12, 28, 9, tzinfo=CHINA)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LIANXIN_CALENDARS", str(tmp_path))
    workdays.official_calendar.cache_clear()
    yield tmp_path
    workdays.official_calendar.cache_clear()


async def test_what_stands_on_another_calendar_is_seen_and_computed_anew_and_audited(running, folder):
    service = await running("routing")
    opinions = [golden.opinion(0, name, occurred_at=NEAR_THE_END) for name in "abc"]
    await service.deliver(golden.organisation(0, "housing", occurred_at=LONG_AGO), *opinions)
    assert await calendar.standing(service.database) == calendar.Standing(None, 3, 3, 0)
    (folder / "2027.json").write_text(json.dumps({"year": 2027, "days": [{"date": "2027-01-01", "isOffDay": True}]}), "utf-8")
    workdays.official_calendar.cache_clear()
    assert await calendar.standing(service.database) == calendar.Standing(None, 3, 3, 3)
    assert await calendar.recompute_all(service.database) == 3
    own = workdays.official_calendar().version
    assert await calendar.standing(service.database) == calendar.Standing(own, 3, 0, 0)
    assert await calendar.recompute_all(service.database) == 0
    await service.app.state.audit.seal_all()
    rows = [json.loads(row) for row in (await audit_rows(service))]
    assert [(row["actor"], row["action"]) for row in rows] == [("operator", "calendar recompute")] * 2
    assert rows[1]["object"] == ["deadlines:3"]


async def test_an_older_calendar_comes_in_force_again_only_by_command(running, folder):
    service = await running("routing")
    await service.deliver(golden.organisation(0, "housing", occurred_at=LONG_AGO), golden.opinion(0, "a", occurred_at=NEAR_THE_END))
    await calendar.recompute_all(service.database)
    file = folder / "2027.json"
    file.write_text(json.dumps({"year": 2027, "days": [{"date": "2027-01-01", "isOffDay": True}]}), "utf-8")
    workdays.official_calendar.cache_clear()
    await calendar.recompute_all(service.database)
    file.unlink()
    workdays.official_calendar.cache_clear()
    assert await calendar.recompute_all(service.database) == 1
    assert await calendar.standing(service.database) == calendar.Standing(workdays.official_calendar().version, 1, 1, 0)


async def audit_rows(service):
    from sqlalchemy import text

    async with service.tx() as tx:
        query = "SELECT to_jsonb(a)::text FROM kit_audit a WHERE action = 'calendar recompute' ORDER BY seq"
        return (await tx.execute(text(query))).scalars().all()


@pytest.mark.parametrize(("month", "missing"), [(11, False), (12, True)])
def test_next_year_is_asked_for_in_december(month, missing, folder):
    with time_machine.travel(datetime(2026, month, 5, tzinfo=CHINA)):
        assert calendar.missing_year(workdays.official_calendar()) == (2027 if missing else None)
    with time_machine.travel(datetime(2025, month, 5, tzinfo=CHINA)):
        assert calendar.missing_year(workdays.official_calendar()) is None
