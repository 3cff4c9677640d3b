"""Facts that routing tells of evaluation: opinion forms, deputies' ratings, second appraisals."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Literal

from shared.events.intake import RatingLevel
from shared.events.routing import CaseEvent


class OpinionFormSent(CaseEvent):
    """The reply to a suggestion took its opinion form (征询意见表) to the lead deputy, who returns it by `due_at`."""

    deputy_id: uuid.UUID
    due_at: datetime
    due_is_provisional: bool


class OpinionFormReminded(CaseEvent):
    """The lead deputy was reminded (催告) of a form that is still out. Once a form; `round` is the case's of now."""

    deputy_id: uuid.UUID
    due_at: datetime


class OpinionFormDueMoved(CaseEvent):
    """A new calendar moved the deadline of `form_round`'s form, or made it certain."""

    deputy_id: uuid.UUID
    form_round: int
    due_before: datetime
    due_at: datetime
    due_is_provisional: bool
    calendar: str


class OpinionFormNotReturned(CaseEvent):
    """The form did not come back in its time by any channel, and the case was closed without a rating. Once a form."""

    department: str
    deputy_id: uuid.UUID
    due_at: datetime


class SuggestionRated(CaseEvent):
    """The lead deputy rated the reply of `rated_round` by one channel (双测评); `result` counts. The comment is masked.

    What follows is told by `CaseClosed` or `CaseReopened` when this channel decides.
    """

    deputy_id: uuid.UUID
    rated_round: int
    channel: Literal["net", "paper"]
    attitude: RatingLevel
    result: RatingLevel
    comment: str | None


class SignerCommented(CaseEvent):
    """A signer said something of the reply of `on_round`, which decides nothing. Masked."""

    deputy_id: uuid.UUID
    on_round: int
    comment: str


class SecondAppraisalOpened(CaseEvent):
    """The desk opened a second appraisal (二次评价) of a case by a group with so many seats."""

    appraisal_id: uuid.UUID
    seats: int


class SecondAppraisalVoted(CaseEvent):
    """A seat of the group has voted; what it voted is in the outcome only."""

    appraisal_id: uuid.UUID
    seat: int


class SecondAppraisalEnded(CaseEvent):
    """A second appraisal ended. `failed`: the case was handed over again (二次交办), as `CaseReopened` tells; `called_off`: no result."""

    appraisal_id: uuid.UUID
    outcome: Literal["passed", "failed", "called_off"]
    seats: int
    votes: int
    satisfied: int
    basically_satisfied: int
    dissatisfied: int
