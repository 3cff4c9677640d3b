"""Limits: generous for whoever shares an address, strict for whoever guesses."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import time_machine

from services.gateway.errors import TooManyRequests
from services.gateway.quotas import Asked, Quotas, Windows
from services.gateway.settings import LIMITS, LimitRule
from tests.gateway.conftest import Suite


def rule(rate: str, *per: str, **more: object) -> dict[str, object]:
    return {"name": "under_test", "per": list(per), "rate": rate, **more}


def count(quotas: Quotas, asked: Asked, body: bytes = b"") -> list[str]:
    """A request that has come through to its body."""
    return quotas.late(quotas.further(asked), asked, body)


async def test_an_address_over_its_limit_is_told_how_long_to_wait(suite: Suite) -> None:
    client = await suite.start(unmetered=[], limits=[rule("2/minute", "address")])
    assert [(await client.get("/api/intake/x")).status_code for _ in range(3)] == [200, 200, 429]
    answer = await client.get("/api/intake/x")
    assert 1 <= int(answer.headers["retry-after"]) <= 60
    assert answer.headers["ratelimit-limit"] == "2"
    assert answer.headers["ratelimit-remaining"] == "0"
    assert answer.headers["ratelimit-reset"] == answer.headers["retry-after"]
    assert answer.json()["code"] == "TooManyRequests"
    assert len(suite.intake.requests) == 2


async def test_each_client_behind_a_listed_proxy_has_a_limit_of_his_own(suite: Suite) -> None:
    client = await suite.start(unmetered=[], limits=[rule("1/minute", "address")], trusted_proxies=["127.0.0.1"])
    told = [
        (await client.get("/api/intake/x", headers={"X-Forwarded-For": a})).status_code
        for a in ("203.0.113.1", "203.0.113.2", "203.0.113.1")
    ]
    assert told == [200, 200, 429]


async def test_a_code_has_a_limit_of_its_own_for_all_who_use_it(suite: Suite) -> None:
    client = await suite.start(unmetered=[], limits=[rule("2/minute", "body:code", methods=["POST"], path="/api/intake/opinions")])
    told = [(await client.post("/api/intake/opinions", json={"code": c})).status_code for c in ("A", "A", "A", " a ", "B")]
    assert told == [200, 200, 429, 429, 200]
    assert (await client.post("/api/intake/opinions", content=b"{no json")).status_code == 200


async def test_an_encoded_path_is_under_the_limit_of_the_plain_one(suite: Suite) -> None:
    client = await suite.start(unmetered=[], limits=[rule("1/minute", "address", methods=["POST"], path="/api/intake/login")])
    assert (await client.post("/api/intake/login")).status_code == 200
    assert (await client.post("/api/intake/%6Cogin")).status_code == 429


async def test_only_failed_sign_ins_use_up_the_limit_of_a_name(suite: Suite) -> None:
    client = await suite.start(
        unmetered=[], limits=[rule("2/minute", "address", "body:username", path="/api/intake/login", failures_only=True)]
    )

    async def sign_in(username: str, status: int) -> int:
        suite.intake.answers["/login"] = (status, [], b"{}")
        return (await client.post("/api/intake/login", json={"username": username})).status_code

    assert [await sign_in("desk", 200) for _ in range(4)] == [200] * 4
    assert [await sign_in("desk", 401) for _ in range(3)] == [401, 401, 429]
    assert await sign_in(" DESK", 200) == 429
    assert await sign_in("other", 200) == 200
    assert await sign_in("desk", 503) == 429


async def test_a_service_that_is_away_costs_nobody_his_attempts(suite: Suite) -> None:
    client = await suite.start(unmetered=[], limits=[rule("1/minute", "address", path="/api/intake/login", failures_only=True)])
    suite.intake.answers["/login"] = (503, [], b"{}")
    assert [(await client.post("/api/intake/login", json={})).status_code for _ in range(3)] == [503] * 3


async def test_the_gateways_own_pages_are_under_the_limit_too(suite: Suite) -> None:
    client = await suite.start(unmetered=[], limits=[rule("1/minute", "address")])
    assert [(await client.get("/")).status_code for _ in range(2)] == [200, 429]


def test_a_window_ends_and_the_count_begins_anew() -> None:
    quotas = Quotas((LimitRule(name="a", per=("address",), rate="1/minute"),), 100)
    with time_machine.travel(1_700_000_000, tick=False) as clock:
        quotas.early(Asked("GET", "/", "1.2.3.4"))
        with pytest.raises(TooManyRequests) as refused:
            quotas.early(Asked("GET", "/", "1.2.3.4"))
        assert refused.value.headers["Retry-After"] == "60"
        clock.shift(61)
        quotas.early(Asked("GET", "/", "1.2.3.4"))


def test_a_limit_per_account_counts_accounts_not_addresses() -> None:
    quotas = Quotas((LimitRule(name="a", per=("account",), rate="1/minute"),), 100)

    def take(account: str, address: str = "1.1.1.1") -> None:
        count(quotas, Asked("GET", "/", address, account=account))

    take("account-1")
    take("account-2")
    for _ in range(5):
        take("")
    with pytest.raises(TooManyRequests):
        take("account-1", "2.2.2.2")


def test_the_memory_of_the_limits_is_bounded() -> None:
    windows = Windows(10)
    for number in range(1000):
        windows.incr(f"key{number}", 60)
    assert len(windows) == 10
    assert windows.get("key999") == 1
    assert windows.get("key0") == 0


def test_the_default_limits_let_a_village_through_and_stop_a_guesser() -> None:
    quotas, here = Quotas(LIMITS, 10_000), "203.0.113.9"
    for number in range(500):
        asked = Asked("POST", "/api/intake/opinions", here)
        quotas.early(asked)
        count(quotas, asked, b'{"code": "station-%d"}' % (number % 3))

    def attempts(number: int, asked: Asked, status: int, body: bytes = b"") -> None:
        for _ in range(number):
            quotas.settle(count(quotas, asked, body), status)

    with pytest.raises(TooManyRequests):
        attempts(11, Asked("POST", "/api/directory/login", here), 401, b'{"username": "desk"}')
    with pytest.raises(TooManyRequests):
        attempts(31, Asked("GET", "/api/intake/opinions/N1", here), 404)
    attempts(100, Asked("GET", "/api/intake/opinions/N2", here), 200)


def test_one_address_cannot_use_up_a_code_for_the_others() -> None:
    quotas = Quotas(LIMITS, 10_000)

    def submit(number: int, address: str) -> None:
        for _ in range(number):
            count(quotas, Asked("POST", "/api/intake/opinions", address), b'{"code": "A"}')

    with pytest.raises(TooManyRequests):
        submit(700, "203.0.113.9")
    submit(500, "203.0.113.10")


async def test_this_machine_itself_has_no_limit_on_volume_but_may_not_guess(suite: Suite) -> None:
    limits = [rule("1/minute", "address"), rule("1/minute", "address", path="/api/intake/login", failures_only=True)]
    client = await suite.start(limits=limits)
    assert [(await client.get("/api/intake/x")).status_code for _ in range(3)] == [200] * 3
    suite.intake.answers["/login"] = (401, [], b"{}")
    assert [(await client.post("/api/intake/login")).status_code for _ in range(2)] == [401, 429]


async def test_a_proxy_on_this_machine_that_nobody_listed_has_no_privilege(suite: Suite) -> None:
    client = await suite.start(limits=[rule("1/minute", "address")])
    told = [(await client.get("/api/intake/x", headers={"X-Forwarded-For": f"203.0.113.{n}"})).status_code for n in range(2)]
    assert told == [200, 429]


@pytest.mark.parametrize(
    "body",
    [
        '{"username": "desk"}'.encode("utf-16"),
        b'{"username": "desk", "more": NaN}',
        b'\xef\xbb\xbf{"username": "desk"}',
        b'{"username": "x", "username": "desk"}',
    ],
)
async def test_no_way_of_writing_json_escapes_the_limit_of_a_name(suite: Suite, body: bytes) -> None:
    limits = [rule("1/minute", "address", "body:username", path="/api/intake/login", failures_only=True)]
    client = await suite.start(limits=limits, body_cap=4 * 1024 * 1024)
    suite.intake.answers["/login"] = (401, [], b"{}")

    async def in_parts() -> AsyncIterator[bytes]:
        yield body

    assert (await client.post("/api/intake/login", json={"username": "desk"})).status_code == 401
    assert (await client.post("/api/intake/login", content=body)).status_code == 429
    assert (await client.post("/api/intake/login", content=in_parts())).status_code == 429
