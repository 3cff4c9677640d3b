"""The loop by HTTP alone on the real suite, and each way in which a client can be wrong: told clearly, and nothing changed."""

from __future__ import annotations

import asyncio
import re
import stat
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest_asyncio

from deploy.doctor import examine
from deploy.nats.permissions import SERVICES
from tests.deploy.test_monitoring import named_metrics
from tests.e2e.suite import Suite
from tests.e2e.world import World, assert_problem
from tests.kit import eventually


@pytest_asyncio.fixture
async def world(suite: Suite) -> AsyncIterator[World]:
    async with httpx.AsyncClient(base_url=suite.url, timeout=60) as client:
        yield World(suite, client)


async def test_the_whole_loop_to_the_second_reply(world: World) -> None:
    desk, health, housing = (
        await world.sign_in("desk"),
        await world.sign_in("department", "health"),
        await world.sign_in("department", "housing"),
    )
    deputy = await world.sign_in("deputy")
    opinion = await world.submit(title="一件说不清的事", text="想反映一个情况，请帮忙转给有关部门。")
    assert set(opinion) >= {"number", "lookup_code", "status"}
    case = await world.case(opinion["number"], desk, status="to_assign")
    case = await world.act(case, "assign", {"lead": "health", "co_handlers": ["education"]}, desk)
    assert case["status"] == "assigned" and case["department"] == "health"
    case = await world.act(case, "object", {"reason": "不属于本单位职责"}, health)
    assert case["status"] == "objected"
    case = await world.act(case, "assign", {"lead": "housing"}, desk)
    case = await world.act(case, "accept", None, housing)
    planned = {"class": "B", "text": "已列入计划，明年底前完成。", "signer": "局长"}
    assert (await world.act(case, "reply", planned, housing, status=422))["code"] == "PromiseMissing"
    promise = {"promised": "明年底前建成", "promised_by": f"{datetime.now(UTC).year + 1}-12-31"}
    case = await world.act(case, "reply", planned | promise, housing)
    assert case["status"] == "replied" and case["round"] == 1
    await eventually(lambda: _status(world, opinion, "replied"))
    assert (await world.rate(opinion, "dissatisfied")).status_code == 201
    case = await world.case(opinion["number"], desk, status="assigned", round=2)
    case = await world.act(case, "accept", None, housing)
    case = await world.act(case, "reply", {"class": "A", "text": "已办理完毕。", "signer": "局长"}, housing)
    await eventually(lambda: _can_rate(world, opinion))
    assert (await world.rate(opinion, "satisfied")).status_code == 201
    case = await world.case(opinion["number"], desk, status="closed", round=2)
    whole = (await world.client.get(f"/api/routing/cases/{case['id']}", headers=desk)).json()
    assert [(r["round"], r["class"]) for r in whole["replies"]] == [(1, "B"), (2, "A")]
    assert [step["version"] for step in whole["history"]] == list(range(1, whole["version"] + 1))
    tracked = await eventually(lambda: _status(world, opinion, "closed"))
    assert len([entry for entry in tracked["timeline"] if entry["kind"] == "replied"]) == 2
    for who in (housing, desk, deputy):
        inbox = (await world.client.get("/api/notify/inbox", headers=who)).json()
        assert inbox["items"], "everyone concerned has heard"


async def test_points_come_with_the_events_that_earned_them(world: World) -> None:
    account = world.account("deputy")
    login = (await world.client.post("/api/directory/login", json={k: account[k] for k in ("username", "password")})).json()
    headers = {"Authorization": f"Bearer {login['access_token']}"}
    deputy_id = login["account"]["deputy_id"]
    ledger = (await world.client.get(f"/api/scoring/deputies/{deputy_id}/ledger", headers=headers)).json()
    assert ledger["lines"] and all(uuid.UUID(line["evidence"]) for line in ledger["lines"])
    ranking = (await world.client.get("/api/scoring/ranking", headers=headers)).json()
    assert any(row["deputy_id"] == deputy_id for row in ranking["items"])
    foreign = next(row["deputy_id"] for row in ranking["items"] if row["deputy_id"] != deputy_id)
    assert_problem(await world.client.get(f"/api/scoring/deputies/{foreign}/ledger", headers=headers), 404)


