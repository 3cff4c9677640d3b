"""The desk's word on a category: kept, shown, and a label to train with."""

from __future__ import annotations

import csv
import json
import stat
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import text

from deploy.local.servers import LocalServers
from deploy.local.settings import RunSettings
from deploy.training import corrections
from deploy.training.messages import Message, corrected, read_messages
from services.intake.models import Opinion
from services.intake.understanding.models import CategoryCorrection
from tests import kit
from tests.intake import golden
from tests.intake.conftest import Send


async def test_the_desk_s_category_replaces_the_one_that_was_found(
    intake: kit.Running, send: Send, token: Callable[..., dict[str, str]]
) -> None:
    sent = await send()
    await intake.deliver(golden.corrected(sent.id))
    async with intake.tx() as tx:
        opinion, kept = await tx.get_one(Opinion, sent.id), await tx.get_one(CategoryCorrection, sent.id)
    assert (opinion.category, opinion.category_source) == ("transport", "desk")
    assert (kept.proposed, kept.corrected, kept.case_version) == ("construction", "transport", 4)
    item = (await intake.client.get("/opinions", headers=token("desk"))).json()["items"][0]
    assert (item["category"], item["category_source"]) == ("transport", "desk")
    seen = (await intake.client.get(f"/opinions/{sent.id}/understanding", headers=token("desk"))).json()
    assert (seen["category"], seen["source"]) == ("transport", "desk")


async def test_an_older_word_of_the_desk_changes_nothing_and_a_newer_one_does(intake: kit.Running, send: Send) -> None:
    sent = await send()
    for event, category in (
        (golden.corrected(sent.id, 4, 12, "transport"), "transport"),
        (golden.corrected(sent.id, 2, 13, "environment"), "transport"),
        (golden.corrected(sent.id, 4, 14, "health"), "health"),
        (golden.corrected(sent.id, 4, 11, "labour"), "health"),
        (golden.corrected(sent.id, 6, 10, "land"), "land"),
    ):
        await intake.deliver(event)
        async with intake.tx() as tx:
            assert (await tx.get_one(Opinion, sent.id)).category == category
            assert (await tx.get_one(CategoryCorrection, sent.id)).corrected == category


async def test_corrections_are_handed_out_masked_and_that_is_audited(
    intake: kit.Running, send: Send, servers: LocalServers, tmp_path: Path
) -> None:
    first = await send(title="请回电13812345678", text="身份证320412199001011234，公交不来")
    second = await send()
    await intake.deliver(golden.corrected(second.id, 2, 2, "environment"), golden.corrected(first.id, 2, 3))
    settings = RunSettings(data=servers.data, site=kit.SITE, database_url="")
    found = await corrections.corrections(settings)
    assert [message.category for message in found] == ["environment", "transport"]
    assert "13812345678" not in found[1].title and "320412199001011234" not in found[1].text
    await intake.app.state.audit.seal_all()
    async with intake.tx() as tx:
        rows = (await tx.execute(text("SELECT action, object FROM kit_audit WHERE actor = 'operator'"))).all()
    assert [row.action for row in rows] == ["train corrections"]
    path = tmp_path / "corrections.csv"
    corrections.write(found, path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_messages(path, {}, ["environment", "transport"]) == found
    with path.open(encoding="utf-8", newline="") as file:
        assert next(csv.reader(file)) == ["category", "title", "text"]
    assert "13812345678" not in json.dumps([message.title for message in found])


def test_where_data_and_desk_have_the_same_message_the_desk_s_word_counts() -> None:
    data = [Message("甲", "一", "transport"), Message("乙", "二", "labour")]
    assert corrected(data, [Message("甲", "一", "health")]) == [data[1], Message("甲", "一", "health")]
