"""Boxes that one service seals for another: X25519 with a fresh sender's key, HKDF-SHA256, AES-256-GCM (as a sealed box of libsodium).

Whoever has the public key can seal, and only the private key opens: also the sender cannot open it again. What a box
belongs to is bound in, so that it does not open in another place.
"""

from __future__ import annotations

import base64
import os

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_SCHEME = b"\x01"
_PUBLIC_BYTES, _NONCE_BYTES = 32, 12


def new_pair() -> tuple[bytes, str]:
    """A private key, and the public one as text."""
    private = X25519PrivateKey.generate()
    return private.private_bytes_raw(), base64.b64encode(private.public_key().public_bytes_raw()).decode()


def seal_for(public: str, plain: str, bound_to: str) -> str:
    """A box as text that only the private key of `public` opens. Raises ValueError for what is no public key."""
    recipient = base64.b64decode(public, validate=True)
    mine = X25519PrivateKey.generate()
    sender = mine.public_key().public_bytes_raw()
    key = _key(mine.exchange(X25519PublicKey.from_public_bytes(recipient)), sender, recipient)
    nonce = os.urandom(_NONCE_BYTES)
    return base64.b64encode(_SCHEME + sender + nonce + AESGCM(key).encrypt(nonce, plain.encode(), bound_to.encode())).decode()


def open_box(private: bytes, box: str, bound_to: str) -> str:
    """What was sealed. Raises InvalidTag for another key or place, ValueError for what is no box."""
    raw = base64.b64decode(box, validate=True)
    if raw[:1] != _SCHEME:
        raise ValueError("a box of an unknown scheme")
    sender, rest = raw[1 : 1 + _PUBLIC_BYTES], raw[1 + _PUBLIC_BYTES :]
    own = X25519PrivateKey.from_private_bytes(private)
    key = _key(own.exchange(X25519PublicKey.from_public_bytes(sender)), sender, own.public_key().public_bytes_raw())
    return AESGCM(key).decrypt(rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], bound_to.encode()).decode()


def _key(secret: bytes, sender: bytes, recipient: bytes) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=b"lianxin box" + sender + recipient).derive(secret)
