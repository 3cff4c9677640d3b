"""Pure decisions on answers: to whom they go, when something can have been carried out, and what may be published."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.routing.answers.errors import AlreadyDelivered, DeliveryNotThen, MayNotBePublished, NothingToDeliver, PlacePublishesNoReplies
from services.routing.answers.settings import Answers
from services.routing.models import CaseState
from shared.masking import mask
from shared.workdays import CHINA


@dataclass(frozen=True, slots=True)
class Shown:
    """What of a reply is published."""

    title: str
    suggestion: str | None
    reply: str | None


def addressees(policy: Answers, signers: Sequence[Mapping[str, Any]]) -> list[tuple[uuid.UUID, str]]:
    """The signers that the reply goes to, each with its part."""
    return [(one["deputy_id"], one["part"]) for one in signers if policy.to == "each" or one["part"] == "lead"]


def check_delivery(case: CaseState, newest: Mapping[str, Any] | None, delivered: bool, delivered_on: Any, at: datetime) -> None:
    """Raises NothingToDeliver, AlreadyDelivered or DeliveryNotThen. Some have done it before they say so: from the hand-over on."""
    if newest is None or newest["round"] != case.round or not newest["counts_as_done"]:
        raise NothingToDeliver(number=case.number, state=case.status, current=case.version)
    if delivered:
        raise AlreadyDelivered(number=case.number, current=case.version)
    first = case.clock_from.astimezone(CHINA).date() if case.clock_from else None
    if delivered_on > at.astimezone(CHINA).date() or (first is not None and delivered_on < first):
        raise DeliveryNotThen(where="delivered_on")


def shown(policy: Answers, case: CaseState, *, confidential: bool, publication: str, reply: str) -> Shown:
    """What the place's openness and the deputy's word leave to be shown: of `title_only` neither the suggestion nor its reply.

    Raises PlacePublishesNoReplies or MayNotBePublished.
    """
    if policy.publish == "nothing":
        raise PlacePublishesNoReplies(number=case.number)
    if confidential:
        raise MayNotBePublished(number=case.number, current=case.version)
    if publication != "full":
        return Shown(mask(case.title), None, None)
    return Shown(mask(case.title), mask(case.text) if policy.publish == "suggestion_and_reply" else None, mask(reply))
