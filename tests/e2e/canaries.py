"""Canaries: contact and identity that no other text holds, sent through every door of intake, and where they must not sing."""

from __future__ import annotations

import base64
import threading
from collections.abc import AsyncIterator, Iterable, Mapping
from datetime import datetime, timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import quote

import httpx
from nats.aio.client import Client
from nats.errors import TimeoutError as NothingLeft
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from sqlalchemy import text

from tests.e2e.suite import Suite
from tests.e2e.world import World
from tests.kit import eventually

NOUNS = ("opinion", "deputy", "campaign", "reception", "contact", "appointment", "petition", "mediation", "suggestion")


def name(noun: str) -> str:
    return f"金丝雀{'甲乙丙丁戊己庚辛壬'[NOUNS.index(noun)]}欧阳"


def phone(noun: str) -> str:
    return f"1390{7310 + NOUNS.index(noun)}265"


def written_phone(noun: str) -> str:
    """A number that stands in the free text, not in a field."""
    return f"1590{6120 + NOUNS.index(noun)}384"


def written_identity(noun: str) -> str:
    return f"32041219870314{4170 + NOUNS.index(noun)}"


ADDRESS = "金丝雀巷 7431 号"

CONTACTS = [canary for noun in NOUNS for canary in (name(noun), phone(noun))] + [ADDRESS]
WRITTEN = [canary for noun in NOUNS for canary in (written_phone(noun), written_identity(noun))]


