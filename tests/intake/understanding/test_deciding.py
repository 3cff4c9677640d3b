"""Sender, sure keywords, model, desk: who decides on an opinion's category, and how staff see why."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from deploy.training.shelf import Shelf
from services.intake.models import Opinion
from services.intake.understanding.loading import ModelNotUsable
from shared.events.intake import OpinionClassified
from tests import kit
from tests.intake.conftest import form
from tests.intake.understanding import sentences

DESK = {"region": "320412"}


async def submitted(service: kit.Running, title: str, text: str, **more: Any) -> tuple[OpinionClassified, Opinion]:
    """What was told of an opinion, and what was kept."""
    answer = await service.client.post("/opinions", json=form(title=title, text=text, **more))
    assert answer.status_code == 201, answer.text
    told = [e for e in await service.outbox() if isinstance(e, OpinionClassified) and e.number == answer.json()["number"]]
    async with service.tx() as tx:
        return told[0], await tx.get_one(Opinion, told[0].opinion_id)


@pytest.mark.parametrize("category", sentences.SURE)
async def test_the_model_decides_where_it_is_sure_and_its_version_is_kept(trained: kit.Running, category: str) -> None:
    told, kept = await submitted(trained, *sentences.SURE[category])
    assert (told.category, told.source) == (category, "model")
    assert trained.database.policy.classifier.abstain_below <= told.confidence <= 1
    assert (kept.category, kept.category_source, kept.confidence) == (category, "model", told.confidence)
    assert kept.classifier is not None and kept.classifier.startswith("20260501-")


async def test_what_the_model_is_unsure_of_goes_to_the_desk(trained: kit.Running) -> None:
    told, kept = await submitted(trained, *sentences.UNSURE)
    assert (told.category, told.source) == (None, "none")
    assert told.confidence < trained.database.policy.classifier.abstain_below
    assert kept.classifier is not None


async def test_the_sender_s_choice_and_sure_keywords_come_before_the_model(trained: kit.Running) -> None:
    told, kept = await submitted(trained, *sentences.SURE["transport"], category="health")
    assert (told.category, told.source, kept.classifier) == ("health", "sender", None)
    told, kept = await submitted(trained, "出租车拒载，网约车不打表", "出租车和网约车都拒载")
    assert (told.category, told.source, kept.classifier) == ("transport", "rule", None)


async def test_keywords_that_would_decide_alone_leave_it_to_the_model(trained: kit.Running, running: Callable[..., Awaitable[Any]]) -> None:
    title, text = "路灯", "工地的酬劳拖了三个月没发，仓库搬运的薪水少算了一半，保洁队的报酬迟迟不结清"
    told, _ = await submitted(trained, title, text)
    assert (told.category, told.source) == ("labour", "model")
    without = await running("intake")
    told, kept = await submitted(without, title, text)
    assert (told.category, told.source, kept.classifier) == ("construction", "rule", None)


async def test_keywords_of_a_category_that_the_model_never_learnt_come_before_it(trained: kit.Running) -> None:
    told, kept = await submitted(trained, "车间没发夜班补助，派出所不立案", "报案后没有回音")
    assert (told.category, told.source, kept.classifier) == ("justice", "rule", None)


async def test_a_named_model_that_is_not_there_leaves_it_to_the_keywords(running: Callable[..., Awaitable[Any]], tmp_path: Path) -> None:
    told, kept = await submitted(await running("intake", classifier=tmp_path / "none.npz"), "路灯不亮", "小区门口的路灯坏了")
    assert (told.category, told.source, kept.classifier) == ("construction", "rule", None)


async def test_the_model_in_the_data_folder_is_used_when_none_is_named(running: Callable[..., Awaitable[Any]], tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    shelf.put("20260501-of-the-test", sentences.model_file())
    shelf.use("20260501-of-the-test")
    told, _ = await submitted(await running("intake", data=tmp_path), *sentences.SURE["labour"])
    assert (told.category, told.source) == ("labour", "model")


@pytest.mark.parametrize("content", [sentences.model_file()[:-500], sentences.model_file(("weather", "labour", "transport"))])
async def test_a_service_does_not_start_with_a_damaged_or_foreign_model(
    running: Callable[..., Awaitable[Any]], tmp_path: Path, content: bytes
) -> None:
    path = Shelf(tmp_path).put("bad", content)
    with pytest.raises(ModelNotUsable, match=r"classifier-bad\.npz cannot classify"):
        await running("intake", classifier=path)


@pytest.mark.parametrize(("title", "text"), [("城乡巴士过站不停", "。"), ("😀", "🚌" * 100), ("１７路", "班车" * 9_000)])
async def test_short_odd_and_long_opinions_are_taken_in(trained: kit.Running, title: str, text: str) -> None:
    told, _ = await submitted(trained, title, text)
    assert 0 <= told.confidence <= 1


async def test_the_desk_sees_the_three_likeliest_categories_with_reasons(
    trained: kit.Running, token: Callable[..., dict[str, str]]
) -> None:
    title, text = sentences.SURE["labour"]
    told, kept = await submitted(trained, title, f"{text}，电话13812345678")
    answer = await trained.client.get(f"/opinions/{told.opinion_id}/understanding", headers=token("desk", **DESK))
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert (body["category"], body["source"], body["classifier"], body["model"]) == ("labour", "model", kept.classifier, kept.classifier)
    assert body["guesses"][0]["category"] == "labour" and len(body["guesses"]) == 3
    assert body["guesses"][0]["label"] == "劳动和社会保障" and body["guesses"][0]["reasons"]
    assert body["guesses"][0]["confidence"] == body["confidence"] == told.confidence
    assert "13812345678" not in answer.text


async def test_without_a_model_the_desk_sees_who_decided_and_no_guesses(intake: kit.Running, token: Callable[..., dict[str, str]]) -> None:
    told, _ = await submitted(intake, "路灯不亮", "小区门口的路灯坏了")
    body = (await intake.client.get(f"/opinions/{told.opinion_id}/understanding", headers=token("desk", **DESK))).json()
    assert (body["source"], body["model"], body["classifier"], body["guesses"]) == ("rule", None, None, [])


async def test_only_whose_scope_an_opinion_is_in_sees_how_it_was_understood(
    trained: kit.Running, token: Callable[..., dict[str, str]]
) -> None:
    told, _ = await submitted(trained, *sentences.SURE["labour"])
    path = f"/opinions/{told.opinion_id}/understanding"
    assert (await trained.client.get(path)).status_code == 401
    assert (await trained.client.get(path, headers=token("department", organisation="housing"))).status_code == 403
    assert (await trained.client.get(path, headers=token("desk", region="320412999"))).status_code == 404
    assert (await trained.client.get(path, headers=token("deputy", deputy_id=uuid.uuid4()))).status_code == 404
    assert (await trained.client.get(f"/opinions/{uuid.uuid4()}/understanding", headers=token("desk", **DESK))).status_code == 404
