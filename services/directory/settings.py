"""Knobs of directory and its section of the policy profile."""

from __future__ import annotations

import base64
from functools import cached_property
from typing import Annotated, ClassVar, Literal

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from shared.events.directory import CodeKind, MandateLevel, StationKind
from shared.settings import ServiceSettings


class Label(BaseModel):
    """A text of a place, in both languages."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    zh: str = Field(min_length=1)
    en: str = Field(min_length=1)


class FormField(BaseModel):
    """One field of the form that a scanned code opens. `max_length` is in characters."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Literal["title", "text", "category", "contact.name", "contact.phone"]
    label: Label
    required: bool
    max_length: int = Field(ge=1, le=20_000)


class DirectoryPolicy(BaseModel):
    """The section `directory` of a place's profile: what its places are called and what a scanned code asks for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    profile_version: str
    station_labels: dict[StationKind, Label]
    level_labels: dict[MandateLevel, Label]
    forms: dict[CodeKind, Annotated[tuple[FormField, ...], Field(min_length=1)]]


class Settings(ServiceSettings):
    """Settings of directory. `master_key` (32 random bytes in base64, either alphabet) seals the private signing keys at rest."""

    policy: ClassVar[type[BaseModel] | None] = DirectoryPolicy

    master_key: SecretStr

    token_minutes: int = Field(default=15, ge=1, le=60)
    session_days: int = Field(default=7, ge=1, description="a sign-in lasts so long at most, however often it is refreshed")
    session_keep_days: int = Field(default=30, ge=1, description="ended sign-ins are kept so long, to recognise a stolen refresh token")
    lockout_failures: int = Field(default=5, ge=1)
    lockout_minutes: int = Field(default=15, ge=1)
    password_min_length: int = Field(default=10, ge=8)
    # OWASP Password Storage Cheat Sheet: argon2id with 19 MiB, 2 rounds, 1 lane is the least
    argon_memory_kib: int = Field(default=19 * 1024, ge=8)
    argon_rounds: int = Field(default=2, ge=1)
    argon_lanes: int = Field(default=1, ge=1)

    token_key_days: int = Field(default=90, ge=1)
    key_lead_seconds: int = Field(default=60, ge=0, description="a new key is published so long before it signs: all know it by then")

    import_rows: int = Field(default=20_000, ge=1)
    import_accounts: int = Field(default=500, ge=1, description="each account costs a password hash")
    import_errors: int = Field(default=200, ge=1, description="so many errors are listed, all are counted")

    @field_validator("master_key")
    @classmethod
    def _has_32_bytes(cls, value: SecretStr) -> SecretStr:
        if len(_decoded(value)) != 32:
            raise ValueError("must be 32 bytes in base64")
        return value

    @cached_property
    def sealing_key(self) -> bytes:
        """The AES-256 key that seals private signing keys: made from the master key for this purpose alone."""
        return HKDF(SHA256(), 32, salt=None, info=b"lianxin directory: signing keys at rest").derive(_decoded(self.master_key))


def _decoded(value: SecretStr) -> bytes:
    plain = value.get_secret_value().rstrip("=").replace("-", "+").replace("_", "/")
    return base64.b64decode(plain + "=" * (-len(plain) % 4))
