from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlmodel import col

from services.intake.duplicates import rules
from services.intake.duplicates.clock import flag_duplicates, suspect_mass_posting
from services.intake.duplicates.models import Band, Fingerprint
from shared.clock import now
from shared.events.intake_duplicates import MassPostingSuspected, OpinionsFoundAlike, OpinionsJoined, OpinionsParted
from tests import kit
from tests.evaluate import material
from tests.intake.conftest import Place
from tests.intake.people import OTHER_TOWN, TOWN, clerk, desk, refused, told, version

TEXT = "云岭小区三号楼的电梯上周起每天停两次，老人被困在里面，物业说配件要等一个月，请督促尽快修好。"
NEARLY = "云岭小区三号楼的电梯上周起每天停两次，老人被困在里面，物业说配件要等一个月，请督促尽快修好，谢谢！"
OTHER = "滨水步道没有路灯，晚上散步看不清台阶，建议沿岸补装几盏灯。"


async def sent(place: Place, *texts: str, title: str = "电梯", first: int = 0, codes: int = 500, region: str = TOWN) -> list[uuid.UUID]:
    at = now() - timedelta(minutes=30)
    said = [material.Message(title, one, at + timedelta(seconds=first + n)) for n, one in enumerate(texts)]
    await material.put(place.service, said, first=first, region=region, codes=codes)
    return [material.id_of(first + n) for n in range(len(texts))]


async def read(place: Place) -> int:
    done = total = 0
    while True:
        async with place.service.tx() as tx:
            done = await flag_duplicates(tx)
        total += done
        if not done:
            return total


async def flags(place: Place, who: dict[str, str] | None = None) -> list[dict[str, Any]]:
    answer = await place.get("/duplicate-flags", who or desk())
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def test_a_repeated_text_is_flagged_once_with_the_reason_and_a_repeated_title_is_not(place: Place) -> None:
    first, same, nearly, other = await sent(place, TEXT, TEXT + "！", NEARLY, OTHER)
    assert await read(place) == 4
    assert await read(place) == 0
    found = {(f["opinion"]["id"], f["earlier"]["id"]): f["reason"] for f in await flags(place)}
    assert found[str(same), str(first)] == "same_text"
    assert found[str(nearly), str(first)] == "alike"
    assert not any(str(other) in pair for pair in found)
    events = await told(place.service, OpinionsFoundAlike)
    assert {(str(e.opinion_id), str(e.earlier_id)) for e in events} == set(found)
    assert "电梯" not in "".join(e.model_dump_json() for e in events)


async def test_who_is_about_to_send_hears_how_many_said_it_and_nothing_else(place: Place) -> None:
    await sent(place, TEXT, TEXT)
    await read(place)
    assert (await place.post("/opinions/similar", {"text": NEARLY})).json() == {"people": 0}
    await sent(place, TEXT, first=10)
    await read(place)
    assert (await place.post("/opinions/similar", {"text": NEARLY})).json() == {"people": 3}
    assert (await place.post("/opinions/similar", {"text": OTHER})).json() == {"people": 0}
    assert (await place.post("/opinions/similar", {"text": "！！！"})).json() == {"people": 0}
    assert len((await place.service.rows())["opinion"]) == 3


async def test_an_opinion_whose_data_are_erased_is_like_nothing_any_more(place: Place) -> None:
    first, *_ = await sent(place, TEXT, TEXT, TEXT, TEXT)
    await read(place)
    assert any(str(first) == one["earlier"]["id"] for one in await flags(place))
    erased = await place.post(f"/personal/opinion/{first}/erase", {"ground": "asked"}, desk())
    assert erased.status_code == 200, erased.text
    assert not any(str(first) in (one["earlier"]["id"], one["opinion"]["id"]) for one in await flags(place))
    async with place.service.tx() as tx:
        assert (await tx.get_one(Fingerprint, first)).shingles == []
        assert await tx.scalar(select(func.count()).where(col(Band.opinion_id) == first)) == 0
    later = await sent(place, NEARLY, first=20)
    assert await read(place) == 1
    assert {one["earlier"]["id"] for one in await flags(place) if one["opinion"]["id"] == str(later[0])} != {str(first)}


async def test_a_confirmed_flag_joins_two_opinions_that_keep_their_own_tracks(place: Place) -> None:
    first, second, third = await sent(place, TEXT, TEXT, TEXT)
    await read(place)
    tracks = (await place.service.rows())["opinion"]
    open_flags = {(f["opinion"]["id"], f["earlier"]["id"]): f for f in await flags(place)}
    flag = open_flags[str(second), str(first)]
    group = await place.post(f"/duplicate-flags/{flag['id']}/confirm", None, desk(), **version(flag))
    assert (group.status_code, group.json()["lead_id"], set(group.json()["opinions"])) == (201, str(first), {str(first), str(second)})
    refused(await place.post(f"/duplicate-flags/{flag['id']}/confirm", None, desk(), **{"If-Match": "2"}), 409, "DecidedBefore")
    more = await place.post("/joined-groups", {"lead_id": str(first), "opinions": [str(first), str(third)]}, desk())
    assert (more.json()["id"], more.json()["version"], len(more.json()["opinions"])) == (group.json()["id"], 2, 3)
    assert (await place.service.rows())["opinion"] == tracks
    assert [(set(e.joined), len(e.opinions)) for e in await told(place.service, OpinionsJoined)] == [({first, second}, 2), ({third}, 3)]


