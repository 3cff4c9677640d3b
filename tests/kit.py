"""What tests of services stand on: a service on a real database, tokens, events through the real handler path."""

from __future__ import annotations

import asyncio
import base64
import importlib
import json
import os
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from fastapi import FastAPI
from joserfc import jwt
from joserfc.jwk import OKPKey
from sqlalchemy import text

from shared.codec import class_of, headers_of, read
from shared.db import Database, Tx
from shared.delivery import Delivery, Fate, Incoming
from shared.events.base import CORE, Event
from shared.waking import retry_parked

SITE = "320412"
os.environ.setdefault("LIANXIN_MASTER_KEY", base64.urlsafe_b64encode(bytes(range(32))).decode())

_SIGNER = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
TOKEN_KID, CODE_KID = "test-token", "test-code"


def _raw_public() -> str:
    raw = _SIGNER.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def code_signer() -> Ed25519PrivateKey:
    """The private key whose public half every service under test knows, for tokens and for codes."""
    return _SIGNER


ROLE_PERMISSIONS = {
    "desk": (
        "case.read case.assign opinion.read opinion.join topic.keep ledger.read ranking.read inbox.read project.read project.write "
        "station.read campaign.run reception.run reception.read contact.enter contact.read link.write "
        "appointment.staff petition.enter petition.read mediation.run mediation.read "
        "suggestion.gate suggestion.check suggestion.read suggestion.advise"
    ),
    "department": "case.read.own case.handle inbox.read project.read project.stage appointment.host suggestion.advise",
    "deputy": (
        "ledger.read.own ranking.read inbox.read act.log project.read opinion.read.own reception.sign_in "
        "reception.read contact.log appointment.host petition.act mediation.act suggestion.raise"
    ),
    "station": (
        "inbox.read opinion.enter station.read reception.run reception.read contact.enter contact.read "
        "appointment.staff petition.enter petition.read mediation.run mediation.read"
    ),
    "leader": (
        "case.read opinion.read ranking.read ledger.read inbox.read project.read reception.read contact.read "
        "petition.read mediation.read suggestion.read"
    ),
    "sysadmin": "master.read master.write account.write import.run ops.read inbox.read",
    "secadmin": "account.role account.unlock code.issue code.revoke key.rotate inbox.read",
    "auditor": "audit.read inbox.read",
}


def token(
    role: str = "desk",
    *,
    organisation: str | None = None,
    deputy_id: uuid.UUID | None = None,
    region: str = SITE,
    account_id: uuid.UUID | None = None,
    permissions: Sequence[str] | None = None,
    expires_in: float = 900,
    kid: str = TOKEN_KID,
    **more: Any,
) -> dict[str, str]:
    """An Authorization header for a role, with that role's permissions unless others are named."""
    defaults = {"desk": "deputies_committee", "department": "housing"}
    claims = {
        "sub": str(account_id or uuid.uuid5(uuid.NAMESPACE_URL, f"{role}/{organisation}")),
        "iss": "lianxin",
        "aud": "lianxin",
        "jti": uuid.uuid4().hex,
        "iat": int(time.time()),
        "exp": int(time.time() + expires_in),
        "role": role,
        "organisation": organisation or defaults.get(role),
        "region": region,
        "deputy_id": str(deputy_id) if deputy_id else None,
        "permissions": list(permissions if permissions is not None else ROLE_PERMISSIONS[role].split()),
        **more,
    }
    private = base64.urlsafe_b64encode(_SIGNER.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())).decode().rstrip("=")
    key = OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": _raw_public(), "d": private})
    return {"Authorization": "Bearer " + jwt.encode({"alg": "Ed25519", "kid": kid}, claims, key, algorithms=["Ed25519"])}


@dataclass
class Running:
    """A service under test: its application on its database, without a broker."""

    name: str
    app: FastAPI
    client: httpx.AsyncClient

    @property
    def database(self) -> Database:
        database: Database = self.app.state.database
        return database

    def tx(self) -> AbstractAsyncContextManager[Tx]:
        """A transaction that commits when the block ends."""
        return self.database.transaction()

    async def deliver(self, *events: Event, replays: bool = False) -> list[Incoming]:
        """Hands events to the service as one batch, as the pull loop does, then tries what was parked and woken.

        Raises AssertionError when a handler raised, unless `replays` (then look at the fates).
        """
        delivery: Delivery = self.app.state.listener.delivery
        incoming = [incoming_of(event) for event in events]
        await delivery.apply(incoming)
        await retry_parked(delivery)
        if not replays:
            failed = [m.reason for m in incoming if m.fate is not Fate.DONE]
            assert not failed, failed
        return incoming

    async def outbox(self) -> list[Event]:
        """The events that the service has emitted and nobody has published, oldest first."""
        async with self.tx() as tx:
            rows = (await tx.execute(text("SELECT subject, headers, body FROM kit_outbox ORDER BY created_at, id"))).all()
        return [read(class_of(r.headers["ce-type"]), r.headers, bytes(r.body)) for r in rows]

    async def rows(self) -> dict[str, list[str]]:
        """All business rows, comparable: identity columns left out, for they tell the order of delivery and no business."""
        return await business_rows(self.database)


