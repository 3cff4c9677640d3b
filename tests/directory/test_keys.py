"""Signing keys: made once, told whole, overlapping, withdrawn at once."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from joserfc import jws
from sqlalchemy import func, select, text, update

from services.directory.clock import signing_keys
from services.directory.keys.actions import signing_key
from services.directory.models import IssuingKey, KeySet
from services.directory.settings import Settings
from shared.clock import now
from tests import kit
from tests.directory.conftest import CHEAP, SECADMIN, SYSADMIN, Place
from tests.directory.test_sessions import bearer

Build = Callable[..., Awaitable[kit.Running]]


def kid_of(answer) -> str:  # type: ignore[no-untyped-def]
    return str(jws.extract_compact(answer.json()["access_token"].encode()).headers()["kid"])


async def test_replicas_that_start_together_make_one_key_of_each_use(running: Build) -> None:
    service = await running("directory", **CHEAP)

    async def sweep() -> int:
        async with service.tx() as tx:
            return await signing_keys(tx)

    assert sorted(await asyncio.gather(*(sweep() for _ in range(5)))) == [0, 0, 0, 0, 2]
    told = await service.outbox()
    assert len(told) == 1
    assert sorted(key.use for key in told[0].keys) == ["code", "token"]  # type: ignore[attr-defined]
    assert told[0].set_no == 1  # type: ignore[attr-defined]


async def test_the_private_keys_are_sealed_and_open_with_the_master_key_only(running: Build) -> None:
    service = await running("directory", **CHEAP)
    async with service.tx() as tx:
        kid, private = await signing_key(tx, "token")
        sealed = (await tx.get_one(IssuingKey, kid)).sealed
    assert len(private) == 32
    assert private not in (sealed or b"")
    other = await running("directory", master_key=base64.b64encode(bytes(32)).decode(), **CHEAP)
    async with service.tx() as tx:
        await signing_key(tx, "token")
    async with other.tx() as tx:
        with pytest.raises(Exception):  # noqa: B017, PT011
            await signing_key(tx, "token")


async def test_no_event_and_no_answer_carries_a_private_key(place: Place) -> None:
    rotated = await place.post("/keys/rotate", {"use": "token"}, SECADMIN)
    assert rotated.status_code == 201
    assert set(rotated.json()) == {"kid", "use", "signs_from", "not_after", "withdrawn", "can_sign"}
    event = (await place.told("SigningKeysPublished"))[-1]
    assert {len(base64.urlsafe_b64decode(key.public + "==")) for key in event.keys} == {32}
    assert set(json.loads(event.model_dump_json())["keys"][0]) == {"kid", "use", "public", "not_after"}


async def test_a_new_key_is_known_before_it_signs_and_old_tokens_live_on(place: Place, eventually: Callable[..., Awaitable[bool]]) -> None:
    await place.account()
    old = await place.login()
    new = (await place.post("/keys/rotate", {"use": "token"}, SECADMIN)).json()
    event = (await place.told("SigningKeysPublished"))[-1]
    assert new["kid"] in {key.kid for key in event.keys}
    assert kid_of(await place.login()) == kid_of(old) != new["kid"]
    async with place.service.tx() as tx:
        await tx.execute(update(IssuingKey).where(IssuingKey.kid == new["kid"]).values(signs_from=now() - timedelta(seconds=1)))
    later = await place.login()
    assert kid_of(later) == new["kid"]
    for answer in (old, later):

        async def is_believed(answer: object = answer) -> bool:
            return (await place.client.get("/me", headers=bearer(answer))).status_code == 200

        await eventually(is_believed, what="a service that looks for unknown keys once a second finds the new one")
    outgoing = next(key for key in event.keys if key.kid == kid_of(old))
    assert outgoing.not_after > now() + timedelta(minutes=15)


async def test_the_sweep_destroys_what_signs_no_more_and_ends_what_has_expired(place: Place) -> None:
    await place.post("/keys/rotate", {"use": "token"}, SECADMIN)
    async with place.service.tx() as tx:
        assert await signing_keys(tx) == 0
        await tx.execute(update(IssuingKey).where(IssuingKey.kid != kit.TOKEN_KID).values(signs_from=now() - timedelta(seconds=1)))
        assert await signing_keys(tx) == 1
        assert await tx.scalar(select(IssuingKey.sealed).where(IssuingKey.kid == kit.TOKEN_KID)) is None
        await tx.execute(update(IssuingKey).where(IssuingKey.kid == kit.TOKEN_KID).values(not_after=now() - timedelta(seconds=1)))
        tx.expire_all()
        assert await signing_keys(tx) == 1
    event = (await place.told("SigningKeysPublished"))[-1]
    assert kit.TOKEN_KID not in {key.kid for key in event.keys}
    async with place.service.tx() as tx:
        assert await signing_keys(tx) == 0


async def test_a_token_key_is_replaced_by_age_once(place: Place) -> None:
    async with place.service.tx() as tx:
        await tx.execute(update(IssuingKey).values(signs_from=now() - timedelta(days=91)))
    async with place.service.tx() as tx:
        assert await signing_keys(tx) == 1
    async with place.service.tx() as tx:
        assert await signing_keys(tx) == 0
        assert await tx.scalar(select(func.count()).select_from(IssuingKey)) == 3
        assert await tx.scalar(select(func.max(KeySet.set_no))) == 1


async def test_codes_signed_before_a_rotation_still_work(place: Place) -> None:
    before = await place.code()
    await place.post("/keys/rotate", {"use": "code"}, SECADMIN)
    async with place.service.tx() as tx:
        await tx.execute(update(IssuingKey).values(signs_from=now() - timedelta(seconds=1)))
    after = await place.code()
    for issued in (before, after):
        assert (await place.client.get(f"/codes/{issued['code']}")).status_code == 200


async def test_a_withdrawn_key_is_believed_no_more_and_another_signs_at_once(place: Place) -> None:
    issued = await place.code()
    assert (await place.post(f"/keys/{kit.CODE_KID}/withdraw", None, SYSADMIN)).status_code == 403
    assert (await place.post(f"/keys/{kit.CODE_KID}/withdraw", None, SECADMIN)).status_code == 204
    assert (await place.client.get(f"/codes/{issued['code']}")).status_code == 404
    assert (await place.client.get(f"/codes/{(await place.code())['code']}")).status_code == 200
    again = await place.post(f"/keys/{kit.CODE_KID}/withdraw", None, SECADMIN)
    assert (again.status_code, again.json()["code"]) == (404, "KeyUnknown")
    told = await place.told("SigningKeysPublished")
    assert [key.kid for key in told[-1].keys if key.use == "code"] != [kit.CODE_KID]


async def test_directory_knows_its_own_new_key_while_the_bus_is_away(running: Build) -> None:
    service = await running("directory", **CHEAP)
    async with service.tx() as tx:
        kid, _ = await signing_key(tx, "token")
    async with service.tx() as tx:
        known = (await tx.execute(text("SELECT kid FROM kit_key WHERE use = 'token'"))).scalars().all()
    assert known == [kid]


def test_a_master_key_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Settings(master_key=base64.b64encode(bytes(16)).decode())
    assert "AAAA" not in repr(Settings(master_key=base64.b64encode(bytes(32)).decode()))
