"""Residents are told of their matter where they left a number: it comes in a box, opens here alone, and is forgotten for good."""

from __future__ import annotations

import random
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag
from sqlalchemy import text

from services.notify.residents import actions, queries
from shared.boxes import seal_for
from shared.clock import now
from shared.events import Event, derived_id
from shared.events.intake_privacy import ContactLeft, ContactSealed, MatterErased
from shared.events.notify import ContactKeyMade
from shared.events.routing import CaseClosed
from tests import kit
from tests.notify import golden

PHONE = "13912345678"
MATTER = derived_id(golden.CASE, "opinion")
LEFT = ContactLeft(matter_id=MATTER, matter_kind="opinion")
ERASED = MatterErased(matter_id=MATTER, matter_kind="opinion", ground="person")
REPLIED = golden.replied(6, 7, 1)
CLOSED = next(event for event in golden.EVENTS if isinstance(event, CaseClosed))


@pytest.fixture
async def notify(running: Any) -> kit.Running:
    """The service on its emptied database."""
    service: kit.Running = await running("notify")
    return service


async def public_key(notify: kit.Running) -> str:
    """The key that was told last."""
    return [event for event in await notify.outbox() if isinstance(event, ContactKeyMade)][-1].public_key


async def boxed(notify: kit.Running, phone: str = PHONE) -> ContactSealed:
    """What intake answers to the key."""
    key = await public_key(notify)
    return ContactSealed(matter_id=MATTER, matter_kind="opinion", public_key=key, box=seal_for(key, phone, str(MATTER)))


async def phone(notify: kit.Running) -> str | None:
    async with notify.tx() as tx:
        return await queries.phone_of(tx, MATTER)


async def hand_over(notify: kit.Running) -> int:
    async with notify.tx() as tx:
        return await actions.hand_over(tx)


async def notices(notify: kit.Running) -> list[tuple[str, str, str | None]]:
    async with notify.tx() as tx:
        rows = await tx.execute(text("SELECT notice_class, state, channel FROM resident_notice ORDER BY occurred_at"))
        return [(row.notice_class, row.state, row.channel) for row in rows]


async def test_a_key_is_made_once_for_a_matter_and_its_public_half_told(notify: kit.Running) -> None:
    await notify.deliver(LEFT)
    await notify.deliver(LEFT.model_copy(update={"id": uuid.uuid4()}))
    [told] = [event for event in await notify.outbox() if isinstance(event, ContactKeyMade)]
    assert (told.matter_id, told.matter_kind) == (MATTER, "opinion")


async def test_the_number_is_kept_sealed_and_opens_for_sending(notify: kit.Running) -> None:
    await notify.deliver(LEFT)
    await notify.deliver(await boxed(notify))
    assert await phone(notify) == PHONE
    everything = str(await notify.rows()) + "".join(event.model_dump_json() for event in await notify.outbox())
    assert PHONE not in everything


async def test_a_box_for_another_key_and_a_second_box_change_nothing(notify: kit.Running) -> None:
    await notify.deliver(LEFT)
    stranger = seal_for((await boxed(notify)).public_key, "13700000000", "elsewhere")
    await notify.deliver((await boxed(notify)).model_copy(update={"public_key": "another", "box": stranger}))
    assert await phone(notify) is None
    await notify.deliver(await boxed(notify))
    await notify.deliver(await boxed(notify, "13700000000"))
    assert await phone(notify) == PHONE


async def test_the_sender_is_told_of_reply_and_closing_once_the_number_is_there(notify: kit.Running) -> None:
    await notify.deliver(REPLIED)
    assert await hand_over(notify) == 0 and await notices(notify) == [("case_replied", "waiting", None)]
    await notify.deliver(LEFT)
    assert await hand_over(notify) == 0
    await notify.deliver(await boxed(notify), CLOSED, REPLIED)
    assert await hand_over(notify) == 2
    assert await notices(notify) == [("case_replied", "ready", "outbox"), ("case_closed", "ready", "outbox")]
    assert await hand_over(notify) == 0


async def test_of_a_split_matter_the_sender_is_told_by_its_first_case_alone(notify: kit.Running) -> None:
    part = {"id": uuid.uuid4(), "case_id": uuid.uuid4(), "part_of": REPLIED.case_id}
    await notify.deliver(*(event.model_copy(update=part | {"id": uuid.uuid4()}) for event in (REPLIED, CLOSED)))
    assert await notices(notify) == []
    await notify.deliver(REPLIED)
    assert await notices(notify) == [("case_replied", "waiting", None)]


