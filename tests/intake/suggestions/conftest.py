"""What the tests of suggestions share: deputies, a township, the congress's office, an adviser, and papers that go between them."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import time_machine
import yaml

from shared.events import Event
from shared.events.directory import MandateChanged, OrganisationChanged
from shared.profile import whole as profile_whole
from shared.settings import ROOT
from tests import kit

RECESS = datetime(2026, 3, 10, 2, 0, tzinfo=UTC)
AT_CONGRESS = datetime(2026, 1, 7, 2, 0, tzinfo=UTC)
LEAD, FIRST, SECOND, OUTSIDER, TOWN_DEPUTY, STREET = (uuid.UUID(int=100 + n) for n in range(6))
"""Three deputies of the district, one whose mandate is municipal, one of the town's own congress, one consultative."""

FORM: dict[str, Any] = {
    "title": "关于完善湖塘镇老旧小区充电设施的建议",
    "cause": "湖塘镇多个老旧小区没有集中充电设施，居民在楼道充电，火灾隐患突出。",
    "analysis": "走访十二个小区发现，电力容量不足、场地权属不清、物业缺位是三个主要原因。",
    "measures": "一、由住建部门牵头排查容量并列出改造清单；二、明确场地权属和物业责任；三、将改造纳入年度民生实事。",
    "formed_by": ["visits"],
    "conflicts": {"own_case": False, "own_bid": False, "own_gain": False},
}

Answer = httpx.Response


def mandate(deputy: uuid.UUID, name: str, *, level: str = "county", region: str = "320412100", **changes: Any) -> MandateChanged:
    """A mandate as directory tells of it."""
    facts = {"status": "active", "starts_on": date(2022, 1, 5), "ends_on": None, "version_no": 1, "group": "湖塘镇代表团", **changes}
    return MandateChanged(deputy_id=deputy, person_id=uuid.uuid5(deputy, "person"), name=name, level=level, region=region, **facts)


def directory() -> list[Event]:
    """Deputies and organisations."""
    told: list[Event] = [
        mandate(LEAD, "陆雨桐"),
        mandate(FIRST, "顾长风", region="320412102", group="牛塘镇代表团"),
        mandate(SECOND, "钱思齐", region="320412103", group="洛阳镇代表团"),
        mandate(OUTSIDER, "沈佳禾", level="municipal"),
        mandate(TOWN_DEPUTY, "姜一诺", level="township"),
        mandate(STREET, "万里晴", level="consultative", region="320412001"),
    ]
    for organisation, name in (("housing", "区住建局"), ("transport", "区交通运输局")):
        told.append(
            OrganisationChanged(organisation=organisation, name=name, kind="government", region="320412", active=True, version_no=1)
        )
    return told


def profile(folder: Path, **changes: Any) -> Path:
    """The profile of wujin with other rules on suggestions."""
    whole = profile_whole(ROOT / "deploy" / "profiles" / "wujin.yaml")
    whole["intake"]["suggestions"].update(changes)
    path = folder / "changed.yaml"
    path.write_text(yaml.safe_dump(whole, allow_unicode=True), "utf-8")
    return path


def deputy(deputy_id: uuid.UUID) -> dict[str, str]:
    """A deputy's token."""
    return kit.token("deputy", deputy_id=deputy_id, account_id=uuid.uuid5(deputy_id, "account"))


def office() -> dict[str, str]:
    """The desk of the district's congress (代表工委)."""
    return kit.token("desk")


def township(region: str = "320412100") -> dict[str, str]:
    """The desk of a town's congress."""
    return kit.token("desk", organisation="presidium_hutang", region=region)


def adviser(organisation: str = "housing") -> dict[str, str]:
    """A department that may be asked for its opinion."""
    return kit.token("department", organisation=organisation)


