"""What the tests of routing share: the service with its departments, and the desk and departments that act on a case."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest_asyncio

from shared.events import Event
from shared.workdays import CHINA
from tests import kit
from tests.routing import golden

LONG_AGO = datetime(2020, 1, 2, tzinfo=UTC)


@dataclass
class Routing:
    """The service under test, and who works with it."""

    service: kit.Running

    async def get(self, path: str, who: dict[str, str] | None = None, **query: Any) -> httpx.Response:
        return await self.service.client.get(path, params=query, headers=who or kit.token("desk"))

    async def act(
        self,
        name: str,
        action: str,
        version: int | None,
        body: dict[str, Any] | None = None,
        who: dict[str, str] | None = None,
        **headers: str,
    ) -> httpx.Response:
        """An action on the case of the opinion with this name; by its department housing, or by the desk for `assign`."""
        chosen = who or (kit.token("desk") if action == "assign" else kit.token("department"))
        match = {} if version is None else {"If-Match": str(version)}
        return await self.service.client.post(f"/cases/{golden.case_id(name)}/{action}", json=body, headers={**chosen, **match, **headers})

    async def post(self, path: str, body: Any = None, version: int | None = None, who: dict[str, str] | None = None) -> httpx.Response:
        """A request of the desk, or of whoever is named."""
        match = {} if version is None else {"If-Match": str(version)}
        return await self.service.client.post(path, json=body, headers={**(who or kit.token("desk")), **match})

    async def case(self, name: str) -> dict[str, Any]:
        """The case as the desk sees it."""
        answer = await self.get(f"/cases/{golden.case_id(name)}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def opened(self, name: str = "a", category: str | None = "construction", **changes: Any) -> dict[str, Any]:
        """A case, opened now."""
        await self.service.deliver(golden.opinion(0, name, category, **{"occurred_at": datetime.now(UTC), **changes}))
        return await self.case(name)

    async def handled(self, name: str = "a", until: str = "replied", **changes: Any) -> dict[str, Any]:
        """A case that housing has accepted or replied to."""
        case = await self.opened(name, **changes)
        if case["status"] == "to_assign":
            case = ok(await self.act(name, "assign", case["version"], {"lead": "housing"}))
        case = ok(await self.act(name, "accept", case["version"]))
        return case if until == "accepted" else ok(await self.act(name, "reply", case["version"], REPLY))

    async def opined(self, name: str, *organisations: str) -> None:
        """Co-handlers give their opinions on a case."""
        for organisation in organisations:
            who = kit.token("department", organisation=organisation)
            answer = await self.post(f"/cases/{golden.case_id(name)}/co-opinions", {"text": "同意配合"}, who=who)
            assert answer.status_code == 200, answer.text

    async def rate(self, name: str, round_: int, level: Any) -> dict[str, Any]:
        """The case after a rating."""
        await self.service.deliver(golden.rating(0, name, round_, level).model_copy(update={"occurred_at": datetime.now(UTC)}))
        return await self.case(name)

    async def told(self, kind: type[Event]) -> list[Any]:
        """The events of a kind that routing has emitted."""
        return [event for event in await self.service.outbox() if type(event) is kind]


REPLY = {"class": "A", "text": "路灯已修复，电话 13812345678 可核实。", "signer": "王局长"}


def answering(policy: Any, code: str) -> dict[str, Any]:
    """A reply of a class, with a promise where the place's profile counts the class as one."""
    day = (datetime.now(CHINA) + timedelta(days=90)).date().isoformat()
    promise = {"promised": "年底前更换全部路灯", "promised_by": day} if policy.result_class(code).counts_as_promise else {}
    return {**REPLY, "class": code, **promise}


def made(answer: httpx.Response) -> dict[str, Any]:
    """The body of an answer that says that something was made."""
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def ok(answer: httpx.Response) -> dict[str, Any]:
    """The body of an answer that says yes."""
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def refused(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The problem document of a refusal with this status and fact."""
    assert (answer.status_code, answer.json().get("code")) == (status, code), answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    return dict(answer.json())


def ago(**span: float) -> datetime:
    """That long before now."""
    return datetime.now(UTC) - timedelta(**span)


def an_id() -> uuid.UUID:
    """An id that names nothing."""
    return uuid.uuid4()


@pytest_asyncio.fixture
async def routing(running) -> AsyncIterator[Routing]:
    """Routing with three active departments and one that is no more."""
    service = await running("routing")
    departments = [golden.organisation(0, name, occurred_at=LONG_AGO) for name in ("housing", "transport", "ecology", "closed_down")]
    await service.deliver(*departments, golden.organisation(0, "closed_down", 2, active=False, occurred_at=LONG_AGO + timedelta(days=1)))
    yield Routing(service)
