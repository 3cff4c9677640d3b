"""Signed QR codes of stations, deputies, projects and campaigns: packing, signing and reading.

A code names its target and carries directory's signature, so that every service can tell a genuine one without asking
anybody, from the moment it is issued (architecture, section 7). Layout before base64url: version, kind, code id, target id,
region as a number, Ed25519 signature over all of that.
"""

from __future__ import annotations

import base64
import binascii
import struct
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import get_args

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from shared.errors import Refused
from shared.events.directory import CodeKind

_VERSION = 1
_HEAD = struct.Struct(">BB16s16s5s")
_SIGNATURE_BYTES = 64
_TEXT_LENGTH = 138
_KINDS: tuple[CodeKind, ...] = get_args(CodeKind)
_REGION_DIGITS = (6, 9, 12)


class CodeNotGenuine(Refused):
    """The text is no code, or none that a known key has signed."""

    status = 404


@dataclass(frozen=True, slots=True)
class Code:
    """What a code says. `region` is empty for a zone: its own id is no number; the target's projection knows it."""

    kind: CodeKind
    code_id: uuid.UUID
    target_id: uuid.UUID
    region: str


def sign(code: Code, private_key: bytes) -> str:
    """The text of a code: base64url without padding, 138 characters. `private_key` is a raw Ed25519 key of 32 bytes.

    Raises ValueError for a numeric region of a length that GB/T 2260 and its extensions do not have.
    """
    number = int(code.region) if code.region.isascii() and code.region.isdigit() else 0
    if number and (str(number) != code.region or len(code.region) not in _REGION_DIGITS):
        raise ValueError("the region code must have 6, 9 or 12 digits and no leading zero")
    head = _HEAD.pack(_VERSION, _KINDS.index(code.kind) + 1, code.code_id.bytes, code.target_id.bytes, number.to_bytes(5, "big"))
    return base64.urlsafe_b64encode(head + Ed25519PrivateKey.from_private_bytes(private_key).sign(head)).decode().rstrip("=")


def read(text: str, public_keys: Iterable[bytes]) -> Code:
    """The code in `text`, if one of the raw Ed25519 `public_keys` has signed it. Raises CodeNotGenuine.

    Says nothing about revocation: that is each service's projection of `CodeRevoked`.
    """
    packed = _unpacked(text)
    head, signature = packed[: _HEAD.size], packed[_HEAD.size :]
    if not any(_has_signed(key, head, signature) for key in public_keys):
        raise CodeNotGenuine(where="code")
    version, kind, code_id, target_id, region = _HEAD.unpack(head)
    if version != _VERSION or not 1 <= kind <= len(_KINDS):
        raise CodeNotGenuine(where="code")
    number = int.from_bytes(region, "big")
    return Code(_KINDS[kind - 1], uuid.UUID(bytes=code_id), uuid.UUID(bytes=target_id), str(number) if number else "")


def _unpacked(text: str) -> bytes:
    try:
        packed = base64.b64decode(text.encode("ascii") + b"==", altchars=b"-_", validate=True) if len(text) == _TEXT_LENGTH else b""
    except (UnicodeEncodeError, binascii.Error):
        packed = b""
    # one code has one text: the unused bits of the last character must be zero
    if len(packed) != _HEAD.size + _SIGNATURE_BYTES or base64.urlsafe_b64encode(packed).decode().rstrip("=") != text:
        raise CodeNotGenuine(where="code")
    return packed


@lru_cache(maxsize=4096)
def _has_signed(public_key: bytes, head: bytes, signature: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, head)
    except (InvalidSignature, ValueError):
        return False
    return True
