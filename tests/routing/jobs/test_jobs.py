"""Bulk jobs: cases handed over and exported with progress, each once, what changed meanwhile left and named; CASES=10000 for many."""

from __future__ import annotations

import asyncio
import csv
import io
import os
import uuid
from datetime import timedelta
from typing import Any
from zipfile import ZipFile

import pytest
import time_machine

from services.routing.jobs.actions import delete_old, work_on
from shared.clock import now
from shared.events.routing import AssignmentMade, CaseAssigned
from tests import kit
from tests.routing import golden
from tests.routing.conftest import LONG_AGO, REPLY, Routing, ok, refused

CASES = int(os.environ.get("CASES", "1000"))
DESK, HOUSING, TRANSPORT = kit.token("desk"), kit.token("department"), kit.token("department", organisation="transport")

_MANY = """
    INSERT INTO cases (id, site, opinion_id, number, matter, channel, target_id, region, title, text, category, confidence, source, status,
        version, round, due_is_provisional, overdue_round, opened_at, profile_version)
    SELECT id, '320412', gen_random_uuid(), '320412-2026-' || lpad(n::text, 6, '0'), 'opinion', 'station', gen_random_uuid(), '320412001',
        '路灯' || n, '坏了', 'construction', 0.3, 'none', 'to_assign', 1, 1, false, 0, now() - n * interval '1 second', 'wujin@1'
    FROM (SELECT gen_random_uuid() AS id, n FROM generate_series(1, $1) n) made
    """
_FIRST = """
    INSERT INTO case_history (case_id, version, action, to_status, round, by_role, at, profile_version)
    SELECT id, 1, 'open', 'to_assign', 1, 'rule', opened_at, 'wujin@1' FROM cases
    """


async def many(routing: Routing, cases: int) -> None:
    async with routing.service.tx() as tx:
        await tx.run(_MANY, cases)
        await tx.run(_FIRST)


async def ask(routing: Routing, kind: str, body: dict[str, Any], who: dict[str, str] = DESK) -> dict[str, Any]:
    answer = await routing.service.client.post(f"/jobs/{kind}", json=body, headers=who)
    assert answer.status_code == 202, answer.text
    return dict(answer.json())


async def sweep(routing: Routing) -> int:
    async with routing.service.tx() as tx:
        return await work_on(tx)


async def worked_off(routing: Routing) -> None:
    while await sweep(routing):
        pass


async def job(routing: Routing, asked: dict[str, Any], who: dict[str, str] = DESK) -> dict[str, Any]:
    return ok(await routing.get(f"/jobs/{asked['id']}", who))


async def count(routing: Routing, statement: str) -> int:
    async with routing.service.tx() as tx:
        return int((await tx.run(statement))[0][0])


async def test_thousands_of_cases_are_handed_over_and_exported_with_progress(routing):
    await many(routing, CASES)
    asked = await ask(routing, "assign", {"wanted": {"status": "to_assign"}, "lead": "housing"})
    assert (asked["state"], asked["total"], asked["done"]) == ("under_way", CASES, 0)
    assert await sweep(routing) == 200
    assert (await job(routing, asked))["done"] == 200
    await worked_off(routing)
    found = await job(routing, asked)
    assert (found["state"], found["done"], found["refused"]) == ("ready", CASES, 0)
    assert await count(routing, "SELECT count(*) FROM cases WHERE status = 'assigned' AND lead = 'housing' AND version = 2") == CASES
    assert await count(routing, "SELECT count(*) FROM case_history WHERE action = 'assign'") == CASES
    assert await count(routing, "SELECT count(DISTINCT case_id) FROM part WHERE current") == CASES
    assert await count(routing, "SELECT count(*) FROM kit_outbox") == 2 * CASES
    assert await count(routing, "SELECT count(*) FROM kit_outbox WHERE subject LIKE '%assignment_made%'") == CASES
    exported = await ask(routing, "export", {"status": "assigned"}, HOUSING)
    await worked_off(routing)
    answer = await routing.get(f"/jobs/{exported['id']}/file", HOUSING, format="csv")
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert len(rows) == CASES + 1 and len({row[0] for row in rows[1:]}) == CASES


