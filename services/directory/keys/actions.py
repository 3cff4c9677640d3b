"""Verbs on signing keys. Each that changes the published set says the whole set anew."""

from __future__ import annotations

import base64
import hashlib
import os
from datetime import datetime, timedelta
from typing import cast

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import func, select
from sqlmodel import col

from services.directory.errors import KeyUnknown
from services.directory.keys import rules
from services.directory.keys.rules import KeyState, Use
from services.directory.locks import alone
from services.directory.models import IssuingKey, KeySet
from services.directory.settings import Settings
from shared.clock import now
from shared.db import Tx
from shared.events.directory import SigningKey, SigningKeysPublished
from shared.identity import learn_keys
from shared.outbox import emit

_NONCE_BYTES = 12


async def signing_key(tx: Tx, use: Use) -> tuple[str, bytes]:
    """The id and the raw private key that signs now; the first ones are made when there are none yet."""
    at = now()
    kid = rules.signer(await states(tx), use, at)
    if kid is None:
        await tend(tx)
        kid = rules.signer(await states(tx), use, now())
    key = await tx.get_one(IssuingKey, kid)
    sealed = cast(bytes, key.sealed)
    settings: Settings = tx.settings
    private = AESGCM(settings.sealing_key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], key.kid.encode())
    return key.kid, private


async def public_keys(tx: Tx, use: Use) -> list[bytes]:
    """The raw public keys that are valid for `use` now, newest first."""
    valid = set(rules.published(await states(tx), now()))
    rows = await tx.scalars(select(IssuingKey).where(col(IssuingKey.use) == use).order_by(col(IssuingKey.signs_from).desc()))
    return [row.public for row in rows if row.kid in valid]


async def tend(tx: Tx) -> int:
    """Makes the first keys, replaces aged ones, destroys private keys that sign no more, ends expired ones.

    Returns how many things were done. Replicas run it at once: whoever comes second finds nothing left to do.
    """
    if not _due(await states(tx), tx.settings):
        return 0
    await alone(tx, "keys")
    keys, at, settings = await states(tx), now(), cast(Settings, tx.settings)
    done = 0
    for use in rules.missing(keys, at):
        _add(tx, use, at)
        done += 1
    if rules.aged(keys, at, settings.token_key_days):
        await _replace(tx, "token", keys, at)
        done += 1
    over = rules.expired(keys, at)
    for kid in over:
        (await tx.get_one(IssuingKey, kid)).withdrawn = True
    if done or over:
        await _publish(tx)
    spent = rules.spent(keys, at)
    for kid in spent:
        (await tx.get_one(IssuingKey, kid)).sealed = None
    return done + len(over) + len(spent)


async def rotate(tx: Tx, use: Use) -> IssuingKey:
    """A new key for `use`, published now and signing `key_lead_seconds` later; those before stay valid as long as needed."""
    await alone(tx, "keys")
    key = await _replace(tx, use, await states(tx), now())
    await _publish(tx)
    return key


async def withdraw(tx: Tx, kid: str) -> None:
    """Stops a key at once, because it may have been stolen: all that it signed is refused from now on.

    A key in its place signs at once. Raises KeyUnknown.
    """
    await alone(tx, "keys")
    key = await tx.get(IssuingKey, kid)
    if key is None or key.withdrawn:
        raise KeyUnknown(where="kid")
    key.withdrawn, key.sealed = True, None
    await tx.flush()
    at = now()
    for use in rules.missing(await states(tx), at):
        _add(tx, use, at)
    await _publish(tx)


async def states(tx: Tx) -> list[KeyState]:
    """All keys, as the rules see them."""
    rows = await tx.scalars(select(IssuingKey))
    return [KeyState(row.kid, cast(Use, row.use), row.signs_from, row.not_after, row.sealed is not None, row.withdrawn) for row in rows]


def _due(keys: list[KeyState], settings: Settings) -> bool:
    at = now()
    return bool(
        rules.missing(keys, at) or rules.aged(keys, at, settings.token_key_days) or rules.expired(keys, at) or rules.spent(keys, at)
    )


async def _replace(tx: Tx, use: Use, keys: list[KeyState], at: datetime) -> IssuingKey:
    settings: Settings = tx.settings
    key = _add(tx, use, at + timedelta(seconds=settings.key_lead_seconds))
    until = rules.last_use(key.signs_from, use, settings.token_minutes, settings.key_lead_seconds)
    for before in keys:
        if before.use == use and not before.withdrawn and before.not_after is None:
            (await tx.get_one(IssuingKey, before.kid)).not_after = until
    return key


def _add(tx: Tx, use: Use, signs_from: datetime) -> IssuingKey:
    private = Ed25519PrivateKey.generate()
    public = private.public_key().public_bytes_raw()
    kid = f"{use}-{hashlib.sha256(public).hexdigest()[:12]}"
    nonce = os.urandom(_NONCE_BYTES)
    settings: Settings = tx.settings
    sealed = nonce + AESGCM(settings.sealing_key).encrypt(nonce, private.private_bytes_raw(), kid.encode())
    key = IssuingKey(kid=kid, use=use, public=public, sealed=sealed, signs_from=signs_from)
    tx.add(key)
    return key


async def _publish(tx: Tx) -> None:
    await tx.flush()
    at = now()
    set_no = ((await tx.scalar(select(func.max(col(KeySet.set_no))))) or 0) + 1
    tx.add(KeySet(set_no=set_no, published_at=at))
    valid = rules.published(await states(tx), at)
    rows = [await tx.get_one(IssuingKey, kid) for kid in valid]
    told = SigningKeysPublished(set_no=set_no, keys=tuple(_public(row) for row in rows))
    emit(tx, told)
    await learn_keys(tx, told)  # so that directory's own doors know a key at once, also while the bus is away


def _public(row: IssuingKey) -> SigningKey:
    text = base64.urlsafe_b64encode(row.public).decode().rstrip("=")
    return SigningKey(kid=row.kid, use=cast(Use, row.use), public=text, not_after=row.not_after)
