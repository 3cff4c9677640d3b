"""Facts that routing tells of answers: to whom a reply went, when it was carried out, what of it is published."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Literal

from shared.events.routing import CaseEvent


class AnswerSent(CaseEvent):
    """The reply of the round went to a signer. One for each; the words are in `CaseReplied`."""

    deputy_id: uuid.UUID
    part: Literal["lead", "co_signer"]
    result_class: str


class AnswerReceived(CaseEvent):
    """A signer has the reply of `answered_round` (回执)."""

    deputy_id: uuid.UUID
    answered_round: int


class CaseDelivered(CaseEvent):
    """What the round's reply says is carried out (落实): since which day in China, apart from when it was replied. Evidence is masked."""

    department: str
    replied_at: datetime
    delivered_on: date
    evidence: str


class SuggestionReplyPublished(CaseEvent):
    """The reply of `published_round` to a suggestion is published. Words that the deputy or the place keeps back are None; masked."""

    published_round: int
    department: str
    result_class: str
    replied_at: datetime
    title: str
    suggestion: str | None
    reply: str | None
