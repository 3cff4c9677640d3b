"""Erasing a matter takes its files away, rows and contents, also when the process dies in between; retention counts them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from services.intake.attachments import actions
from services.intake.attachments.clock import sweeps_of
from services.intake.attachments.store import ObjectStore
from services.intake.privacy import actions as privacy
from shared.bus import Bus
from shared.clock import now
from shared.events.intake_privacy import MatterErased
from tests import kit
from tests.intake.attachments import files
from tests.intake.attachments.conftest import NOTHING, Resident
from tests.intake.conftest import Send, Sent
from tests.intake.people import told


async def erase(sent: Sent) -> None:
    answer = await sent.service.client.post("/public/erasures", json={"number": sent.number}, headers={"X-Lookup-Code": sent.lookup_code})
    assert answer.status_code == 200, answer.text


async def removed(resident: Resident, store: ObjectStore | None = None) -> int:
    """What the clock does about the contents of erased matters."""
    verb = next(sweep.verb for sweep in sweeps_of(store or resident.store).all if sweep.name == "erased_contents")
    async with resident.service.tx() as tx:
        return await verb(tx)


async def marks(resident: Resident) -> int:
    async with resident.service.tx() as tx:
        return int(await tx.scalar(text("SELECT count(*) FROM erased_content")) or 0)


@pytest.fixture
async def sent(resident: Resident, send: Send) -> Sent:
    """An opinion without contact data, with a photograph and a recording."""
    return await send(attachments=[await resident.file(files.picture()), await resident.file(files.mp3())])


async def test_erasing_takes_rows_at_once_and_contents_soon_and_is_told_once(resident: Resident, sent: Sent) -> None:
    await erase(sent)
    left = await resident.left()
    assert (left["attachment"], len(left["contents"]), await marks(resident)) == (0, 2, 2)
    assert await removed(resident) == 2
    assert await resident.left() == NOTHING and await marks(resident) == 0
    await erase(sent)
    assert [event.matter_id for event in await told(resident.service, MatterErased)] == [sent.id]


async def test_a_content_that_another_matter_has_stays_until_that_one_goes_too(resident: Resident, sent: Sent, send: Send) -> None:
    other = await send(attachments=[await resident.file(files.picture())])
    await erase(sent)
    assert await removed(resident) == 2
    left = await resident.left()
    assert (left["attachment"], len(left["contents"])) == (1, 1)
    await erase(other)
    assert await removed(resident) == 1 and await resident.left() == NOTHING


async def test_what_a_killed_process_left_is_completed_later(resident: Resident, sent: Sent, monkeypatch: pytest.MonkeyPatch) -> None:
    await erase(sent)
    real = resident.store.remove

    class Killed(BaseException):
        """The process ends here: no handler runs."""

    async def removes_one_and_dies(digest: str) -> None:
        await real(digest)
        raise Killed

    monkeypatch.setattr(resident.store, "remove", removes_one_and_dies)
    with pytest.raises(Killed):
        await removed(resident)
    assert (len((await resident.left())["contents"]), await marks(resident)) == (1, 2)
    monkeypatch.undo()
    assert await removed(resident) == 2
    assert await resident.left() == NOTHING and await marks(resident) == 0


async def test_while_the_store_is_away_the_marks_wait(resident: Resident, sent: Sent) -> None:
    await erase(sent)
    assert await removed(resident, ObjectStore(Bus("intake", resident.service.database.settings))) == 0
    assert await marks(resident) == 2
    assert await removed(resident) == 2 and await resident.left() == NOTHING


async def test_retention_erases_files_also_of_a_matter_without_contact_data_and_the_dry_run_counted_them(
    resident: Resident, sent: Sent
) -> None:
    async def due() -> dict[str, tuple[int, int]]:
        rules = (await resident.service.client.get("/retention", headers=kit.token("desk"))).json()
        return {rule["group"]: (rule["due"], rule["files"]) for rule in rules}

    assert set((await due()).values()) == {(0, 0)}
    async with resident.service.tx() as tx:
        await tx.execute(text("UPDATE opinion SET status = 'withdrawn', status_at = :at"), {"at": now() - timedelta(days=181)})
    assert (await due())["opinion_closed"] == (1, 2)
    for done in (1, 0):
        async with resident.service.tx() as tx:
            assert await privacy.erase_due(tx, now()) == done
    assert set((await due()).values()) == {(0, 0)}
    assert await removed(resident) == 2 and await resident.left() == NOTHING


async def test_files_that_a_restored_backup_brought_back_go_again_and_those_given_after_the_erasure_stay(
    resident: Resident, sent: Sent
) -> None:
    rows: Any
    async with resident.service.tx() as tx:
        rows = (await tx.execute(text("SELECT to_jsonb(a)::text FROM attachment a"))).scalars().all()
    await erase(sent)
    async with resident.service.tx() as tx:
        for row in rows:
            restored = "INSERT INTO attachment SELECT * FROM jsonb_populate_record(NULL::attachment, CAST(:row AS jsonb))"
            await tx.execute(text(restored), {"row": row})
    token = await resident.file(files.amr())
    async with resident.service.tx() as tx:
        await actions.bind(tx, sent.id, sent.number, [token])
    async with resident.service.tx() as tx:
        assert await privacy.erase_again(tx) == 1
    assert (await resident.left())["attachment"] == 1
    async with resident.service.tx() as tx:
        assert await privacy.erase_again(tx) == 0
    await erase(sent)
    await removed(resident)
    assert await resident.left() == NOTHING
