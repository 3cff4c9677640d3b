"""Facts that intake tells of opinions that are alike: ids and counts only. Nothing is merged by a machine."""

from __future__ import annotations

import uuid
from typing import ClassVar, Literal

from shared.events.base import Event


class OpinionsFoundAlike(Event):
    """The text of an opinion is that of an earlier one, or nearly so: a flag for the desk. `percent` of their strings are common."""

    producer: ClassVar[str] = "intake"
    key: ClassVar[str] = "opinion_id"

    flag_id: uuid.UUID
    opinion_id: uuid.UUID
    earlier_id: uuid.UUID
    region: str
    percent: int
    reason: Literal["same_text", "alike"]


class OpinionsJoined(Event):
    """A person joined opinions to one handling (并案): `joined` came new, `opinions` are all of the group. Each gets its own reply."""

    producer: ClassVar[str] = "intake"
    key: ClassVar[str] = "group_id"

    group_id: uuid.UUID
    lead_id: uuid.UUID
    opinions: tuple[uuid.UUID, ...]
    joined: tuple[uuid.UUID, ...]
    version_no: int


class OpinionsParted(Event):
    """A person parted an opinion from its group. `opinions` are those left; none when the group is dissolved."""

    producer: ClassVar[str] = "intake"
    key: ClassVar[str] = "group_id"

    group_id: uuid.UUID
    lead_id: uuid.UUID
    parted: uuid.UUID
    opinions: tuple[uuid.UUID, ...]
    version_no: int


class MassPostingSuspected(Event):
    """Many texts alike came under few codes in a short time: a flag for the desk. `root_id` is the first of these opinions."""

    producer: ClassVar[str] = "intake"
    key: ClassVar[str] = "root_id"

    root_id: uuid.UUID
    region: str
    messages: int
    codes: int
    hours: int