async def test_each_refusal_is_a_clear_problem_and_changes_no_row(world: World) -> None:
    desk, housing, health = (
        await world.sign_in("desk"),
        await world.sign_in("department", "housing"),
        await world.sign_in("department", "health"),
    )
    deputy = await world.sign_in("deputy")
    opinion = await world.submit()
    case = await world.case(opinion["number"], desk)
    if case["department"] != "housing":
        case = await world.act(case, "assign", {"lead": "housing"}, desk)
    key, body = str(uuid.uuid4()), {"code": world.demo["codes"][0]["code"], "title": "重复", "text": "同一件事提交两次"}
    first = await world.client.post("/api/intake/opinions", json=body, headers={"Idempotency-Key": key})
    await eventually(lambda: _has_case(world, first.json()["number"], desk))
    before = await world.still()

    again = await world.client.post("/api/intake/opinions", json=body, headers={"Idempotency-Key": key})
    assert (again.status_code, again.json()) == (201, first.json())
    other = await world.client.post("/api/intake/opinions", json={**body, "text": "别的"}, headers={"Idempotency-Key": key})
    assert_problem(other, 422, "KeyUsedForAnotherRequest")
    url = f"/api/routing/cases/{case['id']}"
    assert_problem(await world.client.get(url, headers=health), 404)
    assert (await world.client.get("/api/routing/cases", params={"department": "housing"}, headers=health)).json()["items"] == []
    foreign = await world.client.post(f"{url}/accept", headers={**health, "If-Match": str(case["version"])})
    assert foreign.status_code in (403, 404)
    assert_problem(foreign, foreign.status_code)
    assert_problem(await world.client.get(url), 401)
    assert_problem(await world.client.get(url, headers=deputy), 403)
    early = {"class": "A", "text": "办完了", "signer": "局长"}
    assert_problem(await world.client.post(f"{url}/reply", json=early, headers={**housing, "If-Match": str(case["version"])}), 409)
    stale = await world.client.post(f"{url}/accept", headers={**housing, "If-Match": str(case["version"] - 1)})
    assert assert_problem(stale, 409, "StaleVersion")["current"] == case["version"]
    assert_problem(await world.client.post(f"{url}/accept", headers=housing), 428)
    assert_problem(await world.client.post("/api/intake/opinions", json={**body, "text": "长" * 400_000}), 413)
    assert_problem(
        await world.client.post("/api/intake/opinions", content=b'{"code": "x", ', headers={"Content-Type": "application/json"}), 400
    )
    assert_problem(await world.client.post("/api/intake/opinions", json={**body, "code": body["code"][:-6] + "AAAAAA"}), 404)
    assert_problem(await world.client.get(f"/api/intake/opinions/{opinion['number']}", headers={"X-Lookup-Code": "AAAA-AAAA-AAAA"}), 404)
    assert_problem(await world.rate(opinion, "satisfied"), 409)
    assert_problem(await world.client.get("/api/nowhere/x"), 404)

    await world.unmoved(before)


async def test_filters_that_are_left_blank_are_as_if_they_were_not_there(world: World) -> None:
    desk = await world.sign_in("desk")
    blank = await world.client.get("/api/routing/cases?status=&department=&overdue=&q=&cursor=&limit=", headers=desk)
    assert blank.status_code == 200, blank.text
    plain = await world.client.get("/api/routing/cases", headers=desk)
    assert [c["id"] for c in blank.json()["items"]] == [c["id"] for c in plain.json()["items"]]
    assert len(plain.json()["items"]) > 0
    assert (await world.client.get("/api/scoring/ranking?period=&group=", headers=desk)).status_code == 200
    assert_problem(await world.client.get("/api/routing/cases?status=nonsense", headers=desk), 422)


