"""Verbs on sign-ins: log in, refresh, log out, change the password."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast
from uuid import UUID

from sqlalchemy import func, select

from services.directory.accounts import passwords, rules
from services.directory.accounts.actions import named
from services.directory.errors import LoginRefused, OldPasswordWrong, PasswordTooWeak, SessionEnded
from services.directory.keys.actions import signing_key
from services.directory.models import Account, LoginDecoy, RefreshToken, Session
from services.directory.sessions.ending import end_sessions_of
from services.directory.settings import Settings
from services.directory.tokens import issue_token
from shared.audit import about
from shared.clock import now
from shared.db import Tx
from shared.errors import NotFound
from shared.events.base import new_id

DECOY_SLOTS = 64


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Tokens for an account; `expires_in` in seconds."""

    account: Account
    access_token: str
    refresh_token: str
    expires_in: int


async def log_in(tx: Tx, username: str, password: str) -> SignedIn:
    """Signs in. Raises LoginRefused: for an unknown name after the same work as for a wrong password.

    Wrong passwords count per account and lock it for a while, judged by the database's time.
    """
    name = rules.folded(username)
    found = await named(tx, name)
    tried = found.password_hash if found else None
    is_right = await passwords.matches(tried, password, tx.settings)
    if found is None:
        await _count_decoy(tx, name)
        raise LoginRefused()
    about(tx, found.id)
    row = await tx.get_one(Account, found.id, with_for_update=True, populate_existing=True)
    # whoever waited for the row behind other tries is judged by what they left
    is_right = is_right and row.password_hash == tried
    if not is_right or not row.active or await _is_locked(tx, row):
        await _count_failure(tx, row)
        raise LoginRefused()
    row.failures, row.locked_until = 0, None
    if passwords.is_outdated(row.password_hash, tx.settings):
        row.password_hash = await passwords.hashed(password, tx.settings)
    return await _open(tx, row)


async def refresh(tx: Tx, token: str) -> SignedIn:
    """New tokens for a refresh token, which is used up by it. Its second use ends the whole sign-in. Raises SessionEnded."""
    row = await tx.get(RefreshToken, _digest(token))
    if row is None:
        raise SessionEnded()
    session = await tx.get_one(Session, row.session_id, with_for_update=True)
    about(tx, session.account_id)
    await tx.refresh(row)
    at = now()
    if row.used_at is not None and session.revoked_at is None:
        session.revoked_at, session.revoked_for = at, "token_reused"
    if session.revoked_at is not None or session.ends_at <= at:
        raise SessionEnded()
    account = await tx.get_one(Account, session.account_id)
    if not account.active:
        raise SessionEnded()
    row.used_at = at
    return await _signed_in(tx, account, session)


async def log_out(tx: Tx, token: str) -> None:
    """Ends the sign-in of a refresh token; an unknown token changes nothing."""
    row = await tx.get(RefreshToken, _digest(token))
    if row is not None:
        session = await tx.get_one(Session, row.session_id, with_for_update=True)
        about(tx, session.account_id)
        if session.revoked_at is None:
            session.revoked_at, session.revoked_for = now(), "logged_out"


async def change_password(tx: Tx, account_id: UUID, old: str, new: str) -> SignedIn:
    """Changes the own password, ends every sign-in and opens a new one with full permissions.

    Raises OldPasswordWrong (which counts like a failed sign-in) or PasswordTooWeak.
    """
    settings: Settings = tx.settings
    row = await tx.get(Account, account_id, with_for_update=True)
    if row is None or not row.active:
        raise NotFound()
    if await _is_locked(tx, row) or not await passwords.matches(row.password_hash, old, settings):
        await _count_failure(tx, row)
        raise OldPasswordWrong(where="old_password")
    rules.check_password(new, row.username, settings.password_min_length)
    if new == old:
        raise PasswordTooWeak(where="new_password", needs=["changed"], min_length=settings.password_min_length)
    row.password_hash, row.must_change, row.failures = await passwords.hashed(new, settings), False, 0
    await end_sessions_of(tx, row.id, "password_changed")
    return await _open(tx, row)


async def _is_locked(tx: Tx, row: Account) -> bool:
    return row.locked_until is not None and row.locked_until > await _database_time(tx)


async def _count_failure(tx: Tx, row: Account) -> None:
    at = await _database_time(tx)
    if row.locked_until is not None and row.locked_until > at:
        await _count_decoy(tx, row.username)
        return
    settings: Settings = tx.settings
    row.failures, row.locked_until = rules.after_failure(row.failures, settings.lockout_failures, at, settings.lockout_minutes)


async def _count_decoy(tx: Tx, name: str) -> None:
    """Does what counting a failure costs (a row locked, the time asked for, the row written), so that the answer's delay tells nothing."""
    decoy = await tx.get(LoginDecoy, hashlib.sha256(name.encode()).digest()[0] % DECOY_SLOTS, with_for_update=True)
    await _database_time(tx)
    if decoy is not None:
        decoy.failures += 1


async def _database_time(tx: Tx) -> datetime:
    return cast(datetime, await tx.scalar(select(func.clock_timestamp())))


async def _open(tx: Tx, account: Account) -> SignedIn:
    at = now()
    session = Session(id=new_id(), account_id=account.id, started_at=at, ends_at=at + timedelta(days=tx.settings.session_days))
    tx.add(session)
    await tx.flush()
    return await _signed_in(tx, account, session)


async def _signed_in(tx: Tx, account: Account, session: Session) -> SignedIn:
    token = secrets.token_urlsafe(32)
    tx.add(RefreshToken(digest=_digest(token), session_id=session.id))
    kid, private = await signing_key(tx, "token")
    minutes: int = tx.settings.token_minutes
    access = issue_token(
        kid=kid,
        private_key=private,
        account_id=account.id,
        role=account.role,
        organisation=account.organisation,
        region=account.region,
        deputy_id=account.deputy_id,
        permissions=rules.permissions_of(account.role, account.must_change),
        issued_at=now(),
        minutes=minutes,
    )
    return SignedIn(account, access, token, minutes * 60)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
