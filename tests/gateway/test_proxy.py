"""What passes, what does not, and what the service sees of it. Real sockets throughout."""

from __future__ import annotations

import json

import pytest

from tests.gateway.conftest import Suite
from tests.gateway.serving import raw


async def test_a_request_reaches_its_service_without_the_prefix(suite: Suite) -> None:
    client = await suite.start()
    answer = await client.post(
        "/api/intake/opinions?draft=1", json={"text": "路灯"}, headers={"Idempotency-Key": "k" * 10, "If-Match": "3"}
    )
    assert answer.status_code == 200
    seen = suite.intake.requests[-1]
    assert (seen["method"], seen["path"], seen["query"]) == ("POST", "/opinions", "draft=1")
    assert json.loads(seen["body"]) == {"text": "路灯"}
    assert suite.intake.header("idempotency-key") == ["k" * 10]
    assert suite.intake.header("if-match") == ["3"]


async def test_chinese_in_a_path_arrives_as_it_was_sent(suite: Suite) -> None:
    client = await suite.start()
    await client.get("/api/intake/categories/城乡建设")
    assert suite.intake.requests[-1]["path"] == "/categories/%E5%9F%8E%E4%B9%A1%E5%BB%BA%E8%AE%BE"


async def test_a_connection_to_the_service_is_used_again(suite: Suite) -> None:
    client = await suite.start()
    for _ in range(5):
        await client.get("/api/intake/opinions")
    ports = {value for request in suite.intake.requests for key, value in request["headers"] if key == "host"}
    assert len(suite.intake.requests) == 5
    assert ports == {f"127.0.0.1:{suite.intake_port}"}


async def test_a_service_nobody_knows_is_a_404_problem_in_chinese(suite: Suite) -> None:
    client = await suite.start()
    answer = await client.get("/api/weather/today")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["type"] == "urn:lianxin:problem:ServiceUnknown"
    assert problem["code"] == "ServiceUnknown"
    assert problem["status"] == 404
    assert problem["title"] == "没有这个接口"
    assert problem["request_id"] == answer.headers["x-request-id"]


async def test_a_problem_speaks_english_to_whoever_prefers_it(suite: Suite) -> None:
    client = await suite.start()
    answer = await client.get("/api/weather", headers={"Accept-Language": "en-GB,zh;q=0.5"})
    assert answer.json()["title"] == "No such interface"


