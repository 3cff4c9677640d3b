"""Bigrams, and finding cases by them before and after the index has them."""

from __future__ import annotations

from services.routing import queries, search
from services.routing.actions.sweeping import make_searchable
from tests import kit
from tests.routing.conftest import refused

TEXT = {"title": "湖塘路灯不亮", "text": "ETC 收费站旁，路灯坏了。"}


def test_bigrams_never_cross_punctuation_or_spaces():
    assert search.runs("路灯，坏了 ABC_12") == ["路灯", "坏了", "abc", "12"]
    assert search.grams("路灯坏") == sorted(search.grams("路灯 灯坏"))
    assert set(search.grams("灯坏")).isdisjoint(search.grams("路灯，坏了"))
    assert search.grams("灯") == []


async def _numbers(routing, q: str, **query: str) -> list[str]:
    answer = await routing.get("/cases", q=q, **query)
    assert answer.status_code == 200, answer.text
    return [case["number"] for case in answer.json()["items"]]


async def test_cases_are_found_by_title_text_and_number_with_and_without_the_index(routing):
    await routing.opened("lamp", **TEXT)
    await routing.opened("noise", title="夜间噪音", text="工地深夜施工扰民")
    lamp, noise = "320412-2026-LAMP", "320412-2026-NOISE"
    for _ in range(2):
        assert await _numbers(routing, "路灯不亮") == [lamp]
        assert await _numbers(routing, "收费站") == [lamp]
        assert await _numbers(routing, "etc 坏了") == [lamp]
        assert await _numbers(routing, "扰民") == [noise]
        assert await _numbers(routing, "320412-2026-noise") == [noise]
        assert await _numbers(routing, "灯亮") == []
        assert await _numbers(routing, "路灯 扰民") == []
        assert await _numbers(routing, "扰民", status="closed") == []
        async with routing.service.tx() as tx:
            await make_searchable(tx)


async def test_two_sweeps_at_once_make_each_case_searchable_and_then_find_nothing_to_do(routing):
    for number in range(5):
        await routing.opened(f"case{number}")
    async with routing.service.tx() as one, routing.service.tx() as other:
        assert await make_searchable(one) + await make_searchable(other) == 5
    async with routing.service.tx() as tx:
        assert await make_searchable(tx) == 0


async def test_a_department_finds_only_what_it_has_a_part_in(routing):
    await routing.opened("lamp", **TEXT)
    found = await routing.get("/cases", kit.token("department", organisation="transport"), q="路灯")
    assert found.json()["items"] == []
    assert len((await routing.get("/cases", kit.token("department"), q="路灯")).json()["items"]) == 1


async def test_a_single_character_is_too_short_to_search_for(routing):
    refused(await routing.get("/cases", q="灯"), 422, "SearchTooShort")
    refused(await routing.get("/cases", q="%%__"), 422, "SearchTooShort")


async def test_what_many_cases_have_is_found_on_the_way_from_the_newest(routing, monkeypatch):
    monkeypatch.setattr(queries, "_FEW", 2)
    for number in range(4):
        await routing.opened(f"lamp{number}", **TEXT)
        await routing.opened(f"noise{number}", title="夜间噪音", text="工地深夜施工扰民")
    lamps = [f"320412-2026-LAMP{number}" for number in (3, 2, 1, 0)]
    for _ in range(2):
        assert await _numbers(routing, "路灯") == lamps
        first = (await routing.get("/cases", q="路灯", limit=3)).json()
        assert [case["number"] for case in first["items"]] == lamps[:3]
        assert await _numbers(routing, "路灯", cursor=first["next_cursor"]) == lamps[3:]
        assert await _numbers(routing, "路灯", status="closed") == []
        async with routing.service.tx() as tx:
            await make_searchable(tx)
