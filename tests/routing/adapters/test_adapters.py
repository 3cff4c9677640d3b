"""Other systems (民情直通, 12345): a case waits for an adapter, which fetches it and reports by signed requests."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from services.routing.adapters.rules import signature
from shared.events.routing_transfers import CaseHandedOut, ExternalStatusReported
from tests import kit
from tests.routing import golden
from tests.routing.conftest import LONG_AGO, Routing, an_id, made, ok, refused

SECRETS = {"minqing": "a secret of two", "hotline_12345": "another secret"}


async def connected(running: Any, **settings: Any) -> Routing:
    service = await running("routing", adapter_secrets=SECRETS, **settings)
    await service.deliver(golden.organisation(0, "housing", occurred_at=LONG_AGO))
    routing = Routing(service)
    await routing.opened("a", text="路灯坏了，联系 13812345678")
    return routing


async def handed_out(routing: Routing, adapter: str = "minqing") -> dict[str, Any]:
    return made(await routing.post(f"/cases/{golden.case_id('a')}/handed-out", {"adapter": adapter}))


def signed(adapter: str, body: bytes, secret: str | None = None, at: float | None = None) -> dict[str, str]:
    moment = str(int(at if at is not None else time.time()))
    return {"X-Timestamp": moment, "X-Signature": signature(secret or SECRETS[adapter], adapter, moment, body)}


async def queue(routing: Routing, adapter: str = "minqing", headers: dict[str, str] | None = None) -> Any:
    return await routing.service.client.get(f"/adapters/{adapter}/queue", headers=headers or signed(adapter, b"queue"))


async def reports(routing: Routing, out: dict[str, Any], status: str, headers: dict[str, str] | None = None, **changes: Any) -> Any:
    said = {"report_id": f"r-{status}", "external_id": "MQ-1", "status": status, **changes}
    adapter = out["adapter"]
    body = json.dumps(said).encode()
    proof = headers or signed(adapter, f"{out['id']}.".encode() + body)
    return await routing.service.client.post(
        f"/adapters/{adapter}/handed-out/{out['id']}/status", content=body, headers={"Content-Type": "application/json", **proof}
    )


async def seen(routing: Routing) -> list[dict[str, Any]]:
    answer = await routing.get(f"/cases/{golden.case_id('a')}/handed-out")
    assert answer.status_code == 200, answer.text
    return list(answer.json())


async def test_a_case_waits_for_its_adapter_until_its_receipt_is_reported_and_goes_on_to_done(running):
    routing = await connected(running)
    before = await routing.case("a")
    out = await handed_out(routing)
    for _ in range(2):  # what an adapter fetched and lost is there again
        (waiting,) = (await queue(routing)).json()
        assert (waiting["id"], waiting["number"], "13812345678" in waiting["text"]) == (out["id"], before["number"], False)
    assert (await queue(routing, "hotline_12345")).json() == []
    for status, state in (("已签收", "received"), ("办理中", "handling"), ("已办结", "done")):
        assert ok(await reports(routing, out, status, note="联系 13812345678")) == {"id": out["id"], "state": state, "external_id": "MQ-1"}
        assert (await queue(routing)).json() == []
    told = await routing.told(ExternalStatusReported)
    assert [(one.state, one.external_id, "13812345678" in (one.note or "")) for one in told] == [
        (state, "MQ-1", False) for state in ("received", "handling", "done")
    ]
    assert [one.adapter for one in await routing.told(CaseHandedOut)] == ["minqing"]
    (line,) = await seen(routing)
    assert [(one["status"], one["applied"]) for one in line["reports"]] == [("已签收", True), ("办理中", True), ("已办结", True)]
    assert (await routing.case("a"))["version"] == before["version"]
    assert (await handed_out(routing))["state"] == "queued"  # done there, it may be handed out again


async def test_a_report_that_comes_twice_or_was_overtaken_moves_nothing(running):
    routing = await connected(running)
    out = await handed_out(routing)
    ok(await reports(routing, out, "办理中"))
    assert ok(await reports(routing, out, "办理中"))["state"] == "handling"
    assert ok(await reports(routing, out, "已签收"))["state"] == "handling"
    assert ok(await reports(routing, out, "已办结"))["state"] == "done"
    assert ok(await reports(routing, out, "已退回"))["state"] == "done"
    assert [one.state for one in await routing.told(ExternalStatusReported)] == ["handling", "done"]
    (line,) = await seen(routing)
    assert [(one["status"], one["applied"]) for one in line["reports"]] == [
        ("办理中", True),
        ("已签收", False),
        ("已办结", True),
        ("已退回", False),
    ]


async def test_a_request_that_is_not_signed_by_this_adapter_for_this_now_is_refused_and_changes_nothing(running):
    routing = await connected(running)
    out = await handed_out(routing)
    rows = await routing.service.rows()
    body = json.dumps({"report_id": "r-办理中", "external_id": "MQ-1", "status": "办理中"}).encode()
    message = f"{out['id']}.".encode() + body
    for headers in (
        signed("minqing", message, "a guess"),
        signed("minqing", message, at=time.time() - 600),
        signed("minqing", message, at=time.time() + 600),
        signed("minqing", f"{an_id()}.".encode() + body),
        signed("minqing", message + b" "),
        signed("hotline_12345", message),
        {"X-Timestamp": "soon", "X-Signature": "x"},
        {"X-Timestamp": "0", "X-Signature": ""},
        kit.token("desk"),
    ):
        refused(await reports(routing, out, "办理中", headers), 401, "SignatureNotValid")
    refused(await queue(routing, headers=signed("minqing", b"status")), 401, "SignatureNotValid")
    refused(await queue(routing, "nobody", signed("minqing", b"queue")), 401, "SignatureNotValid")
    assert await routing.service.rows() == rows
    ok(await reports(routing, out, "办理中"))


async def test_an_adapter_without_a_secret_has_no_door(running):
    routing = Routing(await running("routing"))
    refused(await queue(routing), 401, "SignatureNotValid")


async def test_an_adapter_reaches_only_what_was_handed_to_it_and_names_one_matter_once(running):
    routing = await connected(running)
    out, other = await handed_out(routing), await handed_out(routing, "hotline_12345")
    refused(await reports(routing, {**other, "adapter": "minqing"}, "已签收"), 404, "HandedOutNotFound")
    refused(await reports(routing, {**out, "id": str(an_id())}, "已签收"), 404, "HandedOutNotFound")
    assert refused(await reports(routing, out, "closed"), 422, "UnknownStatus")["known"] == sorted(["已签收", "办理中", "已办结", "已退回"])
    refused(await reports(routing, out, "已签收", external_id=" "), 422, "InvalidRequest")
    ok(await reports(routing, out, "已签收"))
    refused(await reports(routing, out, "办理中", external_id="MQ-2"), 409, "AnotherExternalId")
    refused(await reports(routing, out, "已办结", report_id="r-已签收"), 409, "ReportIdTaken")
    ok(await reports(routing, other, "accepted"))  # another system may use the same words


@pytest.mark.parametrize(
    ("who", "adapter", "status", "fact"),
    [
        ("department", "minqing", 403, "NotPermitted"),
        ("leader", "minqing", 403, "NotPermitted"),
        ("desk", "telegraph", 422, "UnknownAdapter"),
    ],
)
async def test_only_the_desk_hands_out_and_only_to_a_system_of_the_profile(running, who, adapter, status, fact):
    routing = await connected(running)
    refused(await routing.post(f"/cases/{golden.case_id('a')}/handed-out", {"adapter": adapter}, None, kit.token(who)), status, fact)


async def test_a_system_gets_a_case_once_at_a_time_and_only_from_its_region(running):
    routing = await connected(running)
    await handed_out(routing)
    path = f"/cases/{golden.case_id('a')}/handed-out"
    refused(await routing.post(path, {"adapter": "minqing"}), 409, "AlreadyHandedOut")
    refused(await routing.post(path, {"adapter": "minqing"}, None, kit.token("desk", region="320412002")), 404, "CaseNotFound")
    await handed_out(routing, "hotline_12345")
    assert [one["adapter"] for one in await seen(routing)] == ["minqing", "hotline_12345"]
