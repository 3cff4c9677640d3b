"""What the reports show: figures, each share with its base."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from pydantic import BaseModel, ConfigDict, Field


class _Out(BaseModel):
    model_config = ConfigDict(from_attributes=True, populate_by_name=True)


class RateOut(_Out):
    """`n` of `of`. `percent` is null where `of` is 0."""

    n: int
    of: int
    percent: Decimal | None


class ShareOut(_Out):
    """How many have this code, and their share of the base in percent."""

    code: str
    label: str
    count: int
    share: Decimal


class SharesOut(_Out):
    """Shares by largest remainder, which add up to 100. `base` is what they are of."""

    base: int
    items: list[ShareOut]


class SatisfactionOut(_Out):
    """`satisfied` of `base` in percent. `rated` replies have a rating, `not_returned` have none: the profile says
    whether they are in the base."""

    base: int
    rated: int
    not_returned: int
    satisfied: int
    percent: Decimal | None
    levels: SharesOut


class FiguresOut(_Out):
    """Cases of a group. `received`: opened in the year; of these `withdrawn` are in no share. `replied` have a reply, `unanswered` have
    none yet. `classes`: of `replied`, by the newest reply. `satisfaction`: of the newest replies, `first_satisfaction`: of the first.
    `on_time`: replies given in time, of those given and those owed and late (`overdue`); what is not due yet is in neither.
    `returned`: cases that a department objected to, of those handed over. `handled_again`: in a second round or later, of `replied`."""

    key: str | None
    name: str | None
    received: int
    withdrawn: int
    replied: int
    unanswered: int
    overdue: int
    classes: SharesOut
    satisfaction: SatisfactionOut
    first_satisfaction: SatisfactionOut
    on_time: RateOut
    returned: RateOut
    handled_again: RateOut


class PhaseOut(_Out):
    """A phase as the place calls it, and how many cases stand in it now."""

    code: str
    label: str
    count: int


class HandlingReport(_Out):
    """The year's handling: all cases in the caller's scope, by department and by category. Shares have `decimals` places."""

    year: int
    region: str
    department: str | None
    made_at: datetime
    profile_version: str
    decimals: int
    total: FiguresOut
    phases: list[PhaseOut]
    departments: list[FiguresOut]
    categories: list[FiguresOut]


class YearsReport(_Out):
    """The same figures by the year in which cases were opened."""

    decimals: int
    years: list[FiguresOut]


class ClassShare(_Out):
    """How many cases have this class in their newest reply, and their share of the base in percent."""

    code: str = Field(alias="class")
    label: str
    count: int
    share: Decimal


class ClassReport(BaseModel):
    """Result classes with shares that add up to 100. `base` is what the shares are of: cases with a reply."""

    base: int
    items: list[ClassShare]
