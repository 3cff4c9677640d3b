"""Facts that intake tells of deputies' suggestions (代表建议) up to their check; then routing takes over (domain, section 1).

Texts are masked. Of a confidential suggestion no event carries title, text or reason: whoever may read it asks intake.
`deputy_id` is the lead's mandate. Nothing is told of a draft that nobody but its signers has seen, but that it was withdrawn.
"""

from __future__ import annotations

import uuid
from typing import ClassVar, Literal

from shared.events.base import Event

Kind = Literal["suggestion", "criticism", "opinion", "bill"]
RaisedIn = Literal["congress", "recess"]
Publication = Literal["full", "title_only"]
Point = Literal["legality", "necessity", "operability"]
Handling = Literal["lead_and_co", "separate"]


class SuggestionEvent(Event):
    """What all facts about a suggestion share. `office` is the region of the congress whose office checks it."""

    producer: ClassVar[str] = "intake"
    key: ClassVar[str] = "suggestion_id"

    suggestion_id: uuid.UUID
    number: str
    version_no: int
    kind: Kind
    raised_in: RaisedIn
    deputy_id: uuid.UUID
    region: str
    office: str
    confidential: bool


class CoSignerInvited(SuggestionEvent):
    """The lead invited a deputy to sign (联名), or asked again because the text had changed."""

    co_signer: uuid.UUID


class CoSignerAnswered(SuggestionEvent):
    """An invited deputy said yes or no (附议)."""

    co_signer: uuid.UUID
    agreed: bool


class CoSignerReleased(SuggestionEvent):
    """The lead took an invitation or a signature off the suggestion before it was submitted."""

    co_signer: uuid.UUID


class PreCheckAsked(SuggestionEvent):
    """An organisation was asked for its opinion before the suggestion is submitted (前置沟通). Addressed to it alone."""

    addressed: ClassVar[bool] = True

    organisation: str


class PreCheckGiven(SuggestionEvent):
    """An adviser gave an opinion on one of the three points (合法性、必要性、可操作性). The comment stays in intake."""

    organisation: str
    point: Point
    favourable: bool


class SuggestionPreSubmitted(SuggestionEvent):
    """The lead handed a draft to the township (预提交)."""


class SuggestionPassed(SuggestionEvent):
    """The township passed a pre-submission: it may be submitted when the congress takes suggestions."""


class SuggestionReturned(SuggestionEvent):
    """The township returned a pre-submission to its lead (置回). `reason` is absent when confidential."""

    reason: str | None


class SuggestionTakenBack(SuggestionEvent):
    """The lead took a pre-submission back to work on it."""


class SuggestionSubmitted(SuggestionEvent):
    """A suggestion was formally submitted. `co_signers` are those who signed this very text."""

    co_signers: tuple[uuid.UUID, ...]
    session: str | None


class SuggestionChecked(SuggestionEvent):
    """The congress's office checked a suggestion and hands it over: all that routing needs to open a case.

    `lead_wish` and `co_wishes` are the signers' wishes as to who handles it. `session` is absent in recess. `reply_wanted`
    is false for one meant for reference only (仅供研究参考). Title and text are absent when confidential. `quality` is the
    content's score of 100 by the profile's rule.
    """

    co_signers: tuple[uuid.UUID, ...]
    session: str | None
    term: int | None
    meeting: int | None
    level: str
    delegation: str
    title: str | None
    text: str | None
    category: str | None
    publication: Publication
    handling: Handling
    lead_wish: str | None
    co_wishes: tuple[str, ...]
    formed_by: tuple[str, ...]
    raised_before: str | None
    wants_contact: bool
    reply_wanted: bool
    from_bill: bool
    quality: int
    profile_version: str


class SuggestionRefused(SuggestionEvent):
    """The office refused a suggestion on a ground of the place's list. `reason` is absent when confidential."""

    ground: str
    reason: str | None


class SuggestionPassedOnAsLetter(SuggestionEvent):
    """The office passed a refused suggestion on as a deputy's letter (代表来信): no clock of 代表法 51 runs for it."""

    ground: str
    organisation: str
    title: str
    text: str


class BillPutOnAgenda(SuggestionEvent):
    """A bill (议案) was put on the agenda: it leaves the path of suggestions."""

    co_signers: tuple[uuid.UUID, ...]


class BillTurnedIntoSuggestion(SuggestionEvent):
    """A bill that was not put on the agenda goes on as a suggestion. `reason` is absent when confidential."""

    reason: str | None


class SuggestionWithdrawalProposed(SuggestionEvent):
    """The lead of a joint suggestion wishes to withdraw it: each of `co_signers` is asked to agree."""

    co_signers: tuple[uuid.UUID, ...]


class SuggestionWithdrawalAnswered(SuggestionEvent):
    """A co-signer agreed to the withdrawal or not. One no ends it."""

    co_signer: uuid.UUID
    agreed: bool


class SuggestionWithdrawn(SuggestionEvent):
    """A suggestion was withdrawn before its check. `was_submitted` is false for a draft or a pre-submission."""

    co_signers: tuple[uuid.UUID, ...]
    was_submitted: bool


class SuggestionWithdrawalAsked(SuggestionEvent):
    """All signers wish to withdraw a suggestion that was handed to routing. `until` is the place's rule; routing decides."""

    co_signers: tuple[uuid.UUID, ...]
    until: Literal["hand_over", "reply"]
