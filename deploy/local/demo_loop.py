"""One resident's message through the whole loop, each step by the person whose step it is."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from deploy.local.demo_client import Api, Refusal
from deploy.local.demo_messages import Message

OBJECTS_EVERY = 25
"""One assignment in so many is objected to, and handed to another department by the desk."""

PROMISED = "B"
"""Replies of this class carry a promise (承诺事项台账)."""


@dataclass(frozen=True)
class Plan:
    """Who acts: signed-in names of the desk and of each department, and the codes that residents scan."""

    desk: str
    departments: dict[str, str]
    codes: list[dict[str, Any]]


class Loop:
    """Takes messages through the loop and counts what became of them."""

    def __init__(self, api: Api, plan: Plan) -> None:
        self.api, self.plan, self.counts = api, plan, Counter[str]()

    async def through(self, number: int, message: Message) -> None:
        """One message: submit, assign, accept (or object), reply, rate; a second round where the resident is not satisfied."""
        chance = _chance(message)
        opinion = await self.submit(number, message)
        self.counts["received"] += 1
        case = await self._assigned(opinion["number"], number, chance)
        if case["status"] in ("replied", "closed"):
            return  # an earlier run of the demo came this far
        await self._reply(case, message, opinion, "ABBCAAAAAA"[chance % 10])
        level = ("satisfied", "satisfied", "satisfied", "basically_satisfied", "dissatisfied")[chance // 16 % 5]
        await self._rate(opinion, level, 1)
        if level == "dissatisfied":
            again = await self._case(opinion["number"], lambda c: c["round"] == 2)
            self.counts["reopened"] += 1
            await self._reply(again, message, opinion, "A")
            await self._rate(opinion, "satisfied", 2)

    async def submit(self, number: int, message: Message) -> Any:
        """What the resident gets; the same again when it is sent again under the same number."""
        code = self.plan.codes[_chance(message) % len(self.plan.codes)]["code"]
        body = {"code": code, "title": message.title, "text": message.text}
        return await self.api.patiently(lambda: self.api.post("/api/intake/opinions", body, key=f"demo-message-{number:05}"))

    async def _case(self, number: str, fits: Any = lambda c: True) -> Any:
        return await self.api.until(
            f"/api/routing/cases?q={number}&limit=1", lambda page: next((c for c in page["items"] if fits(c)), None), token=self.plan.desk
        )

    async def _assigned(self, number: str, position: int, chance: int) -> Any:
        case = await self._case(number)
        ids = sorted(self.plan.departments)
        if case["status"] == "to_assign":
            case = await self._assign(case, ids[chance // 7 % len(ids)])
            self.counts["by_desk"] += 1
        else:
            self.counts["by_rule"] += 1
        self.counts["assigned"] += 1
        if case["status"] == "assigned" and position % OBJECTS_EVERY == OBJECTS_EVERY - 1:
            reason = {"reason": "经核实，该事项不属于本单位职责范围。"}
            case = await self._act(case, "object", reason, self.plan.departments[case["department"]])
            self.counts["objected"] += 1
            case = await self._assign(case, next(i for i in ids if i != case["department"]))
        return case

    async def _assign(self, case: Any, lead: str) -> Any:
        # Organisations reach routing by event: the desk may be faster than they are on the very first start.
        return await self._act(case, "assign", {"lead": lead}, self.plan.desk)

    async def _reply(self, case: Any, message: Message, opinion: Any, result_class: str) -> None:
        department = self.plan.departments[case["department"]]
        if case["status"] == "assigned":
            case = await self._act(case, "accept", None, department)
        reply = {"class": result_class, "text": message.reply, "signer": "承办单位负责人"} | (
            _promise() if result_class == PROMISED else {}
        )
        await self._act(case, "reply", reply, department)
        await self.api.until(f"/api/intake/opinions/{opinion['number']}", lambda o: o["can_rate"], lookup=opinion["lookup_code"])

    async def _act(self, case: Any, action: str, body: Any, who: str) -> Any:
        # One key for one intention: a service that dies between commit and answer is asked again and answers the same.
        key = f"demo-{action}-{case['id']}-{case['version']}"
        path = f"/api/routing/cases/{case['id']}/{action}"
        return await self.api.patiently(partial(self.api.post, path, body, token=who, version=case["version"], key=key))

    async def _rate(self, opinion: Any, level: str, round_no: int) -> None:
        path, key = f"/api/intake/opinions/{opinion['number']}/rating", f"demo-rating-{opinion['number']}-{round_no}"
        rate = partial(self.api.post, path, {"level": level}, lookup=opinion["lookup_code"], key=key)
        try:
            await self.api.patiently(rate, final=("AlreadyRated",))
        except Refusal as refusal:
            if refusal.code != "AlreadyRated":
                raise
        self.counts[level] += 1


def _chance(message: Message) -> int:
    return int.from_bytes(hashlib.sha256(message.text.encode()).digest()[:4], "big")


def _promise() -> dict[str, str]:
    """The same day for a whole year, or what is sent again would be another request."""
    return {"promised": "按计划办理到位", "promised_by": f"{datetime.now(UTC).year + 1}-12-31"}
