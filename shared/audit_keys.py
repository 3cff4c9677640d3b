"""The keys of a service's audit, derived from its seed on the bus, which is in no database (decision record 0016)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_ED25519 = b"\x01"
"""C2SP signed-note: the algorithm's number before a public key."""


@dataclass(frozen=True, slots=True)
class AuditKeys:
    """`signing` signs checkpoints, `body` keys the hashes of request bodies; neither is there without a seed."""

    origin: str
    signing: Ed25519PrivateKey | None
    body: bytes | None

    @property
    def verifier(self) -> str:
        """The public key as C2SP writes it: `<name>+<id>+<base64>`. Raises ValueError without a seed."""
        if self.signing is None:
            raise ValueError(f"{self.origin} has no seed to sign with")
        public = _ED25519 + self.signing.public_key().public_bytes_raw()
        return f"{self.origin}+{key_id(self.origin, public).hex()}+{base64.b64encode(public).decode()}"

    def sign(self, text: str) -> str:
        """A C2SP signed note: `text`, which ends its last line, an empty line, and the signature's line."""
        if self.signing is None:
            raise ValueError(f"{self.origin} has no seed to sign with")
        public = _ED25519 + self.signing.public_key().public_bytes_raw()
        signature = key_id(self.origin, public) + self.signing.sign(text.encode())
        return f"{text}\n— {self.origin} {base64.b64encode(signature).decode()}\n"


def audit_keys(site: str, service: str, seed: str | None) -> AuditKeys:
    """The keys of a service at a site."""
    origin = f"lianxin/{site}/{service}"
    if not seed:
        return AuditKeys(origin, None, None)
    return AuditKeys(origin, Ed25519PrivateKey.from_private_bytes(_derived(seed, origin, "checkpoint")), _derived(seed, origin, "body"))


def key_id(name: str, public: bytes) -> bytes:
    """The four bytes by which a note's signature line names its key (C2SP signed-note)."""
    return hashlib.sha256(f"{name}\n".encode() + public).digest()[:4]


def body_hash(key: bytes, salt: bytes, body: bytes) -> bytes:
    """What the chain holds of a request's body.

    Keyed, because whoever reads the database must not be able to try out telephone numbers; salted, because taking the
    salt away makes it say nothing to anyone, and the chain stays whole.
    """
    return hmac.digest(key, salt + body, "sha256")


def _derived(seed: str, origin: str, purpose: str) -> bytes:
    return HKDF(SHA256(), 32, None, f"lianxin audit {purpose} {origin}".encode()).derive(seed.encode())
