"""Pure decisions of directory."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta

import pytest

from services.directory.accounts import passwords
from services.directory.accounts import rules as accounts
from services.directory.deputies import rules as deputies
from services.directory.errors import (
    DatesNotValid,
    DeputyNeeded,
    MandateStatusForbids,
    NotYourOwnAccount,
    OrganisationNeeded,
    PasswordTooWeak,
    RegionCodeNotValid,
    RoleIsGrantedBySecurity,
    StationStatusForbids,
)
from services.directory.keys import rules as keys
from services.directory.keys.rules import KeyState
from services.directory.places import rules as places

NOW = datetime(2026, 3, 1, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("code", "kind", "parent"),
    [
        ("320412", "district", None),
        ("320412", "district", ("320400", "city")),
        ("320400", "city", ("320000", "province")),
        ("320412102", "town", ("320412", "district")),
        ("320412102", "town", ("320412gxq", "zone")),
        ("320412102003", "community", ("320412102", "town")),
        ("320412102003", "community", ("320412gxq", "zone")),
        ("320412gxq", "zone", ("320412", "district")),
        ("320412102003g07", "grid", ("320412102003", "community")),
    ],
)
def test_a_code_that_fits_its_kind_and_lies_under_its_parent_is_taken(code: str, kind, parent) -> None:  # type: ignore[no-untyped-def]
    places.check_region(code, kind, parent, site="320412")


@pytest.mark.parametrize(
    ("code", "kind", "parent", "where"),
    [
        ("32041", "district", None, "code"),
        ("320412", "town", ("320412", "district"), "code"),
        ("020412102", "town", ("020412", "district"), "code"),
        ("320412GXQ", "zone", ("320412", "district"), "code"),
        ("320412102", "town", None, "parent"),
        ("320613102", "town", ("320412", "district"), "parent"),
        ("320412102003", "community", ("320412103", "town"), "parent"),
        ("320412102003007", "grid", ("320412102003", "community"), "code"),
        ("320412102003g07", "grid", ("320412102004", "community"), "parent"),
        ("320412102003g07", "grid", ("320412102", "town"), "parent"),
        ("320412102003", "community", ("320412", "district"), "parent"),
        ("320613gxq", "zone", ("320412", "district"), "parent"),
        ("320412", "district", ("320412102", "town"), "parent"),
    ],
)
def test_any_other_code_is_refused_with_the_part_that_is_wrong(code: str, kind, parent, where: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(RegionCodeNotValid) as refused:
        places.check_region(code, kind, parent, site="320412")
    assert refused.value.where == where


def test_a_closed_station_stays_closed_and_a_star_can_be_lost() -> None:
    places.check_station("upgraded", "open")
    places.check_station("closed", "closed")
    for wanted in ("open", "upgraded", "planned"):
        with pytest.raises(StationStatusForbids):
            places.check_station("closed", wanted)


def test_an_ended_mandate_is_over_and_a_suspended_one_can_resume() -> None:
    deputies.check_status("suspended", "active")
    deputies.check_status("suspended", "ended")
    for current, wanted in (("ended", "active"), ("ended", "suspended"), ("active", "active")):
        with pytest.raises(MandateStatusForbids):
            deputies.check_status(current, wanted)  # type: ignore[arg-type]


def test_a_mandate_ends_after_it_starts() -> None:
    deputies.check_dates(date(2022, 1, 5), None)
    with pytest.raises(DatesNotValid):
        deputies.check_dates(date(2022, 1, 5), date(2022, 1, 5))


def test_a_one_time_password_permits_nothing_but_its_change() -> None:
    assert accounts.permissions_of("sysadmin", True) == ("password.change",)
    assert "case.assign" in accounts.permissions_of("desk", False)


def test_the_three_administrators_share_no_right_to_change_anything() -> None:
    shared = {"inbox.read", "password.change"}
    rights = [set(accounts.permissions_of(role, False)) - shared for role in ("sysadmin", "secadmin", "auditor")]
    assert not rights[0] & rights[1]
    assert not rights[0] & rights[2]
    assert not rights[1] & rights[2]


def test_nobody_administers_the_own_account_and_only_security_an_administrators() -> None:
    me, other = uuid.uuid4(), uuid.uuid4()
    accounts.check_separation(me, False, other, "desk")
    accounts.check_separation(me, True, other, "sysadmin")
    with pytest.raises(NotYourOwnAccount):
        accounts.check_separation(me, True, me, "secadmin")
    for role in ("sysadmin", "secadmin", "auditor"):
        with pytest.raises(RoleIsGrantedBySecurity):
            accounts.check_separation(me, False, other, role)


def test_a_role_that_acts_for_somebody_says_for_whom() -> None:
    accounts.check_bindings("leader", None, None)
    with pytest.raises(OrganisationNeeded):
        accounts.check_bindings("department", None, None)
    with pytest.raises(DeputyNeeded):
        accounts.check_bindings("deputy", None, None)


@pytest.mark.parametrize(
    ("password", "needs"),
    [
        ("Ab1", ["length"]),
        ("abcdefghijkl", ["mixture"]),
        ("abcdefghij12", ["mixture"]),
        ("Zhang.Wei-2026", ["username"]),
        ("短密码", ["length", "mixture"]),
    ],
)
def test_a_weak_password_is_refused_with_what_it_needs(password: str, needs: list[str]) -> None:
    with pytest.raises(PasswordTooWeak) as refused:
        accounts.check_password(password, "zhang.wei", 10)
    assert refused.value.values["needs"] == needs


def test_a_one_time_password_satisfies_the_rules_and_is_another_each_time() -> None:
    made = {passwords.one_time() for _ in range(50)}
    assert len(made) == 50
    for password in made:
        accounts.check_password(password, "zhang.wei", 10)


def test_user_names_are_compared_without_case_and_width() -> None:
    assert accounts.folded(" ＺＨＡＮＧ.Wei ") == "zhang.wei"


def test_the_nth_wrong_password_locks_and_starts_the_count_anew() -> None:
    failures, until = 0, None
    for _ in range(4):
        failures, until = accounts.after_failure(failures, 5, NOW, 15)
        assert until is None
    assert accounts.after_failure(failures, 5, NOW, 15) == (0, NOW + timedelta(minutes=15))


def _key(kid: str, days_ago: float, *, use: keys.Use = "token", can_sign: bool = True, **more) -> KeyState:  # type: ignore[no-untyped-def]
    return KeyState(kid, use, NOW - timedelta(days=days_ago), more.get("not_after"), can_sign, more.get("withdrawn", False))


def test_a_new_key_is_published_at_once_and_signs_when_its_time_comes() -> None:
    old, new = _key("old", 30), _key("new", -0.001)
    assert keys.published([old, new], NOW) == ["new", "old"]
    assert keys.signer([old, new], "token", NOW) == "old"
    assert keys.signer([old, new], "token", NOW + timedelta(days=1)) == "new"


def test_an_old_key_is_believed_until_its_last_token_has_expired() -> None:
    until = keys.last_use(NOW, "token", 15, 60)
    assert until == NOW + timedelta(minutes=17)
    old, new = _key("old", 30, not_after=until), _key("new", 0)
    assert keys.published([old, new], NOW + timedelta(minutes=16)) == ["new", "old"]
    assert keys.published([old, new], NOW + timedelta(minutes=18)) == ["new"]
    assert keys.expired([old, new], NOW + timedelta(minutes=18)) == ["old"]


def test_printed_codes_outlive_the_key_that_signed_them() -> None:
    assert keys.last_use(NOW, "code", 15, 60) is None


def test_a_private_key_is_spent_once_a_newer_one_signs_and_not_before() -> None:
    old, new = _key("old", 30), _key("new", -0.001)
    assert keys.spent([old, new], NOW) == []
    assert keys.spent([old, new], NOW + timedelta(days=1)) == ["old"]


def test_a_withdrawn_key_neither_signs_nor_is_believed() -> None:
    gone = _key("gone", 1, withdrawn=True)
    assert keys.signer([gone], "token", NOW) is None
    assert keys.published([gone], NOW) == []
    assert keys.missing([gone, _key("c", 1, use="code")], NOW) == ["token"]


def test_only_token_keys_age() -> None:
    assert keys.aged([_key("t", 91), _key("c", 0, use="code")], NOW, 90)
    assert not keys.aged([_key("t", 89), _key("c", 4000, use="code")], NOW, 90)
