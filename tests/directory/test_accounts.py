"""Accounts, and that three administrators are three."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from services.directory.bootstrap import bootstrap
from services.directory.errors import PasswordTooWeak
from services.directory.models import Account
from tests import kit
from tests.directory.conftest import AUDITOR, PASSWORD, SECADMIN, SYSADMIN, Place, nobody
from tests.directory.test_sessions import bearer


async def test_opening_an_account_is_told_without_name_or_credential(place: Place) -> None:
    account = await place.account()
    assert (account["one_time_password"], account["active"], account["region"]) == (None, True, "320412")
    event = (await place.told("AccountChanged"))[-1]
    assert (str(event.account_id), event.role, event.organisation, event.active) == (account["id"], "desk", "housing", True)
    assert "zhang" not in event.model_dump_json()


async def test_a_user_name_is_taken_once_whatever_its_case(place: Place) -> None:
    await place.account("zhang.wei")
    again = await place.post("/accounts", {"username": "ZHANG.Wei", "role": "leader"}, SYSADMIN)
    assert (again.status_code, again.json()["code"]) == (409, "UsernameTaken")
    assert (await place.login("Zhang.WEI")).status_code == 200


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"role": "department"}, "OrganisationNeeded"),
        ({"role": "department", "organisation": "nowhere"}, "OrganisationUnknown"),
        ({"role": "deputy"}, "DeputyNeeded"),
        ({"role": "deputy", "deputy_id": nobody()}, "DeputyUnknown"),
        ({"role": "leader", "region": "999999"}, "RegionUnknown"),
        ({"role": "leader", "password": "short"}, "PasswordTooWeak"),
        ({"role": "king"}, "InvalidRequest"),
    ],
)
async def test_an_account_that_does_not_fit_is_refused_and_leaves_nothing(place: Place, body: dict[str, str], code: str) -> None:
    before = await place.service.rows()
    answer = await place.post("/accounts", {"username": "zhang.wei", **body}, SYSADMIN)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert await place.service.rows() == before


async def test_a_closed_organisation_gets_no_account(place: Place) -> None:
    await place.put("/organisations/housing", {"name": "局", "kind": "government", "region": "320412", "active": False}, 1)
    answer = await place.post("/accounts", {"username": "zhang.wei", "role": "department", "organisation": "housing"}, SYSADMIN)
    assert answer.json()["code"] == "OrganisationNotActive"


async def test_an_administrators_account_has_no_effect_until_security_grants_it(place: Place) -> None:
    opened = await place.account("second", "secadmin")
    assert (opened["active"], opened["awaits_grant"]) == (False, True)
    assert (await place.login("second")).status_code == 401
    by_system = await place.put(f"/accounts/{opened['id']}", {"active": True}, 1)
    assert (by_system.status_code, by_system.json()["code"]) == (403, "RoleIsGrantedBySecurity")
    by_change = await place.put(f"/accounts/{opened['id']}", {"active": True, "organisation": "housing"}, 1, SECADMIN)
    assert by_change.json()["active"] is False
    granted = await place.post(f"/accounts/{opened['id']}/role", {"role": "secadmin"}, SECADMIN, 1)
    assert (granted.json()["active"], granted.json()["awaits_grant"], granted.json()["version"]) == (True, False, 2)
    assert (await place.login("second")).status_code == 200
    assert [event.active for event in await place.told("AccountChanged")] == [False, True]


async def test_the_system_administrator_neither_grants_roles_nor_touches_administrators(place: Place) -> None:
    opened = await place.account("aud", "auditor")
    before = await place.service.rows()
    path = f"/accounts/{opened['id']}"
    assert (await place.post(f"{path}/role", {"role": "sysadmin"}, SYSADMIN, 1)).status_code == 403
    for answer in (await place.post(f"{path}/reset-password", None, SYSADMIN), await place.put(path, {"active": False}, 1)):
        assert (answer.status_code, answer.json()["code"]) == (403, "RoleIsGrantedBySecurity")
    assert await place.service.rows() == before


async def test_the_security_administrator_opens_no_account_and_changes_no_master_data(place: Place) -> None:
    assert (await place.post("/accounts", {"username": "x.y", "role": "leader"}, SECADMIN)).status_code == 403
    assert (await place.put("/regions/320412", {"name": "x", "kind": "district"}, 1, SECADMIN)).status_code == 403


async def test_the_auditor_reads_accounts_codes_and_keys_and_changes_nothing(place: Place) -> None:
    account = await place.account()
    for path in ("/accounts", f"/accounts/{account['id']}", "/codes", "/keys"):
        assert (await place.client.get(path, headers=AUDITOR)).status_code == 200
    before = await place.service.rows()
    for path in (f"/accounts/{account['id']}/reset-password", f"/accounts/{account['id']}/unlock", "/keys/rotate"):
        assert (await place.post(path, {"use": "token"}, AUDITOR)).status_code == 403
    assert await place.service.rows() == before


async def test_nobody_administers_the_own_account(place: Place) -> None:
    account = await place.account()
    me = kit.token("secadmin", account_id=account["id"])  # type: ignore[arg-type]
    for answer in (
        await place.post(f"/accounts/{account['id']}/role", {"role": "sysadmin"}, me, 1),
        await place.post(f"/accounts/{account['id']}/unlock", None, me),
        await place.post(f"/accounts/{account['id']}/reset-password", None, me),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "NotYourOwnAccount")


async def test_another_role_ends_the_sign_ins_and_the_next_one_has_it(place: Place) -> None:
    account = await place.account()
    token = (await place.login()).json()["refresh_token"]
    granted = await place.post(f"/accounts/{account['id']}/role", {"role": "leader"}, SECADMIN, 1)
    assert granted.json()["version"] == 2
    assert (await place.post("/refresh", {"refresh_token": token})).status_code == 401
    assert "case.assign" not in (await place.login()).json()["account"]["permissions"]


async def test_a_closed_account_signs_in_no_more_and_a_reopened_one_does(place: Place) -> None:
    account = await place.account()
    token = (await place.login()).json()["refresh_token"]
    body = {"organisation": "housing", "active": False}
    assert (await place.put(f"/accounts/{account['id']}", body, 9)).status_code == 409
    assert (await place.put(f"/accounts/{account['id']}", body, 1)).json()["active"] is False
    assert (await place.login()).status_code == 401
    assert (await place.post("/refresh", {"refresh_token": token})).status_code == 401
    assert (await place.put(f"/accounts/{account['id']}", {**body, "active": True}, 2)).json()["version"] == 3
    assert (await place.login()).status_code == 200


async def test_a_reset_password_ends_the_sign_ins_and_lifts_a_lock(place: Place) -> None:
    account = await place.account()
    signed_in = await place.login()
    for _ in range(5):
        await place.login(password="wrong")
    reset = await place.post(f"/accounts/{account['id']}/reset-password", None, SYSADMIN)
    one_time = reset.json()["one_time_password"]
    assert (await place.login()).status_code == 401
    assert (await place.post("/refresh", {"refresh_token": signed_in.json()["refresh_token"]})).status_code == 401
    assert (await place.login(password=one_time)).json()["account"]["permissions"] == ["password.change"]


async def test_a_one_time_password_is_stored_nowhere_in_clear(place: Place) -> None:
    headers = {**SYSADMIN, "Idempotency-Key": "open-account-1"}
    body = {"username": "li.na", "role": "leader"}
    opened = (await place.client.post("/accounts", json=body, headers=headers)).json()
    assert opened["one_time_password"] not in str(await place.service.rows())
    again = await place.client.post("/accounts", json=body, headers=headers)
    assert again.status_code == 409


async def test_accounts_of_other_towns_are_neither_listed_nor_found(place: Place) -> None:
    account = await place.account("town", "leader", organisation=None, region="320412100")
    other = kit.token("sysadmin", region="320412102")
    assert (await place.client.get("/accounts", headers=other)).json()["items"] == []
    assert (await place.client.get(f"/accounts/{account['id']}", headers=other)).status_code == 404
    assert (await place.post(f"/accounts/{account['id']}/reset-password", None, other)).status_code == 404
    assert len((await place.client.get("/accounts?role=leader", headers=SYSADMIN)).json()["items"]) == 1


async def test_no_answer_shows_a_hash_or_a_session(place: Place) -> None:
    account = await place.account()
    signed_in = await place.login()
    for answer in (
        await place.client.get("/accounts", headers=SYSADMIN),
        await place.client.get(f"/accounts/{account['id']}", headers=SECADMIN),
        await place.client.get("/me", headers=bearer(signed_in)),
    ):
        assert "argon2" not in answer.text
        assert PASSWORD not in answer.text


async def test_the_first_administrators_are_opened_once_and_can_sign_in(empty: Place) -> None:
    url, settings = empty.service.database.settings.database_url, empty.service.database.settings
    with pytest.raises(PasswordTooWeak):
        await bootstrap(url, "root", "weak", secadmin="guard", secadmin_password=PASSWORD, settings=settings)
    assert await bootstrap(url, "root", PASSWORD, secadmin="guard", secadmin_password=PASSWORD, settings=settings)
    assert not await bootstrap(url, "root2", PASSWORD, secadmin="guard2", secadmin_password=PASSWORD, settings=settings)
    async with empty.service.tx() as tx:
        assert (await tx.scalars(select(Account.username).order_by(Account.username))).all() == ["guard", "root"]
    assert (await empty.login("root")).json()["account"]["role"] == "sysadmin"
    assert len(await empty.told("AccountChanged")) == 2
    token = bearer(await empty.login("root"))
    assert (await empty.put("/regions/320412", {"name": "武进区", "kind": "district"}, 0, token)).status_code == 200