async def test_what_changed_meanwhile_is_left_as_it_is_and_listed_with_the_refusal_s_name(routing):
    for name in ("fine", "changed", "withdrawn", "accepted"):
        await routing.opened(name, None)
    await routing.handled("accepted", until="accepted")
    ids = [str(golden.case_id(name)) for name in ("fine", "changed", "accepted")]
    elsewhere = str(uuid.uuid4())
    asked = await ask(routing, "assign", {"cases": [*ids, elsewhere], "lead": "transport"})
    ok(await routing.act("changed", "assign", 1, {"lead": "ecology"}))
    await worked_off(routing)
    found = await job(routing, asked)
    assert (found["state"], found["total"], found["done"], found["refused"]) == ("ready", 4, 1, 3)
    first = ok(await routing.get(f"/jobs/{asked['id']}/refused", limit=2))
    rest = ok(await routing.get(f"/jobs/{asked['id']}/refused", limit=2, cursor=first["next_cursor"]))
    assert [(one["number"], one["code"]) for one in first["items"] + rest["items"]] == [
        ("320412-2026-CHANGED", "StaleVersion"),
        ("320412-2026-ACCEPTED", "CaseAlreadyAccepted"),
        (None, "CaseNotFound"),
    ]
    assert (await routing.case("changed"))["department"] == "ecology"
    assert (await routing.case("fine"))["department"] == "transport"
    history = (await routing.case("fine"))["history"][-1]
    assert (history["action"], history["by_role"], history["by_organisation"]) == ("assign", "desk", "deputies_committee")


async def test_a_batch_that_was_cut_off_is_done_once_by_whoever_goes_on(routing):
    await many(routing, 600)
    asked = await ask(routing, "assign", {"wanted": {}, "lead": "housing"})

    async def killed() -> None:
        async with routing.service.tx() as tx:
            assert await work_on(tx) == 200
            raise RuntimeError("killed")

    with pytest.raises(RuntimeError, match="killed"):
        await killed()
    assert (await job(routing, asked))["done"] == 0
    assert sum(await asyncio.gather(*(sweep(routing) for _ in range(3)))) >= 200
    await worked_off(routing)
    assert (await job(routing, asked))["done"] == 600
    assert len(await routing.told(CaseAssigned)) == 600
    assert len({event.case_id for event in await routing.told(AssignmentMade)}) == 600


async def test_a_department_that_is_no_more_refuses_the_rest_by_name(running):
    service = await running("routing", job_batch=1)
    await service.deliver(golden.organisation(0, "housing", occurred_at=LONG_AGO))
    routing = Routing(service)
    for name in ("a", "b"):
        await routing.opened(name, None)
    asked = await ask(routing, "assign", {"wanted": {}, "lead": "housing"})
    assert await sweep(routing) == 1
    await service.deliver(golden.organisation(0, "housing", 2, active=False, occurred_at=now()))
    await worked_off(routing)
    assert [(await job(routing, asked))[name] for name in ("done", "refused")] == [1, 1]
    assert ok(await routing.get(f"/jobs/{asked['id']}/refused"))["items"][0]["code"] == "UnknownOrganisation"


async def test_an_export_holds_what_the_caller_may_see_and_calculates_nothing(routing):
    await routing.opened("a", title="=1+1 电话 13812345678")
    await routing.opened("b", None)
    await routing.opened("c", "transport")
    for who, titles in ((DESK, 3), (HOUSING, 1)):
        asked = await ask(routing, "export", {}, who)
        await worked_off(routing)
        content = (await routing.get(f"/jobs/{asked['id']}/file", who)).content
        sheet = ZipFile(io.BytesIO(content)).read("xl/worksheets/sheet1.xml").decode()
        assert (sheet.count("<row "), "<f>" in sheet, "=1+1" in sheet) == (1 + titles, False, True)
        plain = (await routing.get(f"/jobs/{asked['id']}/file", who, format="csv")).content.decode("utf-8-sig")
        rows = list(csv.reader(io.StringIO(plain)))
        assert len(rows) == 1 + titles and rows[0][:2] == ["编号", "标题"]
        (mine,) = (row for row in rows if row[0] == "320412-2026-A")
        assert mine[1].startswith("'=1+1") and "13812345678" not in mine[1]
        assert (mine[3], mine[5], mine[6]) == ("城乡建设", "已交办", "区housing")


