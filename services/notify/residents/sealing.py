"""The private keys of matters, at rest under a key that is made from the master key for this purpose alone."""

from __future__ import annotations

import os
import uuid

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE_BYTES = 12


def seal_key(key: bytes, matter_id: uuid.UUID, private: bytes) -> bytes:
    """The private key of a matter, sealed and bound to it."""
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, private, str(matter_id).encode())


def open_key(key: bytes, matter_id: uuid.UUID, sealed: bytes) -> bytes:
    """What `seal_key` has sealed for this matter. Raises InvalidTag."""
    return AESGCM(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], str(matter_id).encode())
