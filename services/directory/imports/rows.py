"""From the bytes of a CSV file to typed lines, with every cell that does not fit named by line and column."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.directory.accounts.rules import Role
from services.directory.errors import (
    CellMissing,
    CellNotValid,
    ColumnMissing,
    ColumnTwice,
    ColumnUnknown,
    LineOfOtherLength,
    NotReadableAsCsv,
)
from services.directory.places.rules import OrganisationKind, StationStatus
from shared.errors import Refused
from shared.events.directory import MandateLevel, RegionKind, StationKind

Kind = Literal["regions", "organisations", "people", "stations", "accounts"]

_HINTS = {"literal_error": "expected", "string_too_long": "max_length", "string_pattern_mismatch": "pattern"}
"""Which member of the validation's context says best what a cell must be."""


class Line(BaseModel):
    """Base of a line: cells are cut of white space, an empty cell is no value."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class RegionLine(Line):
    """A region."""

    code: str = Field(max_length=20)
    name: str = Field(max_length=60)
    kind: RegionKind
    parent: str | None = Field(default=None, max_length=20)


class OrganisationLine(Line):
    """An organisation."""

    organisation: str = Field(pattern=r"^[a-z][a-z0-9_]{1,39}$")
    name: str = Field(max_length=60)
    kind: OrganisationKind
    region: str = Field(max_length=20)
    active: bool = True


class PersonLine(Line):
    """One mandate of a person: a person with several has several lines. `person` and `card` are numbers of the site's list."""

    person: str = Field(max_length=40)
    name: str = Field(max_length=40)
    level: MandateLevel
    region: str = Field(max_length=20)
    group: str = Field(default="", max_length=60)
    card: str = Field(max_length=40)
    starts_on: date
    ends_on: date | None = None


class StationLine(Line):
    """A station; `lead` is the card number of its lead deputy."""

    name: str = Field(max_length=60)
    kind: StationKind
    region: str = Field(max_length=20)
    lead: str | None = Field(default=None, max_length=40)
    address: str = Field(default="", max_length=120)
    opening_hours: str = Field(default="", max_length=120)
    brand: str = Field(default="", max_length=60)
    status: StationStatus = "open"


class AccountLine(Line):
    """An account; `deputy` is the card number of the mandate it acts for. The password is made, never given."""

    username: str = Field(min_length=2, max_length=64)
    role: Role
    organisation: str | None = Field(default=None, max_length=40)
    region: str | None = Field(default=None, max_length=20)
    deputy: str | None = Field(default=None, max_length=40)


MODELS: Mapping[Kind, type[Line]] = {
    "regions": RegionLine,
    "organisations": OrganisationLine,
    "people": PersonLine,
    "stations": StationLine,
    "accounts": AccountLine,
}


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong at a line, as a refusal: its `where` is the column."""

    line: int
    refusal: Refused


@dataclass(frozen=True, slots=True)
class Read:
    """The lines that fit, each with its number in the file, and the flaws of the others."""

    lines: list[tuple[int, Line]]
    flaws: list[Flaw]


def read(kind: Kind, content: bytes) -> Read:
    """The lines of a file. Knows UTF-8, with or without mark, and GB18030, in which office programs save Chinese tables."""
    try:
        records = list(_records(_decoded(content)))
    except (csv.Error, UnicodeDecodeError):
        return Read([], [Flaw(1, NotReadableAsCsv())])
    model = MODELS[kind]
    if not records:
        return Read([], [Flaw(1, ColumnMissing(where=name, column=name)) for name in _required(model)])
    (_, head), *body = records
    columns = [name.strip().casefold() for name in head]
    if wrong := _of_head(columns, model):
        return Read([], [Flaw(1, refusal) for refusal in wrong])
    lines: list[tuple[int, Line]] = []
    flaws: list[Flaw] = []
    for number, cells in body:
        if len(cells) != len(columns):
            flaws.append(Flaw(number, LineOfOtherLength(found=len(cells), expected=len(columns))))
            continue
        try:
            lines.append((number, model.model_validate({name: cell for name, cell in zip(columns, cells, strict=True) if cell.strip()})))
        except ValidationError as error:
            flaws.extend(Flaw(number, _refusal(problem)) for problem in error.errors())
    return Read(lines, flaws)


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("gb18030")


def _records(text: str) -> Iterator[tuple[int, list[str]]]:
    """Each record with the number of its first line; empty lines are left out."""
    if "\0" in text:
        raise csv.Error("a NUL character")
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    first = 1
    for cells in reader:
        if any(cell.strip() for cell in cells):
            yield first, cells
        first = reader.line_num + 1


def _of_head(columns: list[str], model: type[Line]) -> list[Refused]:
    known = ", ".join(model.model_fields)
    return [
        *(ColumnMissing(where=name, column=name) for name in _required(model) if name not in columns),
        *(ColumnUnknown(where=name, column=name, known=known) for name in columns if name not in model.model_fields),
        *(ColumnTwice(where=name, column=name) for name in sorted(set(columns)) if columns.count(name) > 1),
    ]


def _required(model: type[Line]) -> list[str]:
    return [name for name, field in model.model_fields.items() if field.is_required()]


def _refusal(problem: Any) -> Refused:
    column = str(problem["loc"][0])
    if problem["type"] == "missing":
        return CellMissing(where=column, column=column)
    hint = problem.get("ctx", {}).get(_HINTS.get(problem["type"], ""), problem["msg"])
    return CellNotValid(where=column, column=column, hint=hint)
