"""What is refused about answers, each named by the fact. The texts stand in `texts.yaml`."""

from __future__ import annotations

from shared.errors import Refused


class AnswerNotFound(Refused):
    """No answer of this round went to the deputy."""

    status = 404


class NothingToDeliver(Refused):
    """The newest reply does not say that the matter is solved: what a class promises is delivered in the promise ledger."""

    shown = ("state", "current")


class AlreadyDelivered(Refused):
    """The round's delivery is recorded."""

    shown = ("current",)


class DeliveryNotThen(Refused):
    """The day is in the future, or before the hand-over."""

    status = 422


class PlacePublishesNoReplies(Refused):
    """The place's profile publishes no replies."""


class MayNotBePublished(Refused):
    """The suggestion is confidential: nothing of it is published."""

    shown = ("current",)


class NoReplyToPublish(Refused):
    """The round has no reply, or the case is not a suggestion's: what residents said is published by intake, with their consent."""

    shown = ("state", "current")


class AlreadyPublished(Refused):
    """The reply of this round is published."""

    shown = ("current",)