async def test_an_erased_matter_is_forgotten_with_key_box_and_notices_so_that_the_box_on_the_stream_opens_no_more(
    notify: kit.Running,
) -> None:
    await notify.deliver(LEFT)
    box = await boxed(notify)
    await notify.deliver(box, REPLIED)
    await notify.deliver(ERASED)
    assert await phone(notify) is None and await notices(notify) == []
    async with notify.tx() as tx:
        [row] = (await tx.execute(text("SELECT * FROM reach"))).mappings()
    assert (row["private_key"], row["public_key"], row["box"]) == (None, None, None) and row["forgotten_at"] is not None
    # Told anew, the matter gets no key, and the old box finds none.
    await notify.deliver(LEFT.model_copy(update={"id": uuid.uuid4()}), box.model_copy(update={"id": uuid.uuid4()}), CLOSED)
    assert await phone(notify) is None and await notices(notify) == []
    assert len([event for event in await notify.outbox() if isinstance(event, ContactKeyMade)]) == 1


async def test_events_in_any_order_and_twice_leave_a_matter_forgotten_that_was_erased(notify: kit.Running) -> None:
    await notify.deliver(LEFT)
    story: list[Event] = [LEFT, await boxed(notify), REPLIED, CLOSED, ERASED]
    for seed in range(20):
        await kit.wipe(notify.database)
        events = story * 2
        random.Random(seed).shuffle(events)
        for event in events:
            await notify.deliver(event)
        rows = await notify.rows()
        assert rows["resident_notice"] == [] and len(rows["reach"]) == 1, seed
        assert await phone(notify) is None and '"private_key": null' in rows["reach"][0], seed


async def test_the_private_key_is_sealed_under_this_service_s_key_and_bound_to_its_matter(notify: kit.Running, running: Any) -> None:
    await notify.deliver(LEFT)
    await notify.deliver(await boxed(notify))
    async with notify.tx() as tx:
        await tx.execute(text("UPDATE reach SET matter_id = :other"), {"other": golden.CASE})
    async with notify.tx() as tx:
        with pytest.raises(InvalidTag):
            await queries.phone_of(tx, golden.CASE)


async def test_what_a_lost_suite_had_told_residents_is_not_told_again(notify: kit.Running) -> None:
    async with notify.tx() as tx:
        await tx.execute(
            text("INSERT INTO kit_restored (backup, cut_at, restored_at) VALUES (:id, :at, :at)"),
            {"id": uuid.uuid4(), "at": datetime(2026, 3, 2, 1, 7, tzinfo=UTC)},
        )
    await notify.deliver(LEFT)
    await notify.deliver(await boxed(notify), REPLIED, CLOSED)
    assert await hand_over(notify) == 1
    assert [(name, state) for name, state, _ in await notices(notify)] == [("case_replied", "told_before"), ("case_closed", "ready")]


async def test_notices_to_nobody_go_after_days_and_all_others_with_the_marks_after_years(notify: kit.Running) -> None:
    await notify.deliver(LEFT, REPLIED, ERASED.model_copy(update={"matter_id": golden.CASE}))
    await notify.deliver(await boxed(notify))
    await hand_over(notify)
    async with notify.tx() as tx:
        waiting = (
            "INSERT INTO resident_notice (id, matter_id, notice_class, number, round, state, cause, occurred_at) "
            "VALUES (:id, :id, 'case_replied', 'n', 1, 'waiting', :id, :at)"
        )
        for days in (6, 8):
            await tx.execute(text(waiting), {"id": uuid.uuid4(), "at": now() - timedelta(days=days)})
        await tx.execute(text("UPDATE resident_notice SET occurred_at = :at WHERE state = 'ready'"), {"at": now() - timedelta(days=700)})
    for older, left in ((0, (2, 2)), (40, (0, 1))):
        async with notify.tx() as tx:
            for statement in (
                "UPDATE resident_notice SET occurred_at = occurred_at - make_interval(days => :days)",
                "UPDATE reach SET forgotten_at = forgotten_at - make_interval(days => :days * 30)",
            ):
                await tx.execute(text(statement), {"days": older})
        async with notify.tx() as tx:
            await actions.forget_old(tx)
        rows = await notify.rows()
        assert (len(rows["resident_notice"]), len(rows["reach"])) == left


async def test_of_a_suggestions_case_no_resident_is_told(notify: kit.Running) -> None:
    await notify.deliver(REPLIED.model_copy(update={"matter": "suggestion"}), CLOSED.model_copy(update={"matter": "suggestion"}))
    assert await notices(notify) == []
