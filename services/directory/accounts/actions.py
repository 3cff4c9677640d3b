"""Verbs on accounts. Opening and closing is the system administrator's, roles are the security administrator's (三权分立)."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from services.directory.accounts import passwords, rules
from services.directory.accounts.rules import Role
from services.directory.errors import UsernameTaken
from services.directory.locks import alone
from services.directory.models import Account
from services.directory.scope import check_inside, deputy_of, organisation_of, region_of
from services.directory.sessions.ending import end_sessions_of
from shared.clock import now
from shared.db import Tx
from shared.errors import NotFound
from shared.events.base import new_id
from shared.events.directory import AccountChanged
from shared.http import check_version
from shared.identity import Caller
from shared.outbox import emit


@dataclass(frozen=True, slots=True)
class Bindings:
    """For whom an account acts and how far it sees. Without a region: that of the deputy, the organisation, or the site."""

    organisation: str | None
    region: str | None
    deputy_id: UUID | None


@dataclass(frozen=True, slots=True)
class Opened:
    """A new account, and its one-time password if none was given."""

    account: Account
    one_time_password: str | None


async def open_account(
    tx: Tx, username: str, role: Role, bindings: Bindings, *, password: str | None, must_change: bool, caller: Caller
) -> Opened:
    """Opens an account. An administrator's has no effect until `grant_role` by a security administrator.

    Without a password a one-time password is made, which must be changed.
    Raises UsernameTaken, PasswordTooWeak, OrganisationNeeded, DeputyNeeded or what resolving the bindings raises.
    """
    name = rules.folded(username)
    if password is not None:
        rules.check_password(password, name, tx.settings.password_min_length)
    one_time = passwords.one_time() if password is None else None
    password_hash = await passwords.hashed(password or str(one_time), tx.settings)
    await alone(tx, "accounts")
    if await named(tx, name) is not None:
        raise UsernameTaken(where="username")
    rules.check_bindings(role, bindings.organisation, bindings.deputy_id)
    region = await _region(tx, bindings, caller)
    awaits_grant = role in rules.ADMINISTRATORS
    row = Account(
        id=new_id(),
        username=name,
        password_hash=password_hash,
        must_change=must_change or password is None,
        role=role,
        organisation=bindings.organisation,
        region=region,
        deputy_id=bindings.deputy_id,
        active=not awaits_grant,
        awaits_grant=awaits_grant,
        failures=0,
        created_at=now(),
        version_no=1,
    )
    tx.add(row)
    await tx.flush()
    tell(tx, row)
    return Opened(row, one_time)


async def change(tx: Tx, account_id: UUID, bindings: Bindings, *, active: bool, caller: Caller, version: int | None) -> Account:
    """Changes for whom an account acts, opens or closes it; every sign-in of it ends.

    An account that awaits its grant stays closed. Raises NotFound, StaleVersion, NotYourOwnAccount, RoleIsGrantedBySecurity or what
    resolving the bindings raises.
    """
    row = await _locked(tx, account_id, caller)
    if version is not None:
        check_version(row.version_no, version)
    rules.check_bindings(row.role, bindings.organisation, bindings.deputy_id)
    region = await _region(tx, bindings, caller)
    active = active and not row.awaits_grant
    new = (bindings.organisation, region, bindings.deputy_id, active)
    if new != (row.organisation, row.region, row.deputy_id, row.active):
        rules.check_separation(caller.account_id, caller.may("account.role"), row.id, row.role)
        row.organisation, row.region, row.deputy_id, row.active = new
        await _changed(tx, row)
    return row


async def grant_role(tx: Tx, account_id: UUID, role: Role, caller: Caller, version: int) -> Account:
    """Gives an account its role, and with it effect if it awaited this; every sign-in of it ends.

    Raises NotFound, StaleVersion, NotYourOwnAccount, OrganisationNeeded or DeputyNeeded.
    """
    row = await _locked(tx, account_id, caller)
    check_version(row.version_no, version)
    rules.check_separation(caller.account_id, caller.may("account.role"), row.id, row.role)
    rules.check_bindings(role, row.organisation, row.deputy_id)
    row.role = role
    if row.awaits_grant:
        row.awaits_grant, row.active = False, True
    await _changed(tx, row)
    return row


async def unlock(tx: Tx, account_id: UUID, caller: Caller) -> Account:
    """Lets an account that too many wrong passwords have locked sign in again. Raises NotFound or NotYourOwnAccount."""
    row = await _locked(tx, account_id, caller)
    rules.check_separation(caller.account_id, caller.may("account.role"), row.id, row.role)
    row.failures, row.locked_until = 0, None
    return row


async def reset_password(tx: Tx, account_id: UUID, caller: Caller) -> Opened:
    """Gives an account a one-time password that must be changed; every sign-in of it ends, a lock too.

    Raises NotFound, NotYourOwnAccount or RoleIsGrantedBySecurity.
    """
    one_time = passwords.one_time()
    password_hash = await passwords.hashed(one_time, tx.settings)
    row = await _locked(tx, account_id, caller)
    rules.check_separation(caller.account_id, caller.may("account.role"), row.id, row.role)
    row.password_hash, row.must_change = password_hash, True
    row.failures, row.locked_until = 0, None
    await end_sessions_of(tx, row.id, "password_reset")
    return Opened(row, one_time)


async def named(tx: Tx, name: str) -> Account | None:
    """The account with that folded user name."""
    found: Account | None = await tx.scalar(select(Account).where(col(Account.username) == name))
    return found


async def _locked(tx: Tx, account_id: UUID, caller: Caller) -> Account:
    row = await tx.get(Account, account_id, with_for_update=True)
    if row is None or not caller.sees_region(row.region):
        raise NotFound(where="account_id")
    return row


async def _region(tx: Tx, bindings: Bindings, caller: Caller) -> str:
    organisation = await organisation_of(tx, bindings.organisation) if bindings.organisation else None
    mandate = await deputy_of(tx, bindings.deputy_id) if bindings.deputy_id else None
    if bindings.region:
        return (await region_of(tx, bindings.region, caller)).code
    code = mandate.region if mandate else organisation.region if organisation else caller.region
    check_inside(code, caller)
    return code


async def _changed(tx: Tx, row: Account) -> None:
    row.version_no += 1
    await end_sessions_of(tx, row.id, "account_changed")
    await tx.flush()
    tell(tx, row)


def tell(tx: Tx, row: Account) -> None:
    """Says what an account is now."""
    emit(
        tx,
        AccountChanged(
            account_id=row.id,
            role=row.role,
            organisation=row.organisation,
            region=row.region,
            deputy_id=row.deputy_id,
            active=row.active,
            version_no=row.version_no,
        ),
    )
