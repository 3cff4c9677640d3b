"""Who is calling, and whether they may (architecture, section 7).

Every service verifies access tokens itself, with the keys that directory published and this service keeps.
"""

from __future__ import annotations

import base64
import hashlib
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from fastapi import Depends, Request
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey
from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert

from shared.db import Database, Tx
from shared.errors import KeysNotKnownYet, NotPermitted, NotSignedIn, TokenNotValid
from shared.events.directory import SigningKeysPublished
from shared.tables import KnownKey, table_of

ISSUER = AUDIENCE = "lianxin"
LEEWAY = 5
"""Seconds by which the clocks of two machines may differ."""
_CLAIMS = jwt.JWTClaimsRegistry(
    iss={"essential": True, "value": ISSUER},
    aud={"essential": True, "value": AUDIENCE},
    exp={"essential": True},
    sub={"essential": True},
    leeway=LEEWAY,
)


@dataclass(frozen=True, slots=True)
class Caller:
    """An account as its access token describes it. Never holds a name."""

    account_id: uuid.UUID
    role: str
    organisation: str | None
    region: str
    deputy_id: uuid.UUID | None
    permissions: frozenset[str]
    expires_at: datetime

    def may(self, permission: str) -> bool:
        """Whether the token grants this permission."""
        return permission in self.permissions

    def sees_region(self, code: str) -> bool:
        """Whether a region lies in the caller's subtree: codes of lower levels begin with those above."""
        return code.startswith(self.region)


class KeySource(Protocol):
    """Where the keys for tokens come from: the database of a service, or the bus for the gateway, which has none."""

    async def find(self, kid: str, tx: Tx | None = None) -> KnownKey | None:
        """The key of that id, unless it is unknown or past its day; read through `tx` where the caller is in a transaction."""


