"""What a place decides about supervision (督办): who leads, who supervises whom, its meetings, what the procuratorate hears of."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from pydantic import Field, model_validator

from services.routing.labels import Named, Strict
from shared.workdays import Clock


class KeyCases(Strict):
    """Key cases (重点督办建议): grounds, kinds of those who lead the handling (领办) and of those who supervise (督办).

    `one_to_one` (132: 一对一重点督办) asks for exactly one leader and exactly one supervisor.
    """

    grounds: tuple[Named, ...] = Field(min_length=1)
    leaders: tuple[Named, ...] = Field(min_length=1)
    supervisors: tuple[Named, ...] = Field(min_length=1)
    one_to_one: bool


class SetPart(Named):
    """A set part of a meeting (规定环节). `tests`: it is done by counting votes on each case (专项测评), never by ticking."""

    tests: bool = False


class MeetingType(Named):
    """A type of meeting. `promises`: units promise on the spot, with a date (直办会). `yearly`: one that is to be held each year."""

    parts: tuple[SetPart, ...] = ()
    promises: bool = False
    yearly: bool = False


class Procuratorate(Strict):
    """衔接转化: which organisation it is, the fields whose cases go to it, and its time limits (孝感)."""

    organisation: str = Field(pattern=r"^[a-z][a-z0-9_]{1,39}$")
    fields: tuple[Named, ...] = Field(min_length=1)
    documents: Clock = Field(description="until the documents of a case it took up are copied")
    result: Clock = Field(description="until the result is told, from the end of the suggestion's term")


ExternalState = Literal["received", "handling", "done", "returned"]


class Adapter(Named):
    """Another system that cases are handed to; `statuses` says what each of its statuses means here."""

    statuses: dict[str, ExternalState] = Field(min_length=1)


Finding = Literal["done", "in_progress", "not_done"]


class Supervising(Strict):
    """Supervision of handling. `committees`: counterpart committee (对口工委) → the departments it supervises."""

    key_cases: KeyCases
    joint_roles: tuple[Named, ...] = Field(min_length=1)
    committees: dict[str, tuple[str, ...]]
    meetings: tuple[MeetingType, ...] = Field(min_length=1)
    procuratorate: Procuratorate
    adapters: tuple[Adapter, ...]

    @model_validator(mode="after")
    def _codes_are_unique(self) -> Supervising:
        key = self.key_cases
        lists: tuple[Iterable[Named], ...] = (key.grounds, key.leaders, key.supervisors, self.joint_roles, self.meetings, self.adapters)
        for named in (*lists, self.procuratorate.fields, *(kind.parts for kind in self.meetings)):
            codes = [one.code for one in named]
            if twice := sorted({code for code in codes if codes.count(code) > 1}):
                raise ValueError(f"appears twice: {', '.join(twice)}")
        return self

    def departments_of(self, committee: str | None) -> tuple[str, ...]:
        """The departments that a committee supervises."""
        return self.committees.get(committee or "", ())

    def meeting(self, code: str) -> MeetingType | None:
        """The type of meeting with this code, if the place has it."""
        return next((kind for kind in self.meetings if kind.code == code), None)
