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
from pathlib import Path
from typing import Any

import httpx
import yaml
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from fastapi import FastAPI
from joserfc import jwt
from joserfc.jwk import OKPKey
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.routing import BaseRoute

from shared import profile
from shared.codec import class_of, headers_of, read
from shared.db import Database, Tx
from shared.delivery import Delivery, Fate, Incoming
from shared.events.base import CORE, Event
from shared.settings import ServiceSettings
from shared.waking import retry_parked

SITE = "320412"
PATIENCE = float(os.environ.get("PATIENCE", "4"))
"""How many times slower than a quiet one a machine may be: hosts have stopped a virtual machine for half a minute."""
SHUFFLES = int(os.environ.get("SHUFFLES", "8"))
"""How many orders of the golden events each service is given; SHUFFLES=25 for more of them."""
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
        "case.read case.assign case.supervise case.push case.publish opinion.read opinion.enter opinion.publish opinion.join "
        "topic.keep ledger.read ranking.read inbox.read project.read project.write "
        "station.read campaign.run reception.run reception.read contact.enter contact.read link.write "
        "appointment.staff petition.enter petition.read mediation.run mediation.read "
        "suggestion.gate suggestion.check suggestion.read suggestion.advise "
        "personal.read personal.unmask personal.erase figures.read export.run"
    ),
    "department": "case.read.own case.handle inbox.read project.read project.stage appointment.host suggestion.advise personal.unmask",
    "deputy": (
        "ledger.read.own ranking.read inbox.read act.log project.read opinion.read.own opinion.answer reception.sign_in reception.read "
        "contact.log appointment.host petition.act mediation.act suggestion.raise case.read.signed case.rate.signed personal.unmask"
    ),
    "station": (
        "inbox.read opinion.enter station.read reception.run reception.read contact.enter contact.read "
        "appointment.staff petition.enter petition.read mediation.run mediation.read personal.read personal.unmask figures.read"
    ),
    "leader": (
        "case.read opinion.read ranking.read ledger.read inbox.read project.read reception.read contact.read "
        "petition.read mediation.read suggestion.read figures.read"
    ),
    "committee": "case.read.counterpart case.push inbox.read",
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
    expires_in: float = 86_400,
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
    SELECT c.relname, pg_relation_size(c.oid) > 0 AS written, string_agg(quote_ident(a.attname), ', ') AS columns
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND a.attidentity = '' AND a.attgenerated = ''
    AND coalesce(pg_get_expr(d.adbin, d.adrelid), '') NOT LIKE 'nextval%'
    AND c.relname NOT LIKE 'kit\\_%' AND c.relname <> 'migration' GROUP BY c.oid ORDER BY 1
    """
)


async def business_rows(database: Database) -> dict[str, list[str]]:
    """Every business table of a database as a sorted list of its rows."""
    async with database.transaction() as tx:
        found: dict[str, list[str]] = {}
        asked = []
        for table, written, columns in await tx.execute(_COLUMNS):
            found[table] = []
            if written:
                asked.append(f"SELECT '{table}', to_jsonb(t) FROM (SELECT {columns} FROM \"{table}\") t")
        for table, row in await tx.execute(text(" UNION ALL ".join(asked))) if asked else ():
            found[table].append(json.dumps(row, sort_keys=True, ensure_ascii=False))
        return {table: sorted(rows) for table, rows in found.items()}


# A table that nobody has written to since it was emptied has no page; a sequence that nobody has asked has no last value.
_WRITTEN = text(
    "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace "
    "AND relname NOT IN ('migration', 'kit_migration') AND pg_relation_size(oid) > 0"
)
_ASKED = text("SELECT sequencename FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL")


async def wipe(database: Database) -> None:
    """Empties all tables of a service, the kit's included, and gives it the test keys."""
    async with database.transaction() as tx:
        tables = (await tx.execute(_WRITTEN)).scalars().all()
        if "kit_audit" in tables:
            # The audit refuses it to everyone but the table's owner, who can do what its chain then shows.
            await tx.execute(text("ALTER TABLE kit_audit DISABLE TRIGGER kit_audit_whole"))
        if tables:
            await tx.execute(text("TRUNCATE " + ", ".join(f'"{t}"' for t in tables) + " CASCADE"))
        if "kit_audit" in tables:
            await tx.execute(text("ALTER TABLE kit_audit ENABLE TRIGGER kit_audit_whole"))
        for sequence in (await tx.execute(_ASKED)).scalars().all():
            await tx.execute(text(f'ALTER SEQUENCE "{sequence}" RESTART'))
        await tx.execute(
            text("INSERT INTO kit_key (kid, use, public, set_no) VALUES (:token, 'token', :public, 0), (:code, 'code', :public, 0)"),
            {"token": TOKEN_KID, "code": CODE_KID, "public": _raw_public()},
        )


_ROUTES: dict[tuple[object, int], list[BaseRoute]] = {}


def share_routes(app: FastAPI, code: object) -> None:
    """Gives an application the routing table of the first one in this process that the same `code` has built.

    FastAPI works out the table at the first request, which takes half a second. It holds functions only: all state is the application's.
    """
    chosen: ServiceSettings = app.state.settings
    app.router.routes = _ROUTES.setdefault((code, chosen.body_limit), app.router.routes)


_ENGINES: dict[tuple[object, ...], list[AsyncEngine]] = {}


def _kind(service: Running) -> tuple[object, ...]:
    chosen: ServiceSettings = service.app.state.settings
    pool = chosen.pool_size, chosen.pool_overflow, chosen.pool_wait, chosen.statement_timeout, chosen.transaction_idle
    return service.name, chosen.database_url, *pool


async def build(name: str, database_url: str, **settings: Any) -> Running:
    """The application of a service, freshly built on an emptied database. Close it with `close`."""
    main = importlib.import_module(f"services.{name}.main")
    chosen = importlib.import_module(f"services.{name}.settings").Settings(database_url=database_url, site=SITE, **settings)
    app: FastAPI = main.build(chosen)
    share_routes(app, main.build)
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    service = Running(name, app, httpx.AsyncClient(transport=transport, base_url="http://service"))
    # An engine without connections that has compiled the statements of such a service before.
    if kept := _ENGINES.get(_kind(service)):
        service.database.engine = kept.pop()
    await wipe(service.database)
    return service


def wujin() -> dict[str, Any]:
    """The profile of wujin with what it inherits, to be changed at will."""
    return profile.whole(ServiceSettings().profile)


def profile_file(folder: Path, whole: dict[str, Any]) -> Path:
    """A file in `folder` that says this profile."""
    path = folder / "changed.yaml"
    path.write_text(yaml.dump(whole, Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper), allow_unicode=True), "utf-8")
    return path


async def close(service: Running) -> None:
    """Ends a service under test."""
    await service.client.aclose()
    await service.database.close()
    _ENGINES.setdefault(_kind(service), []).append(service.database.engine)


async def eventually(probe: Callable[[], Awaitable[Any]], *, within: float = 10.0, what: str = "") -> Any:
    """The first truthy value of `probe`; asked again and again for `within` seconds of a quiet machine, `PATIENCE` times that on any.

    Raises AssertionError that says what never came.
    """
    within *= PATIENCE
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
