"""A new calendar computes open deadlines anew, each by the clocks that it was set by, told and kept in the history."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import pytest
import time_machine
import yaml

from services.routing import main
from services.routing.actions import calendars
from services.routing.settings import Settings
from shared import workdays
from shared.events.routing_deadlines import AssignmentDueMoved, DeadlineRecomputed
from shared.profile import whole
from shared.settings import ROOT
from shared.workdays import CHINA
from tests import kit
from tests.routing import golden
from tests.routing.conftest import LONG_AGO, ok

NEAR_THE_END = datetime(2026, 12, 28, 9, tzinfo=CHINA)
"""Seven working days from here end in January 2027, a year whose days off nobody has published."""


@dataclass
class Published:
    """The file with the days off of 2027."""

    file: Path

    def __call__(self, *off: str) -> None:
        days = [{"date": day, "isOffDay": True} for day in off]
        self.file.write_text(json.dumps({"year": 2027, "days": days}), "utf-8")
        workdays.official_calendar.cache_clear()

    def away(self) -> None:
        self.file.unlink()
        workdays.official_calendar.cache_clear()


@pytest.fixture
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A folder of calendars, as processes find it when they start."""
    monkeypatch.setenv("LIANXIN_CALENDARS", str(tmp_path))
    workdays.official_calendar.cache_clear()
    yield Published(tmp_path / "2027.json")
    workdays.official_calendar.cache_clear()


async def sweep(service: kit.Running) -> int:
    """Lets the clock work until nothing is left; how many things it did."""
    done = 0
    while True:
        async with service.tx() as tx:
            now = await calendars.recompute(tx)
        done += now
        if not now:
            return done


def day(moment: str) -> str:
    return datetime.fromisoformat(moment).astimezone(CHINA).date().isoformat()


async def test_a_published_year_makes_provisional_deadlines_certain_and_says_so(routing, published):
    with time_machine.travel(NEAR_THE_END, tick=False):
        before = await routing.opened("a")
        assert (day(before["reply_due_at"]), before["due_is_provisional"]) == ("2027-01-06", True)
        await sweep(routing.service)
        published("2027-01-01", "2027-01-04")
        assert await sweep(routing.service) == 2  # in force, and one deadline
        case = await routing.case("a")
    assert (day(case["reply_due_at"]), case["due_is_provisional"], case["version"]) == ("2027-01-08", False, before["version"] + 1)
    line = case["history"][-1]
    assert (line["action"], line["from"], line["to"], line["by_role"]) == ("recompute", "assigned", "assigned", "calendar")
    assert line["note"].startswith("2027-01-06 → 2027-01-08; chinesecalendar-")
    (told,) = await routing.told(DeadlineRecomputed)
    assert (told.department, told.due_is_provisional, told.case_version) == ("housing", False, case["version"])
    assert (day(told.due_before.isoformat()), day(told.due_at.isoformat())) == ("2027-01-06", "2027-01-08")
    (moved,) = await routing.told(AssignmentDueMoved)
    assert (moved.organisation, day(moved.due_at.isoformat())) == ("housing", "2027-01-08")
    async with routing.service.tx() as tx:
        (push,) = await tx.run("SELECT next_push_at FROM cases")
    assert day(push["next_push_at"].isoformat()) == "2027-01-08", "its push moved with it"
    ok(await routing.act("a", "accept", case["version"]))


async def test_a_deadline_that_stays_where_it_was_is_not_told_and_what_is_replied_to_is_left_alone(routing, published):
    with time_machine.travel(NEAR_THE_END, tick=False):
        await routing.handled("replied")
        replied = await routing.case("replied")
    with time_machine.travel(datetime(2026, 3, 2, 9, tzinfo=CHINA), tick=False):
        await routing.opened("early")
    await sweep(routing.service)
    published("2027-01-01", "2027-01-04")
    assert await sweep(routing.service) == 2
    assert await routing.case("replied") == replied
    assert await routing.told(DeadlineRecomputed) == []
    assert await sweep(routing.service) == 0


async def test_three_replicas_recompute_each_deadline_once_in_batches(running, published):
    service = await running("routing", calendar_batch=4)
    opinions = [golden.opinion(0, f"c{n}", occurred_at=NEAR_THE_END) for n in range(30)]
    await service.deliver(golden.organisation(0, "housing", occurred_at=LONG_AGO), *opinions)
    await sweep(service)
    published("2027-01-01")
    done = await asyncio.gather(*(sweep(service) for _ in range(3)))
    assert sum(done) == 31
    told = [event for event in await service.outbox() if isinstance(event, DeadlineRecomputed)]
    assert sorted(event.case_id for event in told) == sorted(golden.case_id(f"c{n}") for n in range(30))


async def test_a_process_with_a_calendar_of_the_past_sets_nothing_back(routing, published):
    with time_machine.travel(NEAR_THE_END, tick=False):
        await routing.opened("a")
        await sweep(routing.service)
        published("2027-01-01")
        await sweep(routing.service)
        case = await routing.case("a")
        published.away()
        assert await sweep(routing.service) == 0
        assert await routing.case("a") == case


def profile(folder: Path, days: int, version: int) -> Path:
    """The rules of wujin with another clock for opinions."""
    said = whole(ROOT / "deploy" / "profiles" / "wujin.yaml") | {"version": version}
    said["routing"]["clocks"]["reply"]["opinion"]["n"] = days
    path = folder / f"wujin{version}.yaml"
    path.write_text(yaml.safe_dump(said, allow_unicode=True), "utf-8")
    return path


async def test_a_changed_profile_rewrites_no_deadline_not_even_under_a_new_calendar(servers, published, tmp_path):
    old = await kit.build("routing", servers.database_url("routing"), profile=profile(tmp_path, 7, 1))
    await old.deliver(golden.organisation(0, "housing", occurred_at=LONG_AGO), golden.opinion(0, "a", occurred_at=NEAR_THE_END))
    await sweep(old)
    before = await old.rows()
    await kit.close(old)
    app = main.build(Settings(database_url=servers.database_url("routing"), site=kit.SITE, profile=profile(tmp_path, 20, 2)))
    new = kit.Running("routing", app, old.client)
    try:
        await sweep(new)
        assert (await new.rows())["cases"] == before["cases"]
        published("2027-01-01", "2027-01-04")
        await sweep(new)
        await new.deliver(golden.opinion(0, "b", occurred_at=NEAR_THE_END))
        rows = {row["number"][-1].lower(): row for row in map(json.loads, (await new.rows())["cases"])}
        # Seven working days still for what was handed over under seven, twenty for what came under twenty.
        assert [day(rows[name]["reply_due_at"]) for name in "ab"] == ["2027-01-08", "2027-01-27"]
        assert [rows[name]["profile_version"] for name in "ab"] == ["wujin@1", "wujin@2"]
    finally:
        await new.database.close()


async def test_the_calendar_of_2026_is_in_force_after_the_first_sweep(routing):
    await sweep(routing.service)
    async with routing.service.tx() as tx:
        assert await calendars.in_force(tx) == workdays.official_calendar().version
    assert date(2026, 10, 1).year in workdays.official_calendar().years
