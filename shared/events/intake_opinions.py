"""Facts that intake tells of an opinion after it was sent: what its sender, a deputy or the public adds to it."""

from __future__ import annotations

import uuid
from typing import ClassVar, Literal

from shared.events.base import Event
from shared.events.intake import RatingLevel

Source = Literal["reception_desk", "telephone", "paper"]
"""How an opinion came to the staff who entered it."""


class AttachmentsGiven(Event):
    """Files were given to an opinion. They stay in intake, where those who handle it read them."""

    producer: ClassVar[str] = "intake"
    key: ClassVar[str] = "opinion_id"

    opinion_id: uuid.UUID
    number: str
    count: int


class OpinionEnteredOnBehalf(Event):
    """Staff entered an opinion for somebody who came, called or wrote. `persons` spoke for it; the deputies were there."""

    producer: ClassVar[str] = "intake"
    key: ClassVar[str] = "opinion_id"

    opinion_id: uuid.UUID
    number: str
    source: Source
    station_id: uuid.UUID
    region: str
    deputies: tuple[uuid.UUID, ...]
    persons: int


class OpinionSupplemented(Event):
    """The sender added to an opinion before it was answered. The text is masked."""

    producer: ClassVar[str] = "intake"
    key: ClassVar[str] = "opinion_id"

    opinion_id: uuid.UUID
    number: str
    supplement_id: uuid.UUID
    text: str


class OpinionWithdrawn(Event):
    """The sender took an opinion back before it was answered: nobody needs to handle it any more."""

    producer: ClassVar[str] = "intake"
    key: ClassVar[str] = "opinion_id"

    opinion_id: uuid.UUID
    number: str


class OpinionAnsweredByRep(Event):
    """A deputy answered alone, within the place's hours. It is no reply of a unit. The text is masked."""

    producer: ClassVar[str] = "intake"
    key: ClassVar[str] = "opinion_id"

    opinion_id: uuid.UUID
    number: str
    deputy_id: uuid.UUID
    text: str


class RepAnswerMissed(Event):
    """The deputy whose code an opinion came by did not answer within the place's hours. Told once."""

    producer: ClassVar[str] = "intake"
    key: ClassVar[str] = "opinion_id"

    opinion_id: uuid.UUID
    number: str
    deputy_id: uuid.UUID


class RepAnswerJudged(Event):
    """The sender is content with a deputy's answer, and the matter is over as `answered_by_rep`; or is not, and it goes on."""

    producer: ClassVar[str] = "intake"
    key: ClassVar[str] = "opinion_id"

    opinion_id: uuid.UUID
    number: str
    deputy_id: uuid.UUID
    accepted: bool


class OpinionPublished(Event):
    """An opinion whose sender agreed was put on the public board by the desk, in the desk's words."""

    producer: ClassVar[str] = "intake"
    key: ClassVar[str] = "opinion_id"
    open_to_all: ClassVar[bool] = True

    opinion_id: uuid.UUID
    region: str
    category: str | None


class OpinionUnpublished(Event):
    """An opinion left the public board: the sender or the desk took it down."""

    producer: ClassVar[str] = "intake"
    key: ClassVar[str] = "opinion_id"
    open_to_all: ClassVar[bool] = True

    opinion_id: uuid.UUID
    by: Literal["sender", "desk"]


class ReplyPublished(Event):
    """The reply of a round was put on the public board, where anybody may appraise it."""

    producer: ClassVar[str] = "intake"
    key: ClassVar[str] = "opinion_id"
    open_to_all: ClassVar[bool] = True

    opinion_id: uuid.UUID
    round: int


class ReplyAppraised(Event):
    """Somebody of the public appraised a published reply: one vote of a person or device."""

    producer: ClassVar[str] = "intake"
    key: ClassVar[str] = "opinion_id"

    opinion_id: uuid.UUID
    round: int
    level: RatingLevel


Change = Literal["replied", "closed"]
"""What became of an opinion that somebody follows."""


class FollowedOpinionMoved(Event):
    """An opinion on the board was replied to or closed, which an account follows: one event for each account."""

    producer: ClassVar[str] = "intake"
    key: ClassVar[str] = "opinion_id"

    opinion_id: uuid.UUID
    account_id: uuid.UUID
    change: Change
    round: int
