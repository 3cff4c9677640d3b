"""Tables of directory. Master data carries `version_no`: its events carry the same number and the newest wins."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from shared.db import utc_column


class Base(SQLModel, registry=registry()):
    """Own metadata of this service."""

    __abstract__ = True


class Region(Base, table=True):
    """A place of the region tree: GB/T 2260 and its 9- and 12-digit extensions, or a zone with an id of its own."""

    code: str = Field(primary_key=True)
    name: str
    kind: str
    parent: str | None = Field(default=None, foreign_key="region.code", index=True)
    version_no: int


class Organisation(Base, table=True):
    """A body (机构). Its id is a short Latin word: the audience of events addressed to it."""

    organisation: str = Field(primary_key=True)
    name: str
    kind: str
    region: str = Field(foreign_key="region.code")
    active: bool
    version_no: int


class Person(Base, table=True):
    """Who holds mandates. No more is kept of a person than the number of the site's list and the name."""

    id: uuid.UUID = Field(primary_key=True)
    number: str = Field(unique=True)
    name: str


class Mandate(Base, table=True):
    """A deputy's mandate. Its id is the `deputy_id` everywhere; `card` is the number of the deputy's card (代表证号)."""

    id: uuid.UUID = Field(primary_key=True)
    person_id: uuid.UUID = Field(foreign_key="person.id", index=True)
    card: str = Field(unique=True)
    level: str
    region: str = Field(foreign_key="region.code", index=True)
    group: str
    status: str
    starts_on: date
    ends_on: date | None = None
    version_no: int


class Station(Base, table=True):
    """A home, station, point or other place where deputies meet people (家、站、点)."""

    __table_args__ = (UniqueConstraint("region", "name"),)

    id: uuid.UUID = Field(primary_key=True)
    name: str
    kind: str
    region: str = Field(foreign_key="region.code", index=True)
    lead_deputy_id: uuid.UUID | None = Field(default=None, foreign_key="mandate.id")
    address: str
    opening_hours: str
    brand: str
    status: str
    version_no: int


class Code(Base, table=True):
    """An issued QR code. The text is public: it hangs on walls."""

    id: uuid.UUID = Field(primary_key=True)
    kind: str
    target_id: uuid.UUID = Field(index=True)
    region: str
    label: str | None = None
    text: str
    status: str
    issued_at: datetime = utc_column()
    ended_at: datetime | None = utc_column(nullable=True, default=None)
    version_no: int


class Scan(Base, table=True):
    """How often a code was scanned on a day of the place's calendar."""

    code_id: uuid.UUID = Field(primary_key=True, foreign_key="code.id")
    day: date = Field(primary_key=True)
    scans: int


class Account(Base, table=True):
    """Who signs in. `awaits_grant`: an administrator's role was asked for and the security administrator has not granted it."""

    __table_args__ = (CheckConstraint("NOT (active AND awaits_grant)", name="account_granted_before_active"),)

    id: uuid.UUID = Field(primary_key=True)
    username: str = Field(unique=True)
    password_hash: str
    must_change: bool
    role: str
    organisation: str | None = Field(default=None, foreign_key="organisation.organisation")
    region: str = Field(index=True)
    deputy_id: uuid.UUID | None = Field(default=None, foreign_key="mandate.id")
    active: bool
    awaits_grant: bool
    failures: int
    locked_until: datetime | None = utc_column(nullable=True, default=None)
    created_at: datetime = utc_column()
    version_no: int


class LoginDecoy(Base, table=True):
    """What a failed login of an unknown name counts in, so that it costs the same as a known one's. Fixed rows."""

    __tablename__ = "login_decoy"

    slot: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    failures: int


class Session(Base, table=True):
    """A sign-in: the family of refresh tokens that followed from one password."""

    id: uuid.UUID = Field(primary_key=True)
    account_id: uuid.UUID = Field(foreign_key="account.id", index=True)
    started_at: datetime = utc_column()
    ends_at: datetime = utc_column(index=True)
    revoked_at: datetime | None = utc_column(nullable=True, default=None)
    revoked_for: str | None = None


class RefreshToken(Base, table=True):
    """A refresh token, known by its SHA-256 only. `used_at` set: it was rotated, and its return is theft."""

    __tablename__ = "refresh_token"

    digest: bytes = Field(primary_key=True)
    session_id: uuid.UUID = Field(foreign_key="session.id", index=True, ondelete="CASCADE")
    used_at: datetime | None = utc_column(nullable=True, default=None)


class IssuingKey(Base, table=True):
    """An Ed25519 key of this suite. The private part is sealed with the master key and gone once a newer one signs."""

    __tablename__ = "issuing_key"
    __table_args__ = (Index("issuing_key_by_use", "use", "signs_from"),)

    kid: str = Field(primary_key=True)
    use: str
    public: bytes
    sealed: bytes | None = None
    signs_from: datetime = utc_column()
    not_after: datetime | None = utc_column(nullable=True, default=None)
    withdrawn: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})


class KeySet(Base, table=True):
    """A set of public keys that was published: the highest number is the one that holds."""

    __tablename__ = "key_set"

    set_no: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    published_at: datetime = utc_column()
