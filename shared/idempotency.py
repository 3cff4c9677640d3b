"""`Idempotency-Key`: the same request gets the same answer, also after a crash (decision record 0008).

The key is locked and its answer stored in the very transaction of the write: there is no state in between to clean up.
The stored answer may hold a lookup code: it is encrypted with a key that only the client's `Idempotency-Key` yields.
"""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass

import orjson
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from starlette.responses import Response

from shared.db import Tx
from shared.errors import KeyNotReadable, KeyUsedForAnotherRequest, RequestInFlight
from shared.outgoing import KeptAnswer

HEADER = "idempotency-key"
_READABLE = re.compile(r"^[\x21-\x7e]{8,200}$")


# One statement for both. Its view of the table may be older than the lock: whoever held the lock may have committed in
# between, and then storing a second answer breaks the key's uniqueness, which `is_conflict` knows: the request runs again.
_BEGIN = """
    SELECT pg_try_advisory_xact_lock($1) AS locked, a.request_hash, a.status, a.box
    FROM (VALUES (1)) AS one LEFT JOIN kit_answer a ON a.key_hash = $2
    """


@dataclass(frozen=True, slots=True)
class Attempt:
    """A keyed request that is being handled in this transaction."""

    key_hash: bytes
    request_hash: bytes
    secret: bytes


async def begin(tx: Tx, *, key: str, caller: str, method: str, path: str, body: bytes) -> Attempt | Response:
    """Locks the key for this transaction; gives the stored answer when the request was already handled.

    Raises KeyNotReadable, RequestInFlight (another transaction holds the key now) or KeyUsedForAnotherRequest.
    """
    if not _READABLE.match(key):
        raise KeyNotReadable(where="Idempotency-Key")
    attempt = Attempt(
        key_hash=_digest(b"key", caller.encode(), key.encode()),
        request_hash=_digest(b"request", method.encode(), path.encode(), body),
        secret=_digest(b"answer", key.encode()),
    )
    number = int.from_bytes(attempt.key_hash[:8], "big", signed=True)
    (stored,) = await tx.run(_BEGIN, number, attempt.key_hash)
    if not stored["locked"]:
        raise RequestInFlight(where="Idempotency-Key")
    if stored["status"] is None:
        return attempt
    if stored["request_hash"] != attempt.request_hash:
        raise KeyUsedForAnotherRequest(where="Idempotency-Key")
    plain = orjson.loads(AESGCM(attempt.secret).decrypt(stored["box"][:12], stored["box"][12:], attempt.key_hash))
    headers = {"content-type": plain["type"], "idempotency-replayed": "true"}
    return Response(plain["body"].encode(), status_code=stored["status"], headers=headers)


def keep(tx: Tx, attempt: Attempt, response: Response) -> None:
    """Lets the answer be stored with the write it belongs to."""
    plain = orjson.dumps({"type": response.headers.get("content-type", "application/json"), "body": bytes(response.body).decode()})
    nonce = os.urandom(12)
    box = nonce + AESGCM(attempt.secret).encrypt(nonce, plain, attempt.key_hash)
    tx.answers.append(KeptAnswer(attempt.key_hash, attempt.request_hash, response.status_code, box))


def _digest(*parts: bytes) -> bytes:
    whole = hashlib.sha256()
    for part in parts:
        whole.update(len(part).to_bytes(8, "big") + part)
    return whole.digest()