class Paper:
    """A suggestion on its way, as its lead knows it."""

    def __init__(self, service: kit.Running, shown: dict[str, Any], lead: uuid.UUID) -> None:
        self.service, self.shown, self.lead = service, shown, lead

    @property
    def id(self) -> uuid.UUID:
        return uuid.UUID(self.shown["id"])

    @property
    def status(self) -> str:
        return str(self.shown["status"])

    async def call(
        self, method: str, door: str, who: dict[str, str], body: Any = None, version: int | None = None, **headers: str
    ) -> Answer:
        """One request in the newest version, unless another is named."""
        sent = {**who, "If-Match": str(self.shown["version"] if version is None else version), **headers}
        json = {} if body is None and method in ("POST", "PUT") else body
        path = f"/suggestions/{self.id}{door}"
        given = {"content": json} if isinstance(json, bytes) else {} if json is None else {"json": json}
        answer = await self.service.client.request(method, path, headers=sent, **given)
        await self.look()
        return answer

    async def look(self) -> dict[str, Any]:
        """Reads it anew, as its lead."""
        answer = await self.service.client.get(f"/suggestions/{self.id}", headers=deputy(self.lead))
        assert answer.status_code == 200, answer.text
        self.shown = answer.json()
        return self.shown

    async def done(self, method: str, door: str, who: dict[str, str], body: Any = None, **headers: str) -> Any:
        """A request that must go well."""
        answer = await self.call(method, door, who, body, **headers)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content and answer.headers["content-type"].startswith("application/json") else answer

    async def save(self, **changes: Any) -> Any:
        """The lead saves the form with these changes."""
        return await self.done("PUT", "/form", deputy(self.lead), {**self.shown["form"], **changes})

    async def pre_submit(self) -> Any:
        return await self.done("POST", "/pre-submission", deputy(self.lead))

    async def submit(self) -> Any:
        return await self.done("POST", "/submission", deputy(self.lead))

    async def check(self, **body: Any) -> Any:
        return await self.done("POST", "/check", office(), body)

    async def refuse(self, ground: str = "own_matter", reason: str = "属于本人的个人问题，请通过信访渠道反映。") -> Any:
        return await self.done("POST", "/refusal", office(), {"ground": ground, "reason": reason})

    async def invite(self, *deputies: uuid.UUID) -> Any:
        return await self.done("POST", "/co-signers", deputy(self.lead), {"deputies": [str(one) for one in deputies]})

    async def sign(self, deputy_id: uuid.UUID, agreed: bool = True) -> Any:
        text = {"agreed": agreed, "content_version": self.shown["content_version"]}
        return await self.done("PUT", "/signature", deputy(deputy_id), text)

    async def events(self) -> list[Event]:
        """What was told of it, in order."""
        return [one for one in await self.service.outbox() if getattr(one, "suggestion_id", None) == self.id]

    async def names(self) -> list[str]:
        """The names of the events told of it."""
        return [type(one).__name__ for one in await self.events()]

    async def seen_by(self, who: dict[str, str]) -> Answer:
        return await self.service.client.get(f"/suggestions/{self.id}", headers=who)


def refusal(answer: Answer) -> tuple[int, str]:
    """Status and code of a refusal."""
    return answer.status_code, answer.json()["code"]


async def begun(service: kit.Running, lead: uuid.UUID = LEAD, **changes: Any) -> Paper:
    """A draft of a deputy."""
    answer = await service.client.post("/suggestions", json={**FORM, **changes}, headers=deputy(lead))
    assert answer.status_code == 201, answer.text
    return Paper(service, answer.json(), lead)


@pytest.fixture
def clock() -> Iterator[Any]:
    """The clock of the test: in recess, unless it is moved."""
    with time_machine.travel(RECESS) as traveller:
        yield traveller


Open = Callable[..., Awaitable[kit.Running]]


@pytest.fixture
def opened(running: Callable[..., Awaitable[kit.Running]], tmp_path: Path, clock: Any) -> Open:
    """`await opened(pre_submission=...)` gives the service under the rules of a place, with its deputies."""

    async def build(**changes: Any) -> kit.Running:
        service = await running("intake", **({"profile": profile(tmp_path, **changes)} if changes else {}))
        await service.deliver(*directory())
        return service

    return build


@pytest.fixture
async def service(opened: Open) -> kit.Running:
    """The service under the rules of wujin."""
    return await opened()
