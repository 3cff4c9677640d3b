"""Sign-ins in the audit: also those that fail, with the account they were meant for and nothing of what was typed."""

from __future__ import annotations

from sqlalchemy import text

from tests.directory.conftest import PASSWORD, Place


async def test_failed_sign_ins_are_audited_with_the_account_and_keep_nothing_of_the_password(place: Place) -> None:
    account = await place.account("zhang.wei")
    for name, password in (("zhang.wei", "wrong"), ("nobody.known", "wrong"), ("zhang.wei", PASSWORD)):
        await place.login(name, password)
    async with place.service.tx() as tx:
        found = await tx.execute(text("SELECT * FROM kit_audit_waiting WHERE action = 'POST /login' ORDER BY id"))
        rows = found.all()
    assert [(r.actor, r.object, r.outcome, r.body_hash) for r in rows] == [
        ("anyone", [account["id"]], "LoginRefused", None),
        ("anyone", [], "LoginRefused", None),
        ("anyone", [account["id"]], "done", None),
    ]
