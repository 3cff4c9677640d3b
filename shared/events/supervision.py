"""Facts that supervision tells: public projects, their stages, and what deputies did to watch them."""

from __future__ import annotations

import uuid
from datetime import date
from typing import ClassVar, Literal

from shared.events.base import Event

StageName = Literal["initiation", "approval", "construction", "acceptance"]


class ProjectEntered(Event):
    """A public project was entered on a board. No free text: ids and dates."""

    producer: ClassVar[str] = "supervision"
    key: ClassVar[str] = "project_id"
    open_to_all: ClassVar[bool] = True

    project_id: uuid.UUID
    board: str
    owner: str
    region: str


class StageCompleted(Event):
    """A stage of a project was completed on a day."""

    producer: ClassVar[str] = "supervision"
    key: ClassVar[str] = "project_id"
    open_to_all: ClassVar[bool] = True

    project_id: uuid.UUID
    stage: StageName
    planned_on: date
    completed_on: date
    was_delayed: bool


class StageDelayed(Event):
    """A stage was not complete when its planned day had passed. Exactly one per stage and planned day."""

    producer: ClassVar[str] = "supervision"
    key: ClassVar[str] = "project_id"
    open_to_all: ClassVar[bool] = True

    project_id: uuid.UUID
    owner: str
    stage: StageName
    planned_on: date


class SupervisionActLogged(Event):
    """A deputy logged an act of supervision on a project (代表监督)."""

    producer: ClassVar[str] = "supervision"
    key: ClassVar[str] = "project_id"

    act_id: uuid.UUID
    project_id: uuid.UUID
    deputy_id: uuid.UUID
