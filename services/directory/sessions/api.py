"""Doors to sign in, stay signed in, and sign out. Answers with tokens are never stored."""

from __future__ import annotations

from typing import Annotated, cast
from uuid import UUID

from fastapi import Response
from pydantic import BaseModel, Field, SecretStr

from services.directory.accounts import rules
from services.directory.accounts.rules import CHANGE_PASSWORD, Role
from services.directory.models import Account, Mandate, Organisation, Person
from services.directory.sessions import actions
from services.directory.sessions.actions import SignedIn
from shared.db import Tx
from shared.http import InTx, RequestModel, service_router
from shared.identity import Caller, public, requires

router = service_router(tags=["sessions"])

NOT_STORED = {"x-idempotent": False}
Anyone = Annotated[Caller | None, public()]
Secret = Annotated[SecretStr, Field(min_length=1, max_length=200)]


class LoginIn(RequestModel):
    """Who wants in."""

    username: str = Field(min_length=1, max_length=64)
    password: Secret


class RefreshIn(RequestModel):
    """A refresh token."""

    refresh_token: Secret


class PasswordIn(RequestModel):
    """The password in force and the one to take its place."""

    old_password: Secret
    new_password: Secret


class OwnAccountOut(BaseModel):
    """The account signed in. `name` is whom it acts for: the deputy, else the organisation, else nobody."""

    id: UUID
    username: str
    role: Role
    name: str | None
    organisation: str | None
    region: str
    deputy_id: UUID | None
    permissions: list[str]
    must_change: bool


class SignedInOut(BaseModel):
    """Tokens. `expires_in` in seconds; a refresh token works once."""

    access_token: str
    refresh_token: str
    token_type: str = "Bearer"  # noqa: S105
    expires_in: int
    account: OwnAccountOut


@router.post("/login", openapi_extra=NOT_STORED)
async def log_in(body: LoginIn, tx: InTx, response: Response, caller: Anyone) -> SignedInOut:
    """Signs in with user name and password."""
    return await _out(tx, response, await actions.log_in(tx, body.username, body.password.get_secret_value()))


@router.post("/refresh", openapi_extra=NOT_STORED)
async def refresh(body: RefreshIn, tx: InTx, response: Response, caller: Anyone) -> SignedInOut:
    """New tokens for a refresh token; a used one ends the sign-in."""
    return await _out(tx, response, await actions.refresh(tx, body.refresh_token.get_secret_value()))


@router.post("/logout", status_code=204, openapi_extra=NOT_STORED)
async def log_out(body: RefreshIn, tx: InTx, caller: Anyone) -> None:
    """Ends the sign-in of a refresh token."""
    await actions.log_out(tx, body.refresh_token.get_secret_value())


@router.post("/password", openapi_extra=NOT_STORED)
async def change_password(
    body: PasswordIn, tx: InTx, response: Response, caller: Annotated[Caller, requires(CHANGE_PASSWORD)]
) -> SignedInOut:
    """Changes the own password; every other sign-in of the account ends."""
    old, new = body.old_password.get_secret_value(), body.new_password.get_secret_value()
    return await _out(tx, response, await actions.change_password(tx, caller.account_id, old, new))


@router.get("/me")
async def me(tx: InTx, caller: Annotated[Caller, requires(CHANGE_PASSWORD)]) -> OwnAccountOut:
    """The account signed in."""
    return await _account(tx, await tx.get_one(Account, caller.account_id))


async def _out(tx: Tx, response: Response, signed_in: SignedIn) -> SignedInOut:
    response.headers["Cache-Control"] = "no-store"
    return SignedInOut(
        access_token=signed_in.access_token,
        refresh_token=signed_in.refresh_token,
        expires_in=signed_in.expires_in,
        account=await _account(tx, signed_in.account),
    )


async def _account(tx: Tx, row: Account) -> OwnAccountOut:
    return OwnAccountOut(
        id=row.id,
        username=row.username,
        role=cast(Role, row.role),
        name=await _name(tx, row),
        organisation=row.organisation,
        region=row.region,
        deputy_id=row.deputy_id,
        permissions=list(rules.permissions_of(row.role, row.must_change)),
        must_change=row.must_change,
    )


async def _name(tx: Tx, row: Account) -> str | None:
    if row.deputy_id is not None:
        mandate = await tx.get_one(Mandate, row.deputy_id)
        return (await tx.get_one(Person, mandate.person_id)).name
    if row.organisation is not None:
        return (await tx.get_one(Organisation, row.organisation)).name
    return None
