"""What a place decides about receptions: kinds of meetings, the rule calendar of contact days, notice and sign-in."""

from __future__ import annotations

from datetime import time
from typing import Annotated, Literal

from pydantic import Field, model_validator

from services.intake.labels import Label, Strict
from shared.events.intake_contacts import Measure
from shared.events.intake_receptions import MatterStage

_Code = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,39}$")]
Month = Annotated[int, Field(ge=1, le=12)]


class DayRule(Strict):
    """Which day of a month: `weekday` 1 (Monday) to 7, the `nth`, counted one of two ways that differ in some months.

    `week_of_month`: weeks begin on Monday and the first is the one that holds the 1st ("第三周的星期二"); the day is none when
    it falls into another month. `weekday_of_month`: the third Tuesday is the third one there is.
    """

    months: tuple[Month, ...] = tuple(range(1, 13))
    weekday: int = Field(ge=1, le=7)
    nth: int = Field(ge=1, le=5)
    counted: Literal["week_of_month", "weekday_of_month"]


class Calendar(Strict):
    """A rule that plans a year of meetings of one kind, and what happens when a day of it is no working day."""

    code: _Code
    label: Label
    kind: _Code
    days: DayRule
    day_off: Literal["keep", "next_workday"]
    begins: time
    ends: time
    source: str = Field(min_length=1)

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Calendar:
        if self.ends <= self.begins:
            raise ValueError("ends must be later than begins")
        return self


class Kind(Strict):
    """A kind of meeting of deputies with people.

    `measures`: the minimums that attending counts for. `link`: it is streamed, or held screen to screen, and needs its address.
    `comments`: viewers may comment. `experts`: experts sit beside the deputies. `partners`: it is held together with other regions.
    """

    code: _Code
    label: Label
    measures: tuple[Measure, ...] = ()
    link: bool = False
    comments: bool = False
    experts: bool = False
    partners: bool = False


class Ground(Strict):
    """Why a matter is not taken at a reception."""

    code: _Code
    label: Label


class ReceptionPolicy(Strict):
    """What a place decides about receptions."""

    notice_days: int = Field(ge=0, le=60, description="days between the notice and the reception")
    sign_in_before_minutes: int = Field(ge=0, le=24 * 60, description="how long before it begins deputies may sign in by code")
    stages: dict[MatterStage, Label]
    kinds: tuple[Kind, ...] = Field(min_length=1)
    calendars: tuple[Calendar, ...]
    not_taken: tuple[Ground, ...]

    @model_validator(mode="after")
    def _hangs_together(self) -> ReceptionPolicy:
        kinds = [kind.code for kind in self.kinds]
        if len(set(kinds)) < len(kinds) or len({c.code for c in self.calendars}) < len(self.calendars):
            raise ValueError("a kind's or calendar's code appears twice")
        if unknown := {c.kind for c in self.calendars} - set(kinds):
            raise ValueError(f"calendars name unknown kinds: {', '.join(sorted(unknown))}")
        if missing := {"instant", "study", "follow_up"} - self.stages.keys():
            raise ValueError(f"stages lack {', '.join(sorted(missing))}")
        return self

    def kind(self, code: str) -> Kind | None:
        """The kind of that code, if the place has it."""
        return next((kind for kind in self.kinds if kind.code == code), None)

    def calendar(self, code: str) -> Calendar | None:
        """The calendar of that code, if the place has it."""
        return next((calendar for calendar in self.calendars if calendar.code == code), None)
