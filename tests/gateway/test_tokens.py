"""Tokens at the door, with keys from a real JetStream."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import nats
import pytest
from nats.aio.client import Client

from deploy.local.servers import LocalServers
from services.gateway.settings import Settings
from services.gateway.tokens import PublishedKeys, Tokens
from shared.bus import Bus
from shared.codec import headers_of
from shared.errors import TokenNotValid
from shared.events.directory import SigningKey, SigningKeysPublished
from tests import kit
from tests.gateway.conftest import Suite

Eventually = Callable[..., Awaitable[Any]]
GOOD = kit.TOKEN_KID


def key_set(set_no: int, *kids: str) -> SigningKeysPublished:
    keys = tuple(SigningKey(kid=kid, use="token", public=kit._raw_public(), not_after=None) for kid in kids)
    return SigningKeysPublished(site=kit.SITE, set_no=set_no, keys=keys)


async def publish(client: Client, event: SigningKeysPublished) -> None:
    subject = SigningKeysPublished.subject(kit.SITE)
    await client.jetstream().publish(subject, event.model_dump_json().encode(), headers=headers_of(event, None))


@pytest.fixture
async def bus(servers: LocalServers, suite: Suite) -> Any:
    """A connection with directory's credentials; and the settings of a gateway on the same server."""
    async with AsyncExitStack() as stack:
        client = await nats.connect(servers.nats_url, nkeys_seed_str=servers.nats_seed("directory"), inbox_prefix=b"_INBOX.directory")
        stack.push_async_callback(client.close)
        yield client, {"nats_url": servers.nats_url, "nats_seed": servers.nats_seed("gateway"), "site": kit.SITE}


async def test_keys_said_before_the_start_are_read_and_later_ones_are_heard(bus: Any, suite: Suite, eventually: Eventually) -> None:
    directory, options = bus
    number = int(uuid.uuid4()) % 10**12 + 10**12  # the stream outlives a test, and older sets are ignored
    await publish(directory, key_set(number, "other", GOOD))
    client = await suite.start(**options)

    async def knows(kid: str) -> bool:
        forged = kit.token(kid=kid)["Authorization"][:-6] + "AAAAAA"
        return (await client.get("/api/intake/cases", headers={"Authorization": forged})).status_code == 401

    await eventually(lambda: knows(GOOD))
    assert (await client.get("/api/intake/cases", headers=kit.token())).status_code == 200
    rotated = kit.token(kid="rotated")
    assert (await client.get("/api/intake/cases", headers=rotated)).status_code == 401
    await publish(directory, key_set(number + 1, "rotated"))

    async def accepted() -> bool:
        return (await client.get("/api/intake/cases", headers=rotated)).status_code == 200

    await eventually(accepted)
    assert (await client.get("/api/intake/cases", headers=kit.token())).status_code == 401


async def known(*kids: str) -> PublishedKeys:
    """Keys as if a set had just been heard."""
    settings = Settings(nats_url="nats://127.0.0.1:1", site=kit.SITE)
    keys = PublishedKeys(Bus("gateway", settings), settings)
    if kids:
        event = key_set(1, *kids)
        message = type("Message", (), {"headers": headers_of(event, None), "data": event.model_dump_json().encode()})
        keys.learn(message)  # type: ignore[arg-type]
    return keys


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer ",
        "Basic dXNlcjpwYXNz",
        "Bearer a.b.c",
        "Bearer " + "x" * 500,
        "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.",
        "Bearer é",
        kit.token(expires_in=-60)["Authorization"],
        kit.token(iss="elsewhere")["Authorization"],
        kit.token(aud="elsewhere")["Authorization"],
        kit.token()["Authorization"][:-6] + "AAAAAA",
        kit.token(sub="no uuid")["Authorization"],
        kit.token(role="desk", permissions=[], exp=None)["Authorization"],
    ],
)
async def test_a_token_that_does_not_hold_is_refused(header: str) -> None:
    tokens = Tokens(await known(GOOD), 10)
    with pytest.raises(TokenNotValid):
        await tokens.account_of(header.encode("latin-1"))


async def test_a_token_that_holds_names_its_account_and_is_verified_once(monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = Tokens(await known(GOOD), 2)
    account = uuid.uuid4()
    header = kit.token(account_id=account)["Authorization"].encode()
    assert await tokens.account_of(header) == str(account)

    async def fails(*_: Any) -> None:
        raise AssertionError("verified again")

    monkeypatch.setattr("services.gateway.tokens.verify", fails)
    assert await tokens.account_of(header) == str(account)


async def test_a_remembered_token_still_expires(monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = Tokens(await known(GOOD), 10)
    header = kit.token(expires_in=60)["Authorization"].encode()
    await tokens.account_of(header)
    import time

    later = time.time() + 70
    monkeypatch.setattr("services.gateway.tokens.time.time", lambda: later)
    with pytest.raises(TokenNotValid):
        await tokens.account_of(header)


async def test_remembered_tokens_are_bounded() -> None:
    tokens = Tokens(await known(GOOD), 3)
    for _ in range(10):
        await tokens.account_of(kit.token(account_id=uuid.uuid4())["Authorization"].encode())
    assert len(tokens._verified) == 3


async def test_a_new_set_of_keys_makes_every_token_prove_itself_again() -> None:
    keys = await known(GOOD)
    tokens = Tokens(keys, 10)
    header = kit.token()["Authorization"].encode()
    await tokens.account_of(header)
    event = key_set(2, "new")
    keys.learn(type("Message", (), {"headers": headers_of(event, None), "data": event.model_dump_json().encode()}))  # type: ignore[arg-type]
    keys._asked_at = float("inf")  # and the stream has just been asked
    with pytest.raises(TokenNotValid):
        await tokens.account_of(header)


async def test_an_older_set_and_a_broken_message_change_nothing() -> None:
    keys = await known(GOOD)
    for data in (b"{", b'{"set_no": 9}', key_set(0, "old").model_dump_json().encode()):
        keys.learn(type("Message", (), {"headers": headers_of(key_set(9), None), "data": data}))  # type: ignore[arg-type]
    assert keys.set_no == 1
    assert await keys.find(GOOD) is not None


async def test_while_no_keys_are_known_the_services_decide(suite: Suite) -> None:
    client = await suite.start()
    assert (await client.get("/api/intake/cases", headers={"Authorization": "Bearer whatever"})).status_code == 200
    assert suite.intake.header("authorization") == ["Bearer whatever"]
    assert (await client.get("/api/intake/cases", headers={"Authorization": "Basic abc"})).status_code == 401


async def test_a_refused_token_is_a_401_that_says_so(suite: Suite) -> None:
    client = await suite.start()
    answer = await client.get("/api/intake/cases", headers={"Authorization": "Basic abc"})
    assert answer.json()["code"] == "TokenNotValid"
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert suite.intake.requests == []


async def test_an_unknown_key_while_the_bus_is_away_is_left_to_the_services() -> None:
    tokens = Tokens(await known("other"), 10)
    assert len(await tokens.account_of(kit.token()["Authorization"].encode())) == 64
