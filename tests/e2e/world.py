"""What a client of the suite knows and does: sign in, submit, act on cases, track, rate; and whether rows are at rest."""

from __future__ import annotations

import json
import uuid
from typing import Any

import httpx

from tests.e2e.suite import Suite
from tests.kit import eventually

_UNREAD = """
    SELECT count(*) FROM opinion o LEFT JOIN fingerprint f ON f.opinion_id = o.id LEFT JOIN topic_reading r ON r.opinion_id = o.id
    WHERE (f.opinion_id IS NULL OR r.opinion_id IS NULL) AND NOT EXISTS (SELECT FROM erasure e WHERE e.matter_id = o.id)
"""
"""Intake's clock compares opinions with earlier ones some seconds after they came; the erased never."""


class World:
    """What a test may know: the accounts and codes of `demo.json`, and a client of the gateway."""

    def __init__(self, suite: Suite, client: httpx.AsyncClient) -> None:
        self.suite, self.client = suite, client
        self.demo: dict[str, Any] = json.loads((suite.data / "demo.json").read_text("utf-8"))

    def account(self, role: str, organisation: str | None = None) -> dict[str, Any]:
        return next(a for a in self.demo["accounts"] if a["role"] == role and organisation in (None, a["organisation"]))

    async def sign_in(self, role: str, organisation: str | None = None) -> dict[str, str]:
        account = self.account(role, organisation)
        response = await self.client.post("/api/directory/login", json={k: account[k] for k in ("username", "password")})
        assert response.status_code == 200, response.text
        assert set(response.json()) >= {"access_token", "refresh_token", "expires_in", "account"}
        return {"Authorization": f"Bearer {response.json()['access_token']}"}

    async def submit(self, **more: Any) -> dict[str, Any]:
        body = {"code": self.demo["codes"][0]["code"], "title": "路灯不亮", "text": "小区门口的路灯坏了半个月，晚上出行不安全。", **more}
        response = await self.client.post("/api/intake/opinions", json=body, headers={"Idempotency-Key": str(uuid.uuid4())})
        assert response.status_code == 201, response.text
        opinion: dict[str, Any] = response.json()
        return opinion

    async def case(self, number: str, desk: dict[str, str], **wanted: Any) -> dict[str, Any]:
        async def look() -> Any:
            page = (await self.client.get("/api/routing/cases", params={"q": number}, headers=desk)).json()
            return next((c for c in page["items"] if c["number"] == number and all(c[k] == v for k, v in wanted.items())), None)

        found: dict[str, Any] = await eventually(look, what=f"case {wanted}")
        return found

    async def act(self, case: dict[str, Any], action: str, body: Any, who: dict[str, str], status: int = 200) -> dict[str, Any]:
        response = await self.client.post(
            f"/api/routing/cases/{case['id']}/{action}", json=body, headers={**who, "If-Match": str(case["version"])}
        )
        assert response.status_code == status, response.text
        found: dict[str, Any] = response.json()
        return found

    async def track(self, opinion: dict[str, Any]) -> dict[str, Any]:
        response = await self.client.get(f"/api/intake/opinions/{opinion['number']}", headers={"X-Lookup-Code": opinion["lookup_code"]})
        assert response.status_code == 200, response.text
        found: dict[str, Any] = response.json()
        return found

    async def rate(self, opinion: dict[str, Any], level: str) -> httpx.Response:
        headers = {"X-Lookup-Code": opinion["lookup_code"]}
        return await self.client.post(f"/api/intake/opinions/{opinion['number']}/rating", json={"level": level}, headers=headers)

    async def still(self) -> dict[str, dict[str, int]]:
        """Row counts of all databases once nothing is under way any more."""

        # What is under way may be between a service's look and the next one's, so all is looked at until twice in a row nothing is.
        async def quiet() -> Any:
            before = await self.suite.counts()
            ((unread,),) = await self.suite.query("intake", _UNREAD)
            if unread or await self.suite.waiting() or await self.suite.waiting():
                return None
            after = await self.suite.counts()
            return after if before == after else None

        counts: dict[str, dict[str, int]] = await eventually(quiet, within=90, what="nothing waiting, all read and rows at rest")
        return counts

    async def unmoved(self, before: dict[str, dict[str, int]]) -> None:
        """Raises AssertionError with the tables that have other rows than before."""
        after = await self.still()
        moved = {f"{s}.{t}": (before[s][t], n) for s, tables in after.items() for t, n in tables.items() if before[s][t] != n}
        assert not moved, moved


def assert_problem(response: httpx.Response, status: int, code: str | None = None) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"].startswith("application/problem+json")
    body: dict[str, Any] = response.json()
    assert body["title"] and body["detail"] and body["code"] and body["status"] == status and body["request_id"]
    assert code in (None, body["code"])
    return body