async def test_what_the_department_lost_before_its_turn_is_not_in_its_file(routing):
    await routing.opened("a")
    await routing.opened("b")
    asked = await ask(routing, "export", {}, HOUSING)
    ok(await routing.act("b", "assign", 2, {"lead": "transport"}))
    await worked_off(routing)
    found = await job(routing, asked, HOUSING)
    assert (found["done"], found["refused"]) == (1, 1)
    plain = (await routing.get(f"/jobs/{asked['id']}/file", HOUSING, format="csv")).content.decode("utf-8-sig")
    assert "320412-2026-A" in plain and "320412-2026-B" not in plain


async def test_jobs_are_their_askers_own_and_end(routing):
    await routing.opened("a")
    asked = await ask(routing, "export", {}, HOUSING)
    refused(await routing.get(f"/jobs/{asked['id']}/file", HOUSING), 409, "JobNotReady")
    refused(await routing.get(f"/jobs/{asked['id']}", DESK), 404, "JobUnknown")
    refused(await routing.get(f"/jobs/{asked['id']}/file", TRANSPORT), 404, "JobUnknown")
    await worked_off(routing)
    assert [one["id"] for one in ok(await routing.get("/jobs", HOUSING))["items"]] == [asked["id"]]
    with time_machine.travel(now() + timedelta(hours=80)):
        async with routing.service.tx() as tx:
            assert await delete_old(tx) == 1
        async with routing.service.tx() as tx:
            assert await delete_old(tx) == 0
    refused(await routing.get(f"/jobs/{asked['id']}/file", HOUSING), 410, "JobDeleted")
    assert await count(routing, "SELECT (SELECT count(*) FROM job_item) + (SELECT count(*) FROM job_page)") == 0


async def test_a_job_that_cannot_be_is_refused_before_it_begins(running):
    service = await running("routing", job_most_cases=2)
    await service.deliver(golden.organisation(0, "housing", occurred_at=LONG_AGO))
    routing = Routing(service)

    async def post(kind: str, body: dict[str, Any], who: dict[str, str] = DESK) -> Any:
        return await service.client.post(f"/jobs/{kind}", json=body, headers=who)

    one = {"cases": [str(uuid.uuid4())], "lead": "housing"}
    refused(await post("assign", {"wanted": {}, "lead": "housing"}), 422, "NoCases")
    refused(await post("assign", {**one, "wanted": {}}), 422, "InvalidRequest")
    refused(await post("assign", {"lead": "housing"}), 422, "InvalidRequest")
    refused(await post("assign", {**one, "lead": "nobody"}), 422, "UnknownOrganisation")
    refused(await post("assign", {**one, "category": "astronomy"}), 422, "UnknownCategory")
    refused(await post("assign", one, HOUSING), 403, "NotPermitted")
    for name in ("a", "b", "c"):
        await routing.opened(name, None)
    refused(await post("export", {}), 422, "TooManyCases")
    assert await count(routing, "SELECT count(*) FROM job") == 0
    asked = await ask(routing, "assign", {"cases": [str(golden.case_id("a"))], "lead": "housing"})
    await worked_off(routing)
    refused(await routing.get(f"/jobs/{asked['id']}/file"), 422, "JobHasNoFile")


async def test_the_head_of_a_group_takes_its_group_along_and_a_joined_case_is_named(routing):
    for name in ("a", "b"):
        await routing.opened(name, None)
    body = {"cases": [{"id": str(golden.case_id("b")), "version": 1}]}
    ok(await routing.act("a", "join", 1, body, DESK))
    asked = await ask(routing, "assign", {"wanted": {}, "lead": "housing"})
    await worked_off(routing)
    assert [one["code"] for one in ok(await routing.get(f"/jobs/{asked['id']}/refused"))["items"]] == ["CaseIsJoined"]
    assert [(await routing.case(name))["department"] for name in ("a", "b")] == ["housing", "housing"]
    ok(await routing.act("a", "accept", 3))
    ok(await routing.act("a", "reply", 4, REPLY))