@pytest.mark.parametrize("path", ["/metrics", "/health/live", "/%68ealth/flow", "/openapi.json", "/docs", "/metrics/"])
async def test_what_is_for_a_services_operator_is_not_proxied(suite: Suite, path: str) -> None:
    client = await suite.start()
    async with raw(suite.port) as bare:
        await bare.send(f"GET /api/intake{path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert (await bare.answer())[0] == 404
    assert suite.intake.requests == []
    assert (await client.get("/api/intake/documents")).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/../routing/cases",
        "/a/../../routing/cases",
        "/%2e%2e/routing/cases",
        "/.%2E/x",
        "/./x",
        "/a/..",
        "/a%2fb",
        "/a%2Fb",
        "/a%5cb",
        "//evil.example/x",
        "/a//b",
        "/%00",
        "/a%0d%0ab",
        "/a%252e",
        "/a%zz",
        "/a%2",
        "/a|b",
        '/a"b',
        "/a<b",
        "/a\\b",
    ],
)
async def test_a_path_that_two_readers_take_differently_goes_nowhere(suite: Suite, path: str) -> None:
    await suite.start()
    async with raw(suite.port) as bare:
        await bare.send(f"GET /api/intake{path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        status, headers, _ = await bare.answer()
    assert status in (400, 404)
    assert headers["content-type"] == "application/problem+json"
    assert suite.intake.requests == []


@pytest.mark.parametrize("method", ["TRACE", "OPTIONS", "PROPFIND"])
async def test_other_methods_are_not_offered(suite: Suite, method: str) -> None:
    client = await suite.start()
    assert (await client.request(method, "/api/intake/opinions")).status_code == 405
    assert suite.intake.requests == []


async def test_hop_by_hop_headers_stay_on_their_hop(suite: Suite) -> None:
    client = await suite.start()
    suite.intake.answers["/hop"] = (
        200,
        [
            (b"connection", b"x-secret"),
            (b"x-secret", b"1"),
            (b"proxy-authenticate", b"Basic"),
            (b"keep-alive", b"timeout=9"),
            (b"x-kept", b"2"),
        ],
        b"{}",
    )
    answer = await client.get(
        "/api/intake/hop",
        headers={"Connection": "close, X-Private", "X-Private": "1", "TE": "trailers", "Proxy-Authorization": "Basic abc", "X-Public": "2"},
    )
    sent = dict(suite.intake.requests[-1]["headers"])
    assert {"x-private", "te", "proxy-authorization", "connection"}.isdisjoint(sent)
    assert sent["x-public"] == "2"
    assert {"x-secret", "proxy-authenticate", "keep-alive"}.isdisjoint(answer.headers)
    assert answer.headers["x-kept"] == "2"


async def test_a_request_id_is_kept_when_it_is_one_and_made_when_not(suite: Suite) -> None:
    client = await suite.start()
    kept = await client.get("/api/intake/opinions", headers={"X-Request-Id": "abc-123.DEF_456"})
    assert kept.headers["x-request-id"] == "abc-123.DEF_456"
    assert suite.intake.header("x-request-id") == ["abc-123.DEF_456"]
    made = await client.get("/api/intake/opinions", headers={"X-Request-Id": "no good"})
    assert len(made.headers["x-request-id"]) == 32
    assert suite.intake.header("x-request-id") == [made.headers["x-request-id"]]


async def test_a_trace_goes_on_and_a_malformed_one_begins_anew(suite: Suite) -> None:
    client = await suite.start(trace_sample=0.0)
    context = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"
    await client.get("/api/intake/opinions", headers={"traceparent": context})
    assert suite.intake.header("traceparent") == [context]
    await client.get("/api/intake/opinions", headers={"traceparent": "00-zz-1-00"})
    (begun,) = suite.intake.header("traceparent")
    assert begun.startswith("00-")
    assert begun.endswith("-00")
    assert len(begun) == 55


async def test_a_recorded_trace_has_the_gateways_span_between(suite: Suite) -> None:
    client = await suite.start()
    context = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    await client.get("/api/intake/opinions", headers={"traceparent": context})
    (passed,) = suite.intake.header("traceparent")
    assert passed.split("-")[1] == context.split("-")[1]
    assert passed.split("-")[2] != context.split("-")[2]
    assert passed.endswith("-01")


async def test_nobody_chooses_his_own_address(suite: Suite) -> None:
    client = await suite.start()
    spoofed = {
        "X-Forwarded-For": "10.9.9.9",
        "Forwarded": "for=10.9.9.9",
        "X-Real-IP": "10.9.9.9",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "evil",
    }
    answer = await client.get("/api/intake/opinions", headers=spoofed)
    sent = suite.intake.requests[-1]["headers"]
    assert suite.intake.header("x-forwarded-for") == ["127.0.0.1"]
    assert suite.intake.header("x-forwarded-proto") == ["http"]
    assert {"forwarded", "x-real-ip", "x-forwarded-host"}.isdisjoint(dict(sent))
    assert "strict-transport-security" not in answer.headers


async def test_a_listed_proxy_is_believed_up_to_the_first_hop_it_does_not_list(suite: Suite) -> None:
    client = await suite.start(trusted_proxies=["127.0.0.1/32", "10.0.0.0/24"])
    answer = await client.get(
        "/api/intake/opinions", headers={"X-Forwarded-For": "1.2.3.4, 203.0.113.7, 10.0.0.5", "X-Forwarded-Proto": "https"}
    )
    assert suite.intake.header("x-forwarded-for") == ["203.0.113.7"]
    assert suite.intake.header("x-forwarded-proto") == ["https"]
    assert answer.headers["strict-transport-security"].startswith("max-age=")


async def test_every_answer_of_a_service_gets_the_security_headers(suite: Suite) -> None:
    client = await suite.start()
    suite.intake.answers["/x"] = (
        200,
        [(b"server", b"secret/1.0"), (b"content-security-policy", b"default-src *"), (b"x-request-id", b"theirs")],
        b"{}",
    )
    answer = await client.get("/api/intake/x")
    assert answer.headers["content-security-policy"] == "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"
    assert "permissions-policy" in answer.headers
    assert "server" not in answer.headers
    assert answer.headers["x-request-id"] != "theirs"
    assert len(answer.headers.get_list("date")) == 1


async def test_a_redirect_of_a_service_stays_behind_the_door(suite: Suite) -> None:
    client = await suite.start()
    for number, location in enumerate([f"http://127.0.0.1:{suite.intake_port}/opinions", "/opinions", "https://example.org/x"]):
        suite.intake.answers[f"/r{number}"] = (307, [(b"location", location.encode())], b"{}")
    got = [(await client.get(f"/api/intake/r{n}")).headers["location"] for n in range(3)]
    assert got == ["/api/intake/opinions", "/api/intake/opinions", "https://example.org/x"]


async def test_answers_without_a_body_pass(suite: Suite) -> None:
    client = await suite.start()
    assert (await client.delete("/api/intake/nothing")).status_code == 204
    head = await client.head("/api/intake/opinions")
    assert head.status_code == 200
    assert int(head.headers["content-length"]) > 0
    assert head.content == b""
    assert (await client.get("/api/intake/opinions")).status_code == 200


async def test_a_refusal_of_a_service_passes_unchanged(suite: Suite) -> None:
    client = await suite.start()
    told = b'{"code":"StaleVersion","current":4}'
    suite.intake.answers["/cases/1/accept"] = (409, [(b"content-type", b"application/problem+json")], told)
    answer = await client.post("/api/intake/cases/1/accept")
    assert (answer.status_code, answer.content, answer.headers["content-type"]) == (409, told, "application/problem+json")