async def test_a_rejected_flag_is_not_raised_again(place: Place) -> None:
    await sent(place, TEXT, TEXT)
    await read(place)
    (flag,) = await flags(place)
    refused(await place.post(f"/duplicate-flags/{flag['id']}/reject", None, desk(), **{"If-Match": "7"}), 409, "StaleVersion")
    assert (await place.post(f"/duplicate-flags/{flag['id']}/reject", None, desk(), **version(flag))).json()["state"] == "rejected"
    await read(place)
    assert [f["state"] for f in await flags(place)] == ["rejected"]
    assert not (await place.service.rows())["joined_group"]


async def test_parting_leaves_the_others_joined_until_one_would_be_alone(place: Place) -> None:
    ids = await sent(place, TEXT, OTHER, NEARLY)
    body = {"lead_id": str(ids[0]), "opinions": [str(one) for one in ids]}
    group = (await place.post("/joined-groups", body, desk())).json()
    path = f"/joined-groups/{group['id']}/opinions"
    refused(await place.post(f"{path}/{uuid.uuid4()}/part", {"reason": "不同事项"}, desk(), **version(group)), 409, "NotInGroup")
    parted = (await place.post(f"{path}/{ids[0]}/part", {"reason": "不同事项"}, desk(), **version(group))).json()
    assert (parted["lead_id"], parted["opinions"], parted["dissolved_at"]) == (str(ids[1]), [str(ids[1]), str(ids[2])], None)
    ended = (await place.post(f"{path}/{ids[2]}/part", {"reason": "不同事项"}, desk(), **version(parted))).json()
    assert (ended["opinions"], ended["dissolved_at"] is None) == ([], False)
    assert [(e.parted, e.opinions) for e in await told(place.service, OpinionsParted)] == [(ids[0], (ids[1], ids[2])), (ids[2], ())]
    again = await place.post("/joined-groups", body, desk())
    assert again.json()["id"] != group["id"]


async def test_an_opinion_is_in_one_group_and_of_the_own_region(place: Place) -> None:
    ids = await sent(place, TEXT, OTHER, NEARLY, TEXT)
    far = await sent(place, TEXT, first=100, region=OTHER_TOWN)

    async def join(*chosen: uuid.UUID, who: dict[str, str] | None = None) -> Any:
        body = {"lead_id": str(chosen[0]), "opinions": [str(one) for one in chosen]}
        return await place.post("/joined-groups", body, who or desk())

    assert (await join(ids[0], ids[1])).status_code == 201
    assert (await join(ids[2], ids[3])).status_code == 201
    refused(await join(ids[0], ids[2]), 409, "InGroupBefore")
    refused(await join(ids[0], ids[0]), 422, "TwoAreNeeded")
    town = kit.token("desk", region=TOWN, expires_in=3 * 365 * 86_400.0)
    refused(await join(ids[0], far[0], who=town), 404, "OpinionsUnknown")
    assert (await join(ids[0], ids[1], who=clerk())).status_code == 403


async def test_a_flag_across_regions_is_seen_by_who_is_in_charge_of_both(place: Place) -> None:
    await sent(place, TEXT)
    await sent(place, TEXT, first=100, region=OTHER_TOWN)
    await read(place)
    assert len(await flags(place)) == 1
    assert await flags(place, kit.token("desk", region=TOWN, expires_in=3 * 365 * 86_400.0)) == []


async def test_many_texts_alike_under_few_codes_in_a_day_are_suspected_once_and_judged_by_a_person(place: Place) -> None:
    await sent(place, *[TEXT] * 9, codes=1)
    await sent(place, *[OTHER] * 12, first=100)
    await read(place)
    await swept(place)
    assert await told(place.service, MassPostingSuspected) == []
    await sent(place, TEXT, first=50, codes=1)
    await read(place)
    await swept(place)
    await swept(place)
    (event,) = await told(place.service, MassPostingSuspected)
    assert (event.messages, event.codes, event.hours) == (10, 1, 24)
    (found,) = (await place.get("/mass-postings", desk())).json()["items"]
    path = f"/mass-postings/{found['root_id']}/decide"
    judged = await place.post(path, {"decision": "rejected"}, desk(), **version(found))
    assert judged.json()["state"] == "rejected"
    refused(await place.post(path, {"decision": "confirmed"}, desk(), **version(judged.json())), 409, "DecidedBefore")


async def swept(place: Place) -> None:
    async with place.service.tx() as tx:
        await suspect_mass_posting(tx)


async def test_shown_texts_are_masked(place: Place) -> None:
    await sent(place, TEXT + "13812345678", TEXT + "13812345678")
    await read(place)
    assert "13812345678" not in str(await flags(place))


@given(st.text(alphabet="东西南北水电路灯小区，。1a", max_size=200))
@settings(max_examples=60, deadline=None)
def test_the_same_text_with_other_signs_around_it_meets_in_every_band_and_signs_alone_meet_nothing(text: str) -> None:
    assert rules.print_of(text) == rules.print_of(f"！{text}…")
    assert (rules.print_of(text).whole is None) == (rules.print_of(text).bands == [])


def test_texts_alike_meet_and_others_do_not() -> None:
    one, nearly, other = (rules.print_of(text) for text in (TEXT, NEARLY, OTHER))
    assert set(one.bands) & set(nearly.bands)
    assert not set(one.bands) & set(other.bands)
