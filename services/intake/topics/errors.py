"""What may be refused about topics. The texts stand in `texts.yaml`."""

from __future__ import annotations

from shared.errors import NotFound, Refused


class TopicUnknown(NotFound):
    """No such topic, or none with a message in the caller's region."""


class TopicIsOver(Refused):
    """The topic was closed, dissolved or merged; `merged_into` names where its messages went."""

    shown = ("merged_into",)


class NotOfTopic(Refused):
    """One of the opinions is not of this topic or outside the caller's region, or none would stay."""

    status = 422
