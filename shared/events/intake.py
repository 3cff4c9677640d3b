"""Facts that intake tells: what people say. Texts are masked before emission; contact data never leaves intake."""

from __future__ import annotations

import uuid
from typing import ClassVar, Literal

from shared.events.base import Event

RatingLevel = Literal["satisfied", "basically_satisfied", "dissatisfied"]


class OpinionSubmitted(Event):
    """A resident's opinion was accepted and has a tracking number."""

    producer: ClassVar[str] = "intake"
    key: ClassVar[str] = "opinion_id"

    opinion_id: uuid.UUID
    number: str
    channel: Literal["station", "deputy", "project", "campaign"]
    code_id: uuid.UUID
    target_id: uuid.UUID
    region: str


class OpinionClassified(Event):
    """An opinion was given a category, or none: then a desk decides. Carries what a handler needs to open a case."""

    producer: ClassVar[str] = "intake"
    key: ClassVar[str] = "opinion_id"

    opinion_id: uuid.UUID
    number: str
    region: str
    title: str
    text: str
    category: str | None
    confidence: float
    source: Literal["sender", "rule", "model", "none"]
    target_id: uuid.UUID
    channel: Literal["station", "deputy", "project", "campaign"]


class OpinionRated(Event):
    """The sender rated the reply of a round. Routing decides whether it counts. The comment is masked."""

    producer: ClassVar[str] = "intake"
    key: ClassVar[str] = "opinion_id"

    opinion_id: uuid.UUID
    number: str
    round: int
    level: RatingLevel
    comment: str | None
