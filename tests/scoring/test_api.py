"""The doors: a deputy's ledger and the ranking among peers."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

import pytest
import time_machine
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from shared.events import derived_id
from tests.scoring import golden

PERIOD = {"period": 2026}


@pytest.fixture
async def service(running):
    service = await running("scoring")
    await service.deliver(*golden.EVENTS)
    return service


@pytest.fixture
def desk(token):
    return token("desk")


def ledger(service, deputy_id, who, **params):
    return service.client.get(f"/deputies/{deputy_id}/ledger", params={**PERIOD, **params}, headers=who)


async def test_a_ledger_names_the_event_that_each_point_is_evidence_of(service, desk):
    answer = await ledger(service, golden.FIRST, desk)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    newest = body["lines"][0]
    assert newest["evidence"] == str(golden.act(13).id)
    assert newest["id"] == str(derived_id(golden.act(13).id, "cloud_supervision_act"))
    assert (newest["label"], newest["points"], newest["rule_version"]) == ("云上监督", 0.2, "example-1")
    assert [(i["item"], i["lines"], i["raw"], i["capped"], i["cap"]) for i in body["items"]] == [
        ("cloud_supervision_act", 2, 0.4, 0.4, 4.0),
        ("opinion_taken_in", 3, 1.5, 1.5, 5.0),
    ]
    assert (body["raw"], body["total"], body["table"]) == (1.9, 1.9, {"version": "example-1", "label": "示例"})


async def test_caps_are_applied_on_read_and_every_line_stays(service, desk):
    await service.deliver(*(golden.opinion(2 + n / 100, "deputy", golden.FIRST) for n in range(1, 12)))
    body = (await ledger(service, golden.FIRST, desk, limit=100)).json()
    opinions = body["items"][1]
    assert (opinions["lines"], opinions["raw"], opinions["capped"]) == (14, 7.0, 5.0)
    assert len(body["lines"]) == 16
    assert body["total"] == 5.4


async def test_a_ledger_is_paged_without_gap_or_repetition(service, desk):
    whole = [line["id"] for line in (await ledger(service, golden.FIRST, desk)).json()["lines"]]
    seen, cursor = [], None
    while True:
        page = (await ledger(service, golden.FIRST, desk, limit=2, **({"cursor": cursor} if cursor else {}))).json()
        seen += [line["id"] for line in page["lines"]]
        if not (cursor := page["next_cursor"]):
            break
    assert seen == whole
    assert len(seen) == 5


async def test_a_deputy_reads_the_own_ledger_and_no_other(service, token):
    own = token("deputy", deputy_id=golden.FIRST)
    assert (await ledger(service, golden.FIRST, own)).status_code == 200
    foreign, unknown = await ledger(service, golden.SECOND, own), await ledger(service, uuid.uuid4(), own)
    for answer in (foreign, unknown):
        assert (answer.status_code, answer.json()["code"]) == (404, "LedgerUnknown")
    assert foreign.json()["detail"] == unknown.json()["detail"]


async def test_staff_read_ledgers_of_their_region_only(service, token):
    assert (await ledger(service, golden.FIRST, token("leader", region="320412001"))).status_code == 200
    assert (await ledger(service, golden.FIRST, token("leader", region="320412002"))).status_code == 404
    assert (await ledger(service, golden.FIRST, token("department"))).status_code == 403
    assert (await ledger(service, golden.FIRST, {})).status_code == 401


async def test_ranking_shares_ranks_on_ties_and_pages_through(service, desk):
    ids = [uuid.UUID(int=0x41D00000 + n) for n in range(3)]
    for number, deputy in enumerate(ids):
        await service.deliver(golden.mandate(0.3 + number / 100, 1, deputy, name=f"代表{number}", group="牛塘组"))
    await service.deliver(golden.act(22, ids[0]), golden.act(22.1, ids[2]))
    ranked = (await service.client.get("/ranking", params={**PERIOD, "group": "牛塘组"}, headers=desk)).json()
    assert [(s["rank"], s["name"], s["points"]) for s in ranked["items"]] == [(1, "代表0", 0.2), (1, "代表2", 0.2), (3, "代表1", 0.0)]
    everyone = (await service.client.get("/ranking", params=PERIOD, headers=desk)).json()["items"]
    assert [s["deputy_id"] for s in everyone][:2] == [str(golden.FIRST), str(golden.SECOND)]
    first = (await service.client.get("/ranking", params={**PERIOD, "limit": 3}, headers=desk)).json()
    rest = (await service.client.get("/ranking", params={**PERIOD, "limit": 3, "cursor": first["next_cursor"]}, headers=desk)).json()
    assert first["items"] + rest["items"] == everyone


async def test_another_period_has_its_own_points_and_the_present_one_is_the_default(service, desk, token):
    assert (await ledger(service, golden.FIRST, desk, period=2025)).json()["lines"] == []
    for moment, period in ((datetime(2026, 12, 31, 15, 59, tzinfo=UTC), 2026), (datetime(2026, 12, 31, 16, 0, tzinfo=UTC), 2027)):
        with time_machine.travel(moment):
            body = (await service.client.get(f"/deputies/{golden.FIRST}/ledger", headers=token("desk"))).json()
            assert (body["period"], len(body["lines"])) == (period, 5 if period == 2026 else 0)
    assert (await ledger(service, golden.FIRST, desk, period=1)).status_code == 422


async def test_the_database_refuses_to_change_or_delete_a_line(service):
    for statement in ("UPDATE ledger_line SET points = 100", "DELETE FROM ledger_line"):
        with pytest.raises(DBAPIError, match="append-only"):
            async with service.tx() as tx:
                await tx.execute(text(statement))
    assert len((await service.rows())["ledger_line"]) == 11
