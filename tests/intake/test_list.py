from __future__ import annotations

import uuid

from shared.events.directory import StationChanged
from tests import kit
from tests.intake import golden
from tests.intake.conftest import Send, code_text


async def numbers_in(service: kit.Running, headers: dict[str, str], **query: object) -> list[str]:
    answer = await service.client.get("/opinions", headers=headers, params=query)  # type: ignore[arg-type]
    assert answer.status_code == 200, answer.text
    return [item["number"] for item in answer.json()["items"]]


async def test_the_desk_pages_through_all_newest_first(intake: kit.Running, send: Send) -> None:
    sent = [(await send(title=f"路灯{i}")).number for i in range(5)]
    desk, pages, cursor = kit.token("desk"), [], None
    while True:
        query = {"limit": 2, **({"cursor": cursor} if cursor else {})}
        page = (await intake.client.get("/opinions", headers=desk, params=query)).json()
        pages.append([item["number"] for item in page["items"]])
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert pages == [sent[:2:-1], sent[2:0:-1], sent[:1]]


async def test_an_item_says_what_the_desk_needs_and_no_contact(intake: kit.Running, send: Send) -> None:
    sent = await send(contact={"name": "王小明", "phone": "13912345678"})
    await intake.deliver(golden.opened(sent.id))
    item = (await intake.client.get("/opinions", headers=kit.token("desk"))).json()["items"][0]
    assert (item["status"], item["status_label"], item["category"], item["category_label"]) == (
        "classified",
        "已分类，等待交办",
        "construction",
        "城乡建设",
    )
    assert item["case_id"] == str(golden.opened(sent.id).case_id)
    assert not {"contact", "name", "phone", "lookup_hash", "lookup_salt", "text"} & set(item)


async def test_staff_see_their_region_and_below_only(intake: kit.Running, send: Send) -> None:
    here, there = await send(), await send(code=code_text(region="320412002"))
    assert await numbers_in(intake, kit.token("desk", region="320412001")) == [here.number]
    assert await numbers_in(intake, kit.token("desk", region="320412002")) == [there.number]
    assert await numbers_in(intake, kit.token("leader")) == [there.number, here.number]
    assert await numbers_in(intake, kit.token("desk"), region="320412002") == [there.number]
    assert await numbers_in(intake, kit.token("desk", region="320412001"), region="320412002") == []


async def test_the_list_is_filtered_by_status_and_station(intake: kit.Running, send: Send) -> None:
    at_station, by_deputy = await send(), await send(code=code_text("deputy", target=golden.DEPUTY))
    await intake.deliver(golden.opened(by_deputy.id))
    desk = kit.token("desk")
    assert await numbers_in(intake, desk, status="classified") == [by_deputy.number]
    assert await numbers_in(intake, desk, status="accepted") == [at_station.number]
    assert await numbers_in(intake, desk, station=golden.STATION) == [at_station.number]
    assert (await intake.client.get("/opinions", headers=desk, params={"status": "unheard_of"})).status_code == 422


async def test_a_deputy_sees_what_came_by_the_own_code_or_by_stations_led(intake: kit.Running, send: Send) -> None:
    own = await send(code=code_text("deputy", target=golden.DEPUTY))
    await send(code=code_text("deputy", target=uuid.uuid4()))
    at_station = await send()
    await send(code=code_text(target=uuid.uuid4()))
    deputy = kit.token("deputy", deputy_id=golden.DEPUTY)
    assert await numbers_in(intake, deputy) == [own.number]
    await intake.deliver(*[e for e in golden.directory_events() if isinstance(e, StationChanged)])
    assert await numbers_in(intake, deputy) == [at_station.number, own.number]
    assert await numbers_in(intake, kit.token("deputy", deputy_id=uuid.uuid4())) == []
    assert await numbers_in(intake, kit.token("deputy")) == []


async def test_other_roles_and_those_without_a_token_are_refused(intake: kit.Running) -> None:
    for role in ("department", "station", "sysadmin", "secadmin", "auditor"):
        assert (await intake.client.get("/opinions", headers=kit.token(role))).status_code == 403, role
    assert (await intake.client.get("/opinions")).status_code == 401
