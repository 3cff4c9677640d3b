"""Signing in, staying signed in, and what a stranger can learn by trying."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from unittest.mock import patch

from sqlalchemy import func, select, update

from services.directory.accounts import passwords
from services.directory.clock import old_sessions
from services.directory.models import Account, LoginDecoy, RefreshToken, Session
from shared.clock import now
from tests import kit
from tests.directory.conftest import PASSWORD, SECADMIN, SYSADMIN, Place


def bearer(answer) -> dict[str, str]:  # type: ignore[no-untyped-def]
    return {"Authorization": "Bearer " + answer.json()["access_token"]}


async def test_a_login_gives_a_token_that_opens_the_doors_of_its_role(place: Place) -> None:
    await place.account(role="deputy", organisation=None, deputy_id=place.deputy["id"])
    answer = await place.login()
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    body = answer.json()
    assert body["expires_in"] == 900
    assert body["account"]["name"] == "陈若溪"
    me = (await place.client.get("/me", headers=bearer(answer))).json()
    assert (me["role"], me["region"], me["deputy_id"]) == ("deputy", "320412100", place.deputy["id"])
    assert "act.log" in me["permissions"]
    assert (await place.client.get("/accounts", headers=bearer(answer))).status_code == 403


async def test_the_token_says_ids_and_permissions_and_no_name(place: Place) -> None:
    account = await place.account()
    verified = kit_claims((await place.login()).json()["access_token"])
    assert verified["sub"] == account["id"]
    assert {"iss", "aud", "exp", "iat", "jti", "role", "organisation", "region", "deputy_id", "permissions", "sub"} == set(verified)
    assert (verified["iss"], verified["aud"], verified["exp"] - verified["iat"]) == ("lianxin", "lianxin", 900)


def kit_claims(token: str) -> dict[str, object]:
    import json

    from joserfc import jws

    return dict(json.loads(jws.extract_compact(token.encode()).payload))


async def test_unknown_wrong_locked_closed_and_awaiting_answer_alike(place: Place) -> None:
    await place.account("closed")
    closed = (await place.client.get("/accounts", headers=SYSADMIN)).json()["items"][0]
    await place.put(f"/accounts/{closed['id']}", {"organisation": "housing", "active": False}, 1)
    await place.account("awaiting", "auditor")
    await place.account("locked")
    async with place.service.tx() as tx:
        await tx.execute(update(Account).where(Account.username == "locked").values(locked_until=now() + timedelta(hours=1)))
    await place.account("known")
    answers = [
        await place.login("unknown"),
        await place.login("known", "wrong"),
        await place.login("locked"),
        await place.login("closed"),
        await place.login("awaiting"),
    ]
    bodies = [{key: value for key, value in answer.json().items() if key != "request_id"} for answer in answers]
    assert {answer.status_code for answer in answers} == {401}
    assert all(body == bodies[0] for body in bodies)
    assert [sorted(answer.headers) for answer in answers] == [sorted(answers[0].headers)] * 5


async def test_an_unknown_name_costs_the_same_work_as_a_wrong_password(place: Place) -> None:
    await place.account("known")
    done: list[tuple[bool, int]] = []
    original = passwords._hasher

    class Counting:
        def __init__(self, hasher) -> None:  # type: ignore[no-untyped-def]
            self.hasher = hasher

        def verify(self, password_hash: str, password: str) -> bool:
            done.append((password_hash.split("$")[3] == self.hasher.hash("x").split("$")[3], len(password)))
            return bool(self.hasher.verify(password_hash, password))

    with patch.object(passwords, "_hasher", lambda *costs: (Counting(original(*costs)[0]), original(*costs)[1])):
        await place.login("known", "wrong-password")
        await place.login("unknown", "wrong-password")
    assert done == [(True, 14)] * 2
    async with place.service.tx() as tx:
        assert await tx.scalar(select(func.sum(LoginDecoy.failures))) == 1
        assert await tx.scalar(select(Account.failures)) == 1


async def test_a_locked_account_costs_the_same_writes_too(place: Place) -> None:
    await place.account("locked")
    for _ in range(6):
        await place.login("locked", "wrong-password")
    async with place.service.tx() as tx:
        assert await tx.scalar(select(func.sum(LoginDecoy.failures))) == 1
        assert await tx.scalar(select(Account.failures)) == 0


async def test_a_failed_login_adds_no_row(place: Place) -> None:
    await place.account()
    before = {table: len(rows) for table, rows in (await place.service.rows()).items()}
    await place.login(password="wrong")
    await place.login("unknown")
    assert {table: len(rows) for table, rows in (await place.service.rows()).items()} == before


async def test_five_wrong_passwords_lock_and_the_right_one_is_refused_until_the_time_is_up(place: Place) -> None:
    account = await place.account()
    for _ in range(5):
        assert (await place.login(password="wrong")).status_code == 401
    assert (await place.login()).status_code == 401
    assert (await place.client.get(f"/accounts/{account['id']}", headers=SYSADMIN)).json()["locked"] is True
    async with place.service.tx() as tx:
        await tx.execute(update(Account).values(locked_until=func.clock_timestamp() - timedelta(seconds=1)))
    assert (await place.login()).status_code == 200


async def test_a_success_starts_the_count_anew(place: Place) -> None:
    await place.account()
    for _ in range(3):
        for _ in range(4):
            await place.login(password="wrong")
        assert (await place.login()).status_code == 200


async def test_guesses_that_come_at_once_are_all_counted(place: Place) -> None:
    await place.account()
    await asyncio.gather(*(place.login(password=f"wrong-{number}") for number in range(8)))
    assert (await place.login()).status_code == 401


async def test_the_security_administrator_unlocks(place: Place) -> None:
    account = await place.account()
    for _ in range(5):
        await place.login(password="wrong")
    assert (await place.post(f"/accounts/{account['id']}/unlock", None, SYSADMIN)).status_code == 403
    assert (await place.post(f"/accounts/{account['id']}/unlock", None, SECADMIN)).json()["locked"] is False
    assert (await place.login()).status_code == 200


async def test_a_refresh_token_works_once_and_its_return_ends_the_sign_in(place: Place) -> None:
    await place.account()
    first = (await place.login()).json()["refresh_token"]
    second = await place.post("/refresh", {"refresh_token": first})
    assert second.status_code == 200
    assert (await place.client.get("/me", headers=bearer(second))).status_code == 200
    stolen = await place.post("/refresh", {"refresh_token": first})
    assert (stolen.status_code, stolen.json()["code"]) == (401, "SessionEnded")
    assert (await place.post("/refresh", {"refresh_token": second.json()["refresh_token"]})).status_code == 401
    async with place.service.tx() as tx:
        assert await tx.scalar(select(Session.revoked_for)) == "token_reused"


async def test_of_two_refreshes_at_once_one_wins_and_the_family_ends(place: Place) -> None:
    await place.account()
    token = (await place.login()).json()["refresh_token"]
    answers = await asyncio.gather(*(place.post("/refresh", {"refresh_token": token}) for _ in range(2)))
    assert sorted(answer.status_code for answer in answers) == [200, 401]
    winner = next(answer for answer in answers if answer.status_code == 200).json()
    assert (await place.post("/refresh", {"refresh_token": winner["refresh_token"]})).status_code == 401


async def test_another_sign_in_of_the_account_lives_on(place: Place) -> None:
    await place.account()
    stolen, other = (await place.login()).json()["refresh_token"], (await place.login()).json()["refresh_token"]
    for _ in range(2):
        await place.post("/refresh", {"refresh_token": stolen})
    assert (await place.post("/refresh", {"refresh_token": other})).status_code == 200


async def test_logging_out_ends_the_sign_in_and_may_be_repeated(place: Place) -> None:
    await place.account()
    token = (await place.login()).json()["refresh_token"]
    for _ in range(2):
        assert (await place.post("/logout", {"refresh_token": token})).status_code == 204
    assert (await place.post("/logout", {"refresh_token": "unknown"})).status_code == 204
    assert (await place.post("/refresh", {"refresh_token": token})).status_code == 401


async def test_a_sign_in_ends_with_its_time_and_is_forgotten_later(place: Place) -> None:
    await place.account()
    token = (await place.login()).json()["refresh_token"]
    async with place.service.tx() as tx:
        await tx.execute(update(Session).values(ends_at=now() - timedelta(seconds=1)))
    assert (await place.post("/refresh", {"refresh_token": token})).status_code == 401
    async with place.service.tx() as tx:
        assert await old_sessions(tx) == 0
        await tx.execute(update(Session).values(ends_at=now() - timedelta(days=31)))
        assert await old_sessions(tx) == 1
        assert await tx.scalar(select(func.count()).select_from(RefreshToken)) == 0


async def test_no_refresh_token_stands_in_the_database(place: Place) -> None:
    await place.account()
    token = (await place.login()).json()["refresh_token"]
    assert token not in str(await place.service.rows())


async def test_a_one_time_password_opens_only_the_door_to_change_it(place: Place) -> None:
    opened = await place.account(password=None, must_change=True)
    first = await place.login(password=opened["one_time_password"])
    assert first.status_code == 200
    assert first.json()["account"]["must_change"] is True
    assert first.json()["account"]["permissions"] == ["password.change"]
    weak = await place.post("/password", {"old_password": opened["one_time_password"], "new_password": "short"}, bearer(first))
    assert (weak.status_code, weak.json()["needs"]) == (422, ["length", "mixture"])
    body = {"old_password": opened["one_time_password"], "new_password": PASSWORD}
    changed = await place.post("/password", body, bearer(first))
    assert changed.status_code == 200
    assert "case.assign" in changed.json()["account"]["permissions"]
    assert (await place.post("/refresh", {"refresh_token": first.json()["refresh_token"]})).status_code == 401
    assert (await place.login(password=opened["one_time_password"])).status_code == 401
    assert (await place.login()).json()["account"]["must_change"] is False


async def test_a_refresh_does_not_lift_the_duty_to_change(place: Place) -> None:
    opened = await place.account(password=None)
    first = await place.login(password=opened["one_time_password"])
    second = await place.post("/refresh", {"refresh_token": first.json()["refresh_token"]})
    assert second.json()["account"]["permissions"] == ["password.change"]


async def test_wrong_old_passwords_count_towards_the_lock(place: Place) -> None:
    await place.account()
    signed_in = bearer(await place.login())
    for _ in range(5):
        answer = await place.post("/password", {"old_password": "wrong", "new_password": "Another-one-8"}, signed_in)
        assert (answer.status_code, answer.json()["code"]) == (403, "OldPasswordWrong")
    answer = await place.post("/password", {"old_password": PASSWORD, "new_password": "Another-one-8"}, signed_in)
    assert answer.status_code == 403
    assert (await place.login()).status_code == 401


async def test_the_same_password_is_no_change(place: Place) -> None:
    await place.account()
    answer = await place.post("/password", {"old_password": PASSWORD, "new_password": PASSWORD}, bearer(await place.login()))
    assert (answer.status_code, answer.json()["needs"]) == (422, ["changed"])


async def test_a_hash_of_old_parameters_is_renewed_at_the_next_login(place: Place) -> None:
    await place.account()
    from argon2 import PasswordHasher

    old = PasswordHasher(time_cost=2, memory_cost=32, parallelism=1).hash(PASSWORD)
    async with place.service.tx() as tx:
        await tx.execute(update(Account).values(password_hash=old))
    assert (await place.login()).status_code == 200
    async with place.service.tx() as tx:
        assert "m=64,t=1" in str(await tx.scalar(select(Account.password_hash)))
    assert (await place.login()).status_code == 200


async def test_login_takes_malformed_and_oversized_input_as_a_fault_of_the_sender(place: Place) -> None:
    before = await place.service.rows()
    for body in (
        {"username": "x"},
        {"username": "x", "password": "y", "more": 1},
        {"username": "x" * 65, "password": "y"},
        {"username": "a\u0000b", "password": "y"},
    ):
        answer = await place.post("/login", body)
        assert answer.status_code in (401, 422), answer.text
        assert "y" * 3 not in answer.text
    assert (await place.client.post("/login", content=b"{", headers={"content-type": "application/json"})).status_code == 400
    assert await place.service.rows() == before


async def test_a_token_of_another_key_is_refused(place: Place) -> None:
    assert (await place.client.get("/me", headers=kit.token("desk", kid="unknown"))).status_code == 401
