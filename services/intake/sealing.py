"""Contact data under a key of each matter: AES-256-GCM, the matter's key wrapped by the master key (architecture, section 7).

A box is one byte of scheme, 12 bytes of nonce and the ciphertext; what it belongs to is bound in as associated data,
so that a box moved to another row or field does not open.
"""

from __future__ import annotations

import base64
import os
import uuid

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_AES_256_GCM = b"\x01"
_KEY_BYTES, _NONCE_BYTES = 32, 12


def read_master_key(encoded: str) -> bytes:
    """The 32 bytes of a master key in base64 of either alphabet, padded or not. Raises ValueError."""
    key = base64.b64decode(encoded.replace("-", "+").replace("_", "/") + "=" * (-len(encoded) % 4), validate=True)
    if len(key) != _KEY_BYTES:
        raise ValueError(f"the master key must have {_KEY_BYTES} bytes, not {len(key)}: make one with `openssl rand -base64 32`")
    return key


def seal_fields(opinion_id: uuid.UUID, master: bytes, fields: dict[str, str | None]) -> tuple[bytes, dict[str, bytes | None]]:
    """A fresh key for this opinion, wrapped, and each field's box under it; a field without a value stays without."""
    key = os.urandom(_KEY_BYTES)
    boxes = {name: None if plain is None else _seal(key, plain.encode(), f"{opinion_id}/{name}") for name, plain in fields.items()}
    return _seal(master, key, f"{opinion_id}/key"), boxes


def open_fields(matter_id: uuid.UUID, master: bytes, key_wrapped: bytes, boxes: dict[str, bytes | None]) -> dict[str, str | None]:
    """What `seal_fields` has sealed for this matter. Raises InvalidTag for boxes of another matter, field or key."""
    key = _open(master, key_wrapped, f"{matter_id}/key")
    return {name: None if box is None else _open(key, box, f"{matter_id}/{name}").decode() for name, box in boxes.items()}


def _open(key: bytes, box: bytes, bound_to: str) -> bytes:
    if box[:1] != _AES_256_GCM:
        raise ValueError("a box of an unknown scheme")
    return AESGCM(key).decrypt(box[1 : 1 + _NONCE_BYTES], box[1 + _NONCE_BYTES :], bound_to.encode())


def _seal(key: bytes, plain: bytes, bound_to: str) -> bytes:
    nonce = os.urandom(_NONCE_BYTES)
    return _AES_256_GCM + nonce + AESGCM(key).encrypt(nonce, plain, bound_to.encode())
