"""Access tokens: short EdDSA-signed JWTs that every service verifies by itself (architecture, section 7)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc import jwt
from joserfc.jwk import OKPKey

from shared.events.base import new_id
from shared.identity import AUDIENCE, ISSUER


def issue_token(
    *,
    kid: str,
    private_key: bytes,
    account_id: UUID,
    role: str,
    organisation: str | None,
    region: str,
    deputy_id: UUID | None,
    permissions: Sequence[str],
    issued_at: datetime,
    minutes: int,
) -> str:
    """A token that names an account by its id and says what it may do; never who the person is.

    `private_key` is a raw Ed25519 key of 32 bytes whose public part has been published under `kid`.
    """
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": str(account_id),
        "iat": int(issued_at.timestamp()),
        "exp": int((issued_at + timedelta(minutes=minutes)).timestamp()),
        "jti": str(new_id()),
        "role": role,
        "organisation": organisation,
        "region": region,
        "deputy_id": str(deputy_id) if deputy_id else None,
        "permissions": list(permissions),
    }
    key = OKPKey.import_key(Ed25519PrivateKey.from_private_bytes(private_key))
    return jwt.encode({"alg": "EdDSA", "kid": kid}, claims, key, algorithms=["EdDSA"])