def incoming_of(event: Event, *, audience: str | None = None, traceparent: str | None = None) -> Incoming:
    """An event as it comes from the stream."""
    told = event if event.site else event.model_copy(update={"site": SITE})
    to = audience or (str(getattr(event, "organisation", CORE)) if event.addressed else CORE)
    return Incoming(told.subject(SITE, to), headers_of(told, traceparent), told.model_dump_json().encode())


_COLUMNS = text(
    """
    SELECT c.table_name, c.column_name FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name)
    WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE'
    AND c.is_identity = 'NO' AND coalesce(c.column_default, '') NOT LIKE 'nextval%'
    AND c.is_generated = 'NEVER' AND c.table_name NOT LIKE 'kit\\_%' AND c.table_name <> 'migration' ORDER BY 1, 2
    """
)


async def business_rows(database: Database) -> dict[str, list[str]]:
    """Every business table of a database as a sorted list of its rows."""
    async with database.transaction() as tx:
        columns: dict[str, list[str]] = {}
        for table, column in (await tx.execute(_COLUMNS)).all():
            columns.setdefault(table, []).append(column)
        found = {}
        for table, names in columns.items():
            listed = ", ".join(f'"{n}"' for n in names)
            rows = (await tx.execute(text(f'SELECT to_jsonb(t) FROM (SELECT {listed} FROM "{table}") t'))).scalars()
            found[table] = sorted(json.dumps(r, sort_keys=True, ensure_ascii=False) for r in rows)
    return found


async def wipe(database: Database) -> None:
    """Empties all tables of a service, the kit's included, and gives it the test keys."""
    async with database.transaction() as tx:
        tables = (
            (
                await tx.execute(
                    text("SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename NOT IN ('migration', 'kit_migration')")
                )
            )
            .scalars()
            .all()
        )
        if tables:
            # The audit refuses it to everyone but the table's owner, who can do what its chain then shows.
            await tx.execute(text("ALTER TABLE kit_audit DISABLE TRIGGER kit_audit_whole"))
            await tx.execute(text("TRUNCATE " + ", ".join(f'"{t}"' for t in tables) + " RESTART IDENTITY CASCADE"))
            await tx.execute(text("ALTER TABLE kit_audit ENABLE TRIGGER kit_audit_whole"))
        for kid, use in ((TOKEN_KID, "token"), (CODE_KID, "code")):
            await tx.execute(
                text("INSERT INTO kit_key (kid, use, public, set_no) VALUES (:kid, :use, :public, 0)"),
                {"kid": kid, "use": use, "public": _raw_public()},
            )


async def build(name: str, database_url: str, **settings: Any) -> Running:
    """The application of a service, freshly built on an emptied database. Close it with `close`."""
    main = importlib.import_module(f"services.{name}.main")
    chosen = importlib.import_module(f"services.{name}.settings").Settings(database_url=database_url, site=SITE, **settings)
    app: FastAPI = main.build(chosen)
    await wipe(app.state.database)
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    return Running(name, app, httpx.AsyncClient(transport=transport, base_url="http://service"))


async def close(service: Running) -> None:
    """Ends a service under test."""
    await service.client.aclose()
    await service.database.close()


async def eventually(probe: Callable[[], Awaitable[Any]], *, within: float = 10.0, what: str = "") -> Any:
    """The first truthy value of `probe`; asked again and again for `within` seconds. Raises AssertionError that says what never came."""
    deadline = time.monotonic() + within
    last: Any = None
    while time.monotonic() < deadline:
        last = await probe()
        if last:
            return last
        await asyncio.sleep(0.03)
    raise AssertionError(f"never within {within} s: {what or getattr(probe, '__name__', 'probe')}; last seen: {last!r}"[:2000])


async def collect(source: AsyncIterator[Any], number: int) -> list[Any]:
    """The first `number` things of an asynchronous source."""
    found: list[Any] = []
    async for thing in source:
        found.append(thing)
        if len(found) == number:
            break
    return found
