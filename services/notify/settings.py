"""Knobs of notify."""

from __future__ import annotations

import base64
from functools import cached_property

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import Field, SecretStr, field_validator

from shared.settings import ServiceSettings

_KEY_BYTES = 32


class Settings(ServiceSettings):
    """Knobs of notify. Durations are in seconds. `master_key` seals the keys under which residents are reached."""

    gather: float = Field(default=0.1, description="as in every service; notices that a person reads")
    master_key: SecretStr = Field(default=..., description="base64 of 32 random bytes, either alphabet")

    notice_days: int = Field(default=730, ge=181, description="a notice is kept so long: longer than any event can come again")
    notice_batch: int = Field(default=2000, ge=1, description="old notices that one transaction deletes")
    reach_waits_days: int = Field(default=7, ge=1, description="a notice to a resident who left no number is kept so long")
    stream_beat: float = Field(default=15.0, gt=0, description="silence after which a stream says that it is alive, and looks again")
    stream_page: int = Field(default=100, ge=1, description="notices that a stream reads at once")
    streams_per_process: int = Field(default=2000, ge=1, description="open streams beyond which a process refuses further ones")

    @field_validator("master_key")
    @classmethod
    def _is_a_key(cls, value: SecretStr) -> SecretStr:
        if len(_decoded(value)) != _KEY_BYTES:
            raise ValueError(f"the master key must be base64 of {_KEY_BYTES} bytes: make one with `openssl rand -base64 32`")
        return value

    @cached_property
    def reach_key(self) -> bytes:
        """The AES-256 key that seals the private keys of matters: made from the master key for this purpose alone."""
        return HKDF(SHA256(), _KEY_BYTES, salt=None, info=b"lianxin notify: keys of matters at rest").derive(_decoded(self.master_key))


def _decoded(value: SecretStr) -> bytes:
    plain = value.get_secret_value().rstrip("=").replace("-", "+").replace("_", "/")
    return base64.b64decode(plain + "=" * (-len(plain) % 4))
