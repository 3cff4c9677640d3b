"""Pure decisions on regions and stations (GB/T 2260, GB/T 10114, statistical community codes; handbook, section 6)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from services.directory.errors import RegionCodeNotValid, StationStatusForbids
from shared.events.directory import RegionKind

OrganisationKind = Literal["government", "congress", "supervisory", "court", "procuratorate", "station_owner", "other"]
StationStatus = Literal["planned", "open", "upgraded", "closed"]

_FORM: Mapping[RegionKind, re.Pattern[str]] = {
    "province": re.compile(r"[1-9]\d0{4}"),
    "city": re.compile(r"[1-9]\d{3}00"),
    "district": re.compile(r"[1-9]\d{5}"),
    "zone": re.compile(r"[1-9]\d{5}[a-z]{2,10}"),
    "town": re.compile(r"[1-9]\d{8}"),
    "community": re.compile(r"[1-9]\d{11}"),
    "grid": re.compile(r"[1-9]\d{11}g\d{1,4}"),
}
_PARENTS: Mapping[RegionKind, tuple[RegionKind, ...]] = {
    "province": (),
    "city": ("province",),
    "district": ("city",),
    "zone": ("district",),
    "town": ("district", "zone"),
    "community": ("town", "zone"),
    "grid": ("community",),
}
DEPTH: Mapping[str, int] = {"province": 0, "city": 1, "district": 2, "zone": 3, "town": 4, "community": 5, "grid": 6}
"""In which order a tree is entered, parents before children."""

_NEXT: Mapping[StationStatus, tuple[StationStatus, ...]] = {
    "planned": ("open", "closed"),
    "open": ("upgraded", "closed"),
    "upgraded": ("open", "closed"),
    "closed": (),
}


def stem(code: str) -> str:
    """What the codes of everything inside a region begin with: `320400` -> `3204`; a zone's own id names its district."""
    if len(code) == 6 and code.endswith("00"):
        return code[:2] if code.endswith("0000") else code[:4]
    return code[:6] if code[-1:].isalpha() else code


def check_region(code: str, kind: RegionKind, parent: tuple[str, RegionKind] | None, site: str) -> None:
    """Raises RegionCodeNotValid unless the code has the form of its kind and lies under its parent.

    Only the site's own region stands without a parent: it is the root of the tree.
    """
    if not _FORM[kind].fullmatch(code):
        raise RegionCodeNotValid(where="code", code=code)
    if parent is None:
        if code != site:
            raise RegionCodeNotValid(where="parent", code=code)
        return
    parent_code, parent_kind = parent
    if parent_kind not in _PARENTS[kind] or not code.startswith(stem(parent_code)):
        raise RegionCodeNotValid(where="parent", code=code)


def check_station(current: StationStatus, wanted: StationStatus) -> None:
    """Raises StationStatusForbids when the station cannot pass from one status to the other. A closed one stays closed."""
    if wanted != current and wanted not in _NEXT[current]:
        raise StationStatusForbids(where="status", current=current)