async def test_a_wrong_password_says_nothing_and_opens_nothing(world: World) -> None:
    account = world.account("desk")
    known = await world.client.post("/api/directory/login", json={"username": account["username"], "password": "wrong-password-1"})
    unknown = await world.client.post("/api/directory/login", json={"username": "nobody-here", "password": "wrong-password-1"})
    one, two = assert_problem(known, 401), assert_problem(unknown, 401)
    assert {k: v for k, v in one.items() if k != "request_id"} == {k: v for k, v in two.items() if k != "request_id"}


async def test_rating_twice_counts_once(world: World) -> None:
    desk, housing = await world.sign_in("desk"), await world.sign_in("department", "housing")
    opinion = await world.submit(title="电梯又坏了")
    case = await world.case(opinion["number"], desk)
    if case["department"] != "housing":
        case = await world.act(case, "assign", {"lead": "housing"}, desk)
    case = await world.act(case, "accept", None, housing)
    await world.act(case, "reply", {"class": "A", "text": "已修好。", "signer": "局长"}, housing)
    await eventually(lambda: _can_rate(world, opinion))
    assert (await world.rate(opinion, "satisfied")).status_code == 201
    await world.case(opinion["number"], desk, status="closed")
    await eventually(lambda: _status(world, opinion, "closed"))
    before = await world.still()
    assert_problem(await world.rate(opinion, "dissatisfied"), 409)
    await world.unmoved(before)


async def test_a_code_works_at_once_and_is_refused_soon_after_its_revocation(world: World) -> None:
    security = await world.sign_in("secadmin")
    station = await world.suite.query("directory", "SELECT id FROM station WHERE status = 'open' LIMIT 1")
    issued = await world.client.post("/api/directory/codes", json={"kind": "station", "target_id": str(station[0].id)}, headers=security)
    assert issued.status_code == 201, issued.text
    code = issued.json()
    await world.submit(code=code["code"])
    assert (await world.client.get(f"/api/directory/codes/{code['code']}")).status_code == 200
    version = str(code.get("version", 1))
    revoked = await world.client.post(f"/api/directory/codes/{code['id']}/revoke", headers={**security, "If-Match": version})
    assert revoked.status_code == 200, revoked.text
    assert_problem(await world.client.get(f"/api/directory/codes/{code['code']}"), 410, "CodeRevoked")

    async def refused() -> bool:
        body = {"code": code["code"], "title": "还能用吗", "text": "试一试这个码"}
        return (await world.client.post("/api/intake/opinions", json=body)).status_code == 410

    await eventually(refused, within=5, what="the revoked code refused by intake")
    before = await world.still()
    assert await refused()
    await world.unmoved(before)


async def test_the_inbox_stream_tells_of_a_new_matter_and_resumes(world: World) -> None:
    desk, housing = await world.sign_in("desk"), await world.sign_in("department", "housing")
    opinion = await world.submit()
    case = await world.case(opinion["number"], desk)
    if case["department"] != "housing":
        await world.act(case, "assign", {"lead": "housing"}, desk)

    async def first_notice(headers: dict[str, str]) -> tuple[str, str]:
        async with world.client.stream("GET", "/api/notify/stream", headers={**housing, **headers}) as response:
            assert response.headers["content-type"].startswith("text/event-stream")
            event: dict[str, str] = {}
            async for line in response.aiter_lines():
                name, _, value = line.partition(":")
                event[name] = value.strip()
                if not line and event.get("event") == "notice":
                    return event["id"], event["data"]
        raise AssertionError("the stream ended")

    position, _ = await asyncio.wait_for(first_notice({"Last-Event-ID": "0"}), 60)
    following, _ = await asyncio.wait_for(first_notice({"Last-Event-ID": position}), 60)
    assert int(following) > int(position)


