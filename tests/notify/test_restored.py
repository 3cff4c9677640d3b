"""After a restore nobody is told a second time: what the lost suite had told stands in the inbox and is pushed to no page."""

from __future__ import annotations

import uuid
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from services.notify import rules
from shared.codec import BEGUN
from shared.events import Event, derived_id, new_id
from shared.identity import Caller
from tests import kit
from tests.notify import golden
from tests.notify.test_stream import following

HOUSING = Caller(
    uuid.UUID(int=1), "department", "housing", "320412", None, frozenset({"inbox.read"}), datetime.now(UTC) + timedelta(hours=1)
)
RESTORED = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.fixture
async def service(running: Any) -> Any:
    """Notify on a database that was restored."""
    service = await running("notify")
    async with service.tx() as tx:
        await tx.execute(
            text("INSERT INTO kit_restored (backup, cut_at, restored_at) VALUES (gen_random_uuid(), :at, :at)"), {"at": RESTORED}
        )
    return service


def fresh(event: Event, **changed: Any) -> Event:
    """The same fact told anew, after the restore."""
    return event.model_copy(update={"id": new_id(), "occurred_at": RESTORED + timedelta(minutes=1), **changed})


async def deliver(service: Any, event: Event, begun: datetime) -> None:
    incoming = kit.incoming_of(event)
    incoming.headers[BEGUN] = begun.isoformat()
    await service.app.state.listener.delivery.apply([incoming])


async def test_what_began_before_the_restore_is_in_the_inbox_and_pushed_to_no_page(service: Any) -> None:
    old, consequence, new = golden.assignment(1, "housing"), fresh(golden.assignment(2, "housing")), fresh(golden.assignment(3, "housing"))
    async with aclosing(service.app.state.streams.of(HOUSING, 0, "zh")) as stream:
        await anext(stream)
        await service.deliver(old)
        await deliver(service, consequence, begun=RESTORED - timedelta(minutes=1))
        await deliver(service, new, begun=RESTORED + timedelta(seconds=1))
        _, pushed = await following(stream)
    rows = (await service.client.get("/inbox", headers=kit.token("department"))).json()["items"]
    assert len(rows) == 3 and not any(row["read"] for row in rows)
    assert pushed["id"] == rows[0]["id"]
    assert [event.told_before for event in await service.outbox()] == [True, True, False]


async def test_a_page_that_resumes_is_not_sent_what_was_told_before(service: Any) -> None:
    new = [fresh(golden.assignment(minutes, "housing")) for minutes in (2, 4)]
    for event in (golden.assignment(1, "housing"), new[0], golden.assignment(3, "housing"), new[1]):
        await service.deliver(event)
    async with aclosing(service.app.state.streams.of(HOUSING, 0, "zh")) as stream:
        await anext(stream)
        pushed = [data["id"] for _, data in (await following(stream), await following(stream))]
    assert pushed == [str(derived_id(event.id, "organisation:housing")) for event in new]


def test_what_the_clock_finds_again_is_judged_by_the_moment_it_is_about() -> None:
    overdue = next(e for e in golden.EVENTS if e.event_name() == "case_overdue")
    delayed = next(e for e in golden.EVENTS if e.event_name() == "stage_delayed")
    after = RESTORED + timedelta(seconds=1)
    assert rules.told_before(fresh(overdue, due_at=RESTORED), after, RESTORED)
    assert not rules.told_before(fresh(overdue, due_at=after), after, RESTORED)
    assert rules.told_before(fresh(delayed, planned_on=(RESTORED - timedelta(days=1)).date()), after, RESTORED)
    assert not rules.told_before(fresh(delayed, planned_on=RESTORED.date()), after, RESTORED)


def test_where_nothing_was_restored_everything_is_told() -> None:
    assert not any(rules.told_before(event, event.occurred_at, None) for event in golden.EVENTS)