class Keys:
    """The public keys this process knows, read again from the database when a token names an unknown one."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._keys: dict[str, KnownKey] = {}
        self._read_at = float("-inf")

    async def refresh(self, tx: Tx | None = None) -> None:
        """Reads the keys from the database, through `tx` when the caller is in a transaction.

        A caller that holds a connection must not wait for a second one: when as many do so as the pool has, none goes on.
        """
        if tx is None:
            async with self._database.transaction() as own:
                await self.refresh(own)
            return
        # Columns, not objects of the session: its rollback would expire what is kept here.
        rows = (await tx.execute(select(table_of(KnownKey)))).mappings()
        self._keys = {row["kid"]: KnownKey(**row) for row in rows}
        self._read_at = time.monotonic()

    async def find(self, kid: str, tx: Tx | None = None) -> KnownKey | None:
        """The key of that id, unless it is unknown, withdrawn or past its day; read through `tx` as `refresh` says.

        Unknown ids are looked up once a second at most; known ones again after five, for a stolen key may be withdrawn.
        Raises KeysNotKnownYet until the first set has come: "sign in again" would be a wrong advice then.
        """
        if time.monotonic() > self._read_at + (5.0 if kid in self._keys else 1.0):
            await self.refresh(tx)
        if not self._keys:
            raise KeysNotKnownYet()
        key = self._keys.get(kid)
        return key if key and _lives(key) else None

    async def for_codes(self, tx: Tx | None = None) -> list[bytes]:
        """The raw public keys that QR codes may be signed with, newest first; read through `tx` as `refresh` says."""
        if time.monotonic() > self._read_at + 1.0:
            await self.refresh(tx)
        rows = sorted((k for k in self._keys.values() if k.use == "code" and _lives(k)), key=lambda k: -k.set_no)
        return [_raw(k.public) for k in rows]


def _lives(key: KnownKey) -> bool:
    return key.not_after is None or key.not_after > datetime.now(UTC)


def _raw(public: str) -> bytes:
    return base64.urlsafe_b64decode(public + "=" * (-len(public) % 4))


async def learn_keys(tx: Tx, event: SigningKeysPublished) -> None:
    """Keeps the newest set of public keys; an older one that comes late changes nothing."""
    await tx.execute(text("SELECT pg_advisory_xact_lock(hashtext('kit_key'))"))
    newest = (await tx.execute(text("SELECT coalesce(max(set_no), -1) FROM kit_key"))).scalar_one()
    if event.set_no <= newest:
        return
    await tx.execute(text("DELETE FROM kit_key"))
    rows = [{"kid": k.kid, "use": k.use, "public": k.public, "not_after": k.not_after, "set_no": event.set_no} for k in event.keys]
    if rows:
        await tx.execute(insert(table_of(KnownKey)), rows)


async def caller_of(request: Request) -> Caller | None:
    """The caller, verified once per request; None without a token. Raises TokenNotValid or KeysNotKnownYet."""
    state = request.state
    if not hasattr(state, "caller"):
        header = request.headers.get("authorization", "")
        scheme, _, token = header.partition(" ")
        if not header:
            state.caller = None
        elif scheme.lower() != "bearer" or not token:
            raise TokenNotValid(where="Authorization")
        else:
            state.caller = await verify(request.app.state.keys, token, getattr(state, "tx", None))
    found: Caller | None = state.caller
    return found


_KNOWN_TOKENS = 4096
_known: dict[bytes, tuple[str, str, Caller]] = {}
"""Digest of a token whose signature and claims were verified → key id, public key, caller: an Ed25519 check costs 0.2 ms."""


async def verify(keys: KeySource, token: str, tx: Tx | None = None) -> Caller:
    """The caller that a token names. Raises TokenNotValid when signature, issuer, audience or time do not hold.

    A token that was verified before is believed while its key is still the same and valid, and until it expires.
    """
    digest = hashlib.sha256(token.encode()).digest()
    if (before := _known.get(digest)) is not None:
        kid, public_key, caller = before
        key = await keys.find(kid, tx)
        if key is not None and key.public == public_key and key.use == "token" and caller.expires_at.timestamp() > time.time() - LEEWAY:
            return caller
        _known.pop(digest, None)
    kid, public_key, caller = await _verify(keys, token, tx)
    if len(_known) >= _KNOWN_TOKENS:
        _known.pop(next(iter(_known)))
    _known[digest] = kid, public_key, caller
    return caller


async def _verify(keys: KeySource, token: str, tx: Tx | None) -> tuple[str, str, Caller]:
    try:
        kid = _header(token)["kid"]
        known = await keys.find(kid, tx)
        if known is None or known.use != "token":
            raise TokenNotValid(where="Authorization")
        decoded = jwt.decode(token, OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": known.public}), algorithms=["Ed25519", "EdDSA"])
        _CLAIMS.validate(decoded.claims)
        return kid, known.public, caller_from(decoded.claims)
    except (JoseError, ValueError, KeyError, TypeError) as error:
        raise TokenNotValid(where="Authorization") from error


def caller_from(claims: dict[str, Any]) -> Caller:
    """The caller in the claims of a verified token. Raises KeyError or ValueError when one is missing or malformed."""
    return Caller(
        account_id=uuid.UUID(claims["sub"]),
        role=str(claims["role"]),
        organisation=claims.get("organisation"),
        region=str(claims["region"]),
        deputy_id=uuid.UUID(claims["deputy_id"]) if claims.get("deputy_id") else None,
        permissions=frozenset(claims["permissions"]),
        expires_at=datetime.fromtimestamp(claims["exp"], UTC),
    )


def _header(token: str) -> dict[str, Any]:
    return dict(jws.extract_compact(token.encode()).headers())


@dataclass(frozen=True)
class Access:
    """What a route asks of its caller; `create_app` refuses a route that states none. No permissions: open to anyone."""

    permissions: tuple[str, ...]

    async def __call__(self, request: Request) -> Caller | None:
        caller = await caller_of(request)
        if not self.permissions:
            return caller
        if caller is None:
            raise NotSignedIn(where="Authorization")
        if not any(caller.may(p) for p in self.permissions):
            raise NotPermitted()
        return caller


def requires(*permissions: str) -> Any:
    """A dependency that yields the caller when it holds any of the permissions. Raises NotSignedIn or NotPermitted."""
    if not permissions:
        raise ValueError("name a permission, or say public()")
    return Depends(Access(permissions))


def public() -> Any:
    """A dependency that lets anyone in and yields the caller, or None without a token."""
    return Depends(Access(()))


def access_of(dependencies: Sequence[Callable[..., Any] | None]) -> Access | None:
    """The access rule among a route's dependencies."""
    return next((d for d in dependencies if isinstance(d, Access)), None)


async def code_keys(request: Request) -> list[bytes]:
    """Dependency: the raw public keys that QR codes may be signed with."""
    keys: list[bytes] = await request.app.state.keys.for_codes(getattr(request.state, "tx", None))
    return keys