async def test_health_docs_and_the_merged_openapi_document_are_there(world: World) -> None:
    report = await eventually(lambda: _flowing(world), within=15)
    assert set(report["services"]) == {"directory", "intake", "routing", "supervision", "scoring", "notify"}

    # A service that is slow to tell its document, the first time it works it out, is asked again with the next request.
    async def told() -> bool:
        return "/api/routing/cases/{case_id}/assign" in (await world.client.get("/api/openapi.json")).json()["paths"]

    await eventually(told, within=30, what="routing's doors in the merged document")
    assert (await world.client.get("/api/docs")).status_code == 200


async def test_the_demo_file_is_private_and_complete(world: World) -> None:
    assert stat.S_IMODE((world.suite.data / "demo.json").stat().st_mode) == 0o600
    roles = {a["role"] for a in world.demo["accounts"]}
    assert roles == {"desk", "department", "deputy", "station", "leader", "sysadmin", "secadmin", "auditor"}
    assert len([a for a in world.demo["accounts"] if a["role"] == "department"]) == 12
    assert all(set(c) == {"code", "kind", "name"} for c in world.demo["codes"])


async def test_no_service_logs_what_a_resident_wrote_or_who_he_is(world: World) -> None:
    canary = "金丝雀" + uuid.uuid4().hex
    opinion = await world.submit(text=f"{canary}，电话13812345678", title=canary, contact={"name": canary + "姓名", "phone": "13987654321"})
    desk = await world.sign_in("desk")
    await world.case(opinion["number"], desk)
    await world.client.get(f"/api/intake/opinions/{opinion['number']}?secret={canary}", headers={"X-Lookup-Code": opinion["lookup_code"]})
    for service in (*world.suite.state()["services"],):
        log = world.suite.log(service)
        for word in (canary, "13812345678", "13987654321", opinion["lookup_code"]):
            assert word not in log, f"{service} logs {word}"


async def _status(world: World, opinion: dict[str, Any], status: str) -> Any:
    tracked = await world.track(opinion)
    return tracked if tracked["status"] == status else None


async def _can_rate(world: World, opinion: dict[str, Any]) -> bool:
    return bool((await world.track(opinion))["can_rate"])


async def _has_case(world: World, number: str, desk: dict[str, str]) -> bool:
    return bool((await world.client.get("/api/routing/cases", params={"q": number}, headers=desk)).json()["items"])


async def _flowing(world: World) -> Any:
    response = await world.client.get("/api/health")
    return response.json() if response.status_code == 200 and response.json()["status"] == "ready" else None


async def test_a_running_suite_exposes_every_metric_that_alarms_and_dashboard_name(world: World) -> None:
    shown: dict[str, set[str]] = {}
    for group in (await world.client.get("/health/targets")).json():
        answer = await world.client.get(f"http://{group['targets'][0]}/metrics")
        shown[group["labels"]["service"]] = set(re.findall(r"^([a-z]\w+)", answer.text, re.M))
    assert set(shown) == {"gateway", *SERVICES}
    assert named_metrics() <= set.union(*shown.values()), named_metrics() - set.union(*shown.values())
    alone = {name for name in shown["gateway"] if name.startswith(("lianxin_database", "lianxin_outbox", "lianxin_consumer"))}
    assert not alone, "the gateway has no database and no consumer, and must not look as if they were dead"


async def test_doctor_finds_nothing_wrong_with_a_running_suite(world: World) -> None:
    found = await examine(world.suite.settings)
    assert {one.check for one in found if one.level == "wrong"} == set()
    assert {one.check for one in found if one.level == "warning"} <= {"backup_never", "disk"}
    assert {"databases", "migrations", "broker", "stream", "suite", "replicas", "secrets", "durable"} <= {one.check for one in found}
