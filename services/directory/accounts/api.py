"""Doors to accounts: opened by the system administrator, given roles and unlocked by the security administrator."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self, cast
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, Field, SecretStr
from sqlmodel import col

from services.directory.accounts import actions
from services.directory.accounts.actions import Bindings, Opened
from services.directory.accounts.rules import Role
from services.directory.lists import equal, inside, page
from services.directory.models import Account
from shared.clock import now
from shared.errors import NotFound
from shared.http import IfMatch, InTx, Page, Paging, RequestModel, service_router
from shared.identity import Caller, requires

router = service_router(tags=["accounts"])

# An answer with a one-time password is not stored for replay: a lost one is reset.
NOT_STORED = {"x-idempotent": False}

Reader = Annotated[Caller, requires("account.write", "account.role", "audit.read")]
Writer = Annotated[Caller, requires("account.write")]
Granter = Annotated[Caller, requires("account.role")]
Changer = Annotated[Caller, requires("account.write", "account.role")]


class BindingsIn(RequestModel):
    """For whom an account acts. Without a region: that of the deputy or organisation, else the administrator's own."""

    organisation: str | None = Field(default=None, max_length=40)
    region: str | None = Field(default=None, max_length=20)
    deputy_id: UUID | None = None

    def bindings(self) -> Bindings:
        return Bindings(self.organisation, self.region, self.deputy_id)


class AccountIn(BindingsIn):
    """A new account. Without a password the answer carries a one-time password."""

    username: str = Field(min_length=2, max_length=64)
    role: Role
    password: SecretStr | None = Field(default=None, max_length=200)
    must_change: bool = True


class AccountChangeIn(BindingsIn):
    """For whom an account acts from now on, and whether it is open."""

    active: bool


class RoleIn(RequestModel):
    """The role to be given."""

    role: Role


class AccountOut(BaseModel):
    """An account. `awaits_grant`: it has no effect until the security administrator grants its role."""

    id: UUID
    username: str
    role: Role
    organisation: str | None
    region: str
    deputy_id: UUID | None
    active: bool
    awaits_grant: bool
    must_change: bool
    locked: bool
    created_at: datetime
    version: int

    @classmethod
    def of(cls, row: Account) -> Self:
        return cls(
            id=row.id,
            username=row.username,
            role=cast(Role, row.role),
            organisation=row.organisation,
            region=row.region,
            deputy_id=row.deputy_id,
            active=row.active,
            awaits_grant=row.awaits_grant,
            must_change=row.must_change,
            locked=row.locked_until is not None and row.locked_until > now(),
            created_at=row.created_at,
            version=row.version_no,
        )


class OpenedOut(AccountOut):
    """An account with its one-time password, shown this once."""

    one_time_password: str | None = None

    @classmethod
    def opened(cls, opened: Opened) -> Self:
        return cls.of(opened.account).model_copy(update={"one_time_password": opened.one_time_password})


@router.get("/accounts")
async def accounts(
    tx: InTx, paging: Paging, caller: Reader, role: Role | None = None, region: Annotated[str | None, Query(max_length=20)] = None
) -> Page[AccountOut]:
    """Accounts in the caller's region in the order of their user names."""
    conditions = inside(col(Account.region), caller.region), inside(col(Account.region), region), equal(col(Account.role), role)
    rows, cursor = await page(tx, Account, {"username": str}, paging, *conditions)
    return Page(items=[AccountOut.of(row) for row in rows], next_cursor=cursor)


@router.get("/accounts/{account_id}")
async def account(account_id: UUID, tx: InTx, caller: Reader) -> AccountOut:
    """One account."""
    row = await tx.get(Account, account_id)
    if row is None or not caller.sees_region(row.region):
        raise NotFound(where="account_id")
    return AccountOut.of(row)


@router.post("/accounts", status_code=201, openapi_extra=NOT_STORED)
async def open_account(body: AccountIn, tx: InTx, caller: Writer) -> OpenedOut:
    """Opens an account; an administrator's awaits its grant."""
    password = body.password.get_secret_value() if body.password else None
    opened = await actions.open_account(
        tx, body.username, body.role, body.bindings(), password=password, must_change=body.must_change, caller=caller
    )
    return OpenedOut.opened(opened)


@router.put("/accounts/{account_id}")
async def change(account_id: UUID, body: AccountChangeIn, tx: InTx, version: IfMatch, caller: Changer) -> AccountOut:
    """Changes for whom an account acts, closes or reopens it; its sign-ins end."""
    return AccountOut.of(await actions.change(tx, account_id, body.bindings(), active=body.active, caller=caller, version=version))


@router.post("/accounts/{account_id}/role")
async def grant_role(account_id: UUID, body: RoleIn, tx: InTx, version: IfMatch, caller: Granter) -> AccountOut:
    """Gives an account its role; its sign-ins end."""
    return AccountOut.of(await actions.grant_role(tx, account_id, body.role, caller, version))


@router.post("/accounts/{account_id}/unlock")
async def unlock(account_id: UUID, tx: InTx, caller: Annotated[Caller, requires("account.unlock")]) -> AccountOut:
    """Lets a locked account sign in again."""
    return AccountOut.of(await actions.unlock(tx, account_id, caller))


@router.post("/accounts/{account_id}/reset-password", openapi_extra=NOT_STORED)
async def reset_password(account_id: UUID, tx: InTx, caller: Changer) -> OpenedOut:
    """Gives an account a one-time password, which must be changed."""
    return OpenedOut.opened(await actions.reset_password(tx, account_id, caller))