@cache
def spellings(canary: str) -> tuple[bytes, ...]:
    """How a canary may be written down: as it is, in hexadecimal, escaped in JSON, in an address, in base64 from its beginning."""
    plain = canary.encode()
    return (
        plain,
        plain.hex().encode(),
        canary.encode("unicode_escape"),
        quote(canary).encode(),
        base64.b64encode(plain)[: len(plain) // 3 * 4],
    )


def heard(where: bytes | str, canaries: Iterable[str]) -> list[str]:
    """The canaries that are in there, however written."""
    content = where if isinstance(where, bytes) else where.encode()
    return [canary for canary in canaries if any(one in content for one in spellings(canary))]


class Collector:
    """An OpenTelemetry collector that keeps what it is sent, byte for byte."""

    def __init__(self) -> None:
        received: list[bytes] = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                received.append(self.rfile.read(int(self.headers.get("Content-Length", 0))))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Says nothing."""

        self.received = received
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()


def text_of(noun: str) -> dict[str, str]:
    """A title and a text with numbers in them, as people write them."""
    return {
        "title": f"请回电{written_phone(noun)}谢谢",
        "text": f"小区路灯坏了。身份证{written_identity(noun)}，电话{written_phone(noun)}，盼复。",
    }


def sender(noun: str) -> dict[str, str]:
    return {"name": name(noun), "phone": phone(noun)}


class Voices:
    """Everybody who speaks, through the gateway."""

    def __init__(self, world: World) -> None:
        self.world, self.client = world, world.client

    async def post(self, path: str, body: Any, who: Mapping[str, str] | None = None, method: str = "POST", **headers: str) -> Any:
        answer = await self.client.request(method, f"/api/intake{path}", json=body, headers={**(who or {}), **headers})
        assert answer.status_code < 300, f"{path}: {answer.text}"
        return answer.json() if answer.content else None

    async def all(self) -> dict[str, Any]:
        """One of each noun; what the tests look at afterwards."""
        desk, station, deputy = [await self.world.sign_in(role) for role in ("desk", "station", "deputy")]
        deputies = await self._deputies()
        lead, town = deputies["WJW001"], "320412100"
        codes = {one["kind"]: one["code"] for one in self.world.demo["codes"]}
        found: dict[str, Any] = {"desk": desk, "station": station, "deputy": deputy}
        found["opinion"] = await self.post("/opinions", {"code": codes["station"], "contact": sender("opinion"), **text_of("opinion")})
        await self.post("/opinions", {"code": codes["deputy"], "contact": sender("deputy"), **text_of("deputy")})
        today = datetime.now().astimezone().date()
        call = {
            "kind": "opinions",
            "title": "意见征集",
            "text": "请提意见",
            "region": "320412",
            "categories": [],
            "opens_on": str(today - timedelta(days=1)),
            "closes_on": str(today + timedelta(days=3)),
        }
        campaign = await self.post("/campaigns", call, desk)
        await self.post(f"/campaigns/{campaign['id']}/opinions", {"contact": sender("campaign"), **text_of("campaign")})
        entry = {"kind": "visit", "on": str(today), "channel": "onsite", "persons": 1, "region": town}
        matters = [{**text_of("contact"), "contact": sender("contact")}]
        noted = {"note": f"回电{written_phone('contact')}", "matters": matters, "deputy_id": lead}
        await self.post("/contacts", {**entry, **noted}, station)
        await self._reception(station, found)
        await self._appointment(deputy, found)
        petition = {"deputy_id": lead, "region": town, "contact": sender("petition"), **text_of("petition")}
        found["petition"] = await self.post("/petitions", petition, station)
        sides = [{"side": "applicant", **sender("mediation")}, {"side": "respondent", "name": name("mediation")}]
        dispute = {"kind": "property", "source": "court", "region": town, "summary": text_of("mediation")["text"], "parties": sides}
        found["mediation"] = await self.post("/mediations", dispute, station)
        await self._suggestion(deputy)
        return found

    async def _deputies(self) -> dict[str, str]:
        system = await self.world.sign_in("sysadmin")
        rows = (await self.client.get("/api/directory/deputies", params={"limit": 100}, headers=system)).json()["items"]
        return {row["card"]: row["id"] for row in rows}

    async def _reception(self, station: Mapping[str, str], found: dict[str, Any]) -> None:
        begins = datetime.now().astimezone() + timedelta(seconds=1)
        meeting = {
            "kind": "live_stream",
            "theme": "接待",
            "place": "会议室",
            "region": "320412100",
            "starts_at": begins.isoformat(),
            "ends_at": (begins + timedelta(hours=1)).isoformat(),
            "link": "https://live.example.org/1",
            "short_notice_reason": "临时安排",
        }
        reception = await self.post("/receptions", meeting, station)
        found["reception"] = reception["id"]
        received = {"channel": "onsite", "contact": sender("reception"), "matters": [text_of("reception")]}

        async def begun() -> Any:
            answer = await self.client.post(f"/api/intake/receptions/{reception['id']}/received", json=received, headers=dict(station))
            assert answer.status_code in (201, 409), answer.text
            return answer.status_code == 201

        await eventually(begun, what="the reception has begun")
        comment = await self.post(f"/public/receptions/{reception['id']}/comments", {"text": text_of("reception")["text"]})
        await self.post(f"/receptions/{reception['id']}/comments/{comment['id']}", {"show": True}, station)

    async def _appointment(self, deputy: Mapping[str, str], found: dict[str, Any]) -> None:
        begins = datetime.now().astimezone() + timedelta(days=2)
        slots = {"starts": [begins.isoformat()], "channel": "online", "link": "https://meet.example.org/1"}
        [slot] = await self.post("/slots", slots, deputy)
        body = {"topic": text_of("appointment")["text"], "contact": sender("appointment")}
        found["appointment"] = await self.post(f"/public/slots/{slot['id']}/book", body)

    async def _suggestion(self, deputy: Mapping[str, str]) -> None:
        written = text_of("suggestion")
        form = {
            "title": f"关于路灯的建议{written_phone('suggestion')}",
            "cause": written["text"],
            "analysis": written["text"],
            "measures": written["text"],
            "formed_by": ["visits"],
            "conflicts": {"own_case": False, "own_bid": False, "own_gain": False},
        }
        draft = await self.post("/suggestions", form, deputy)
        path, match = f"/suggestions/{draft['id']}", str(draft["version"])
        contact = {"phone": phone("suggestion"), "address": ADDRESS}
        await self.post(f"{path}/contact", contact, deputy, "PUT", **{"If-Match": match})
        submitted = await self.post(f"{path}/submission", {}, deputy, **{"If-Match": match})
        desk = await self.world.sign_in("desk")
        await self.post(f"{path}/check", {"category": "construction"}, desk, **{"If-Match": str(submitted["version"])})


async def messages(client: Client) -> AsyncIterator[tuple[str, bytes]]:
    """Every message of every stream on the broker, key-value and object stores included: where it lies, and all of it."""
    stream = client.jetstream()
    for info in await stream.streams_info():
        yield f"stream {info.config.name}", repr(info.config).encode()
        if not info.state.messages:
            continue
        every = ConsumerConfig(ack_policy=AckPolicy.NONE, deliver_policy=DeliverPolicy.ALL, inactive_threshold=30)
        puller = await stream.pull_subscribe("", stream=info.config.name, config=every)
        left = info.state.messages
        while left > 0:
            try:
                fetched = await puller.fetch(min(left, 500), timeout=5)
            except NothingLeft:
                break
            left -= len(fetched)
            for message in fetched:
                yield message.subject, b"\n".join([message.subject.encode(), repr(message.headers).encode(), message.data])


CLEAR_TEXT = {
    "intake": {
        "opinion": {"title", "text"},
        "petition": {"title", "text"},
        "appointment": {"topic"},
        "rating": {"comment"},
        "suggestion_version": {"content"},
    }
}
"""What people wrote, kept as they sent it (class C1) in intake alone. Everything else is sealed, masked or not there."""


async def cells(suite: Suite, service: str) -> AsyncIterator[tuple[str, str]]:
    """Every column of every table of a database as one text each; but for what is kept as it was written."""
    listing = (
        "SELECT c.table_name, c.column_name FROM information_schema.columns c JOIN information_schema.tables t "
        "USING (table_schema, table_name) WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE' ORDER BY 1, 2"
    )
    async with suite.connection(service) as connection:
        for table, column in (await connection.execute(text(listing))).all():
            if column in CLEAR_TEXT.get(service, {}).get(table, ()):
                continue
            rows = await connection.execute(text(f'SELECT "{column}"::text FROM "{table}" WHERE "{column}" IS NOT NULL'))
            yield f"{service}.{table}.{column}", "\n".join(row[0] for row in rows)


async def public_answers(client: httpx.AsyncClient, found: dict[str, Any], who: Mapping[str, str]) -> AsyncIterator[tuple[str, str]]:
    """What every route of intake answers to anyone (or with a token) without knowing more than ids: public projections and lists."""
    document = (await client.get("/api/openapi.json")).json()
    for path, verbs in document["paths"].items():
        if "get" not in verbs or not path.startswith("/api/intake/") or "/health" in path:
            continue
        filled = path.replace("{reception_id}", str(found["reception"])).replace("{mediation_id}", found["mediation"]["id"])
        filled = filled.replace("{petition_id}", found["petition"]["id"])
        # A suggestion is read as it was signed, by its signers and the offices it was handed to; what is public of it is masked.
        if "{" in filled or (who and filled.startswith("/api/intake/suggestions")):
            continue
        params = {"since": "2020-01-01", "until": "2100-01-01"} if "figures" in path or "by-place" in path else {}
        answer = await client.get(filled, params=params, headers=dict(who))
        yield f"GET {filled}: {answer.status_code}", answer.text
