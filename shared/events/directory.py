"""Facts that directory tells: who and where. Master data carries the row's version; the newest version wins."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from shared.events.base import Event

RegionKind = Literal["province", "city", "district", "town", "community", "zone", "grid"]
MandateLevel = Literal["national", "provincial", "municipal", "county", "township", "consultative"]
StationKind = Literal[
    "home", "station", "point", "mobile_station", "practice_point", "studio", "micro_home", "virtual_station", "partner_desk"
]
CodeKind = Literal["station", "deputy", "project", "campaign"]


class RegionChanged(Event):
    """A region was entered or changed. `code` is GB/T 2260 (6, 9 or 12 digits) or the own id of a zone or grid (网格)."""

    producer: ClassVar[str] = "directory"
    key: ClassVar[str] = "code"

    code: str
    name: str
    kind: RegionKind
    parent: str | None
    version_no: int


class OrganisationChanged(Event):
    """An organisation was entered or changed. `organisation` is its id: a short Latin word, unique in the site."""

    producer: ClassVar[str] = "directory"
    key: ClassVar[str] = "organisation"

    organisation: str
    name: str
    kind: Literal["government", "congress", "supervisory", "court", "procuratorate", "station_owner", "other"]
    region: str
    active: bool
    version_no: int


class MandateChanged(Event):
    """A deputy's mandate began, was suspended, resumed or ended. One person may hold several, each scored apart.

    `deputy_id` is the mandate's id: what codes, acts and points refer to.
    """

    producer: ClassVar[str] = "directory"
    key: ClassVar[str] = "deputy_id"

    deputy_id: uuid.UUID
    person_id: uuid.UUID
    name: str
    level: MandateLevel
    region: str
    group: str
    status: Literal["active", "suspended", "ended"]
    starts_on: date
    ends_on: date | None
    version_no: int


class StationChanged(Event):
    """A home, station, point or other place where deputies meet people was entered or changed."""

    producer: ClassVar[str] = "directory"
    key: ClassVar[str] = "station_id"

    station_id: uuid.UUID
    name: str
    kind: StationKind
    region: str
    lead_deputy_id: uuid.UUID | None
    status: Literal["planned", "open", "upgraded", "closed"]
    version_no: int


class CodeIssued(Event):
    """A signed QR code was issued for a station, deputy, project or campaign. The code itself is no part of the event."""

    producer: ClassVar[str] = "directory"
    key: ClassVar[str] = "code_id"

    code_id: uuid.UUID
    kind: CodeKind
    target_id: uuid.UUID
    region: str


class CodeRevoked(Event):
    """A code stopped being valid, by revocation or because a rotated one took its place."""

    producer: ClassVar[str] = "directory"
    key: ClassVar[str] = "code_id"

    code_id: uuid.UUID
    reason: Literal["revoked", "rotated"]


class AccountChanged(Event):
    """An account was opened, changed or closed. No user name, no credential: ids and roles only."""

    producer: ClassVar[str] = "directory"
    key: ClassVar[str] = "account_id"

    account_id: uuid.UUID
    role: str
    organisation: str | None
    region: str
    deputy_id: uuid.UUID | None
    active: bool
    version_no: int


class SigningKey(BaseModel):
    """A public Ed25519 key. `use` is `token` for access tokens and `code` for QR codes; `public` is base64url."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    kid: str
    use: Literal["token", "code"]
    public: str
    not_after: datetime | None


class SigningKeysPublished(Event):
    """All public keys that are valid now: the whole set each time, so the last event alone says everything.

    Old and new keys overlap for longer than a token lives (architecture, section 7).
    """

    producer: ClassVar[str] = "directory"
    key: ClassVar[str] = "set_no"

    set_no: int
    keys: tuple[SigningKey, ...]
