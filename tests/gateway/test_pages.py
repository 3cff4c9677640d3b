"""The gateway's own answers: health that tells the truth, documents, pages that need no other host."""

from __future__ import annotations

import re

import pytest

from services.gateway.api import _FILES, _PAGES
from tests.gateway.conftest import Suite

POLICY = re.compile(r"default-src 'none'; script-src 'self'; style-src 'self'; .*frame-ancestors 'none'")
FLOW = b'{"status":"flows","service":"intake","troubles":[],"lag":3,"outbox_age":0.2,"dead":1,"replicas":[{"pid":7}]}'


def healthy(suite: Suite) -> None:
    suite.intake.answers["/health/live"] = (200, [], b'{"status":"live"}')
    suite.intake.answers["/health/ready"] = (200, [], b'{"status":"ready"}')
    suite.intake.answers["/health/flow"] = (200, [], FLOW)


async def test_health_repeats_what_each_service_says(suite: Suite) -> None:
    client = await suite.start()
    healthy(suite)
    answer = await client.get("/api/health")
    assert answer.status_code == 200
    intake = answer.json()["services"]["intake"]
    assert intake == {
        "status": "ready",
        "live": True,
        "ready": True,
        "flows": True,
        "troubles": [],
        "lag": 3,
        "outbox_age": 0.2,
        "dead": 1,
        "replicas": [{"pid": 7}],
    }
    assert answer.json()["gateway"] == {"bus": False, "signing_keys": None}
    assert answer.json()["status"] == "ready"


async def test_a_service_whose_work_stands_still_serves(suite: Suite) -> None:
    client = await suite.start()
    healthy(suite)
    suite.intake.answers["/health/flow"] = (503, [], FLOW.replace(b"flows", b"stands").replace(b"[]", b'["outbox_waits"]'))
    answer = await client.get("/api/health")
    assert answer.status_code == 200
    assert answer.json()["status"] == "stands"
    assert answer.json()["services"]["intake"]["status"] == "stands"
    assert answer.json()["services"]["intake"]["troubles"] == ["outbox_waits"]


async def test_a_service_without_its_database_or_without_an_answer_makes_health_red(suite: Suite) -> None:
    client = await suite.start(upstreams={"routing": 1}, health_timeout=0.5)
    healthy(suite)
    suite.intake.answers["/health/ready"] = (503, [], b'{"status":"database_away"}')
    answer = await client.get("/api/health")
    assert answer.status_code == 503
    assert answer.json()["status"] == "down"
    assert answer.json()["services"]["intake"]["status"] == "database_away"
    assert answer.json()["services"]["routing"]["status"] == "down"
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize("path", ["/", "/api/docs", "/s/ABC.123-x_y"])
async def test_pages_are_chinese_first_and_allow_only_this_host(suite: Suite, path: str) -> None:
    client = await suite.start()
    answer = await client.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert 'lang="zh-CN"' in answer.text
    assert POLICY.fullmatch(answer.headers["content-security-policy"])
    for header in ("x-content-type-options", "referrer-policy", "permissions-policy", "x-frame-options", "x-request-id"):
        assert header in answer.headers
    assert not re.search(r"<script(?![^>]* src=\"/static/)|<style|style=|\son\w+=", answer.text)
    for named in re.findall(r'(?:src|href)="([^"]+)"', answer.text):
        assert named.startswith("/")
        if named.startswith("/static/"):
            assert (await client.get(named)).status_code == 200


def test_own_pages_and_scripts_name_no_other_host() -> None:
    for file in _PAGES.iterdir():
        assert not re.search(r"https?://|//[a-z0-9-]+\.", file.read_text("utf-8").replace("// ", "")), file.name


async def test_only_listed_files_are_served(suite: Suite) -> None:
    client = await suite.start()
    for name in _FILES:
        answer = await client.get(f"/static/{name}")
        assert answer.status_code == 200
        assert "max-age" in answer.headers["cache-control"]
    missing = await client.get("/static/index.html")
    assert (missing.status_code, missing.json()["code"]) == (404, "NotFound")
    assert (await client.get("/nowhere")).json()["code"] == "NotFound"
    assert (await client.get("/docs")).status_code == 404


async def test_metrics_and_own_health_are_for_operators_only(suite: Suite) -> None:
    client = await suite.start(trusted_proxies=["127.0.0.1"])
    outside = {"X-Forwarded-For": "203.0.113.7"}
    for path in ("/metrics", "/health/live", "/health/flow"):
        assert (await client.get(path)).status_code == 200
        assert (await client.get(path, headers=outside)).status_code == 404
    assert (await client.get("/api/health", headers=outside)).status_code == 200


async def test_metrics_count_proxied_requests_by_service(suite: Suite) -> None:
    client = await suite.start()
    await client.get("/api/intake/opinions/320412-1")
    text = (await client.get("/metrics")).text
    assert 'lianxin_http_requests_total{method="GET",route="/api/intake",status="200"} 1.0' in text
    assert "320412-1" not in text


async def test_a_token_on_a_page_changes_nothing(suite: Suite) -> None:
    client = await suite.start()
    assert (await client.get("/", headers={"Authorization": "Bearer x.y.z"})).status_code == 200
