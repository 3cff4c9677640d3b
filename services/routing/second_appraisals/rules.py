"""Pure decisions on second appraisals: which case has one, by how many, and what their votes say."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from services.routing.evaluation.settings import SecondAppraisal as Policy
from services.routing.models import CaseState
from services.routing.second_appraisals.errors import (
    AppraisalHasEnded,
    NothingToAppraise,
    PlaceHasNoSecondAppraisal,
    SeatTwice,
    TooFewSeats,
    VotesMissing,
)
from services.routing.second_appraisals.models import SecondAppraisal
from services.routing.settings import RatingScaleLevel

State = Literal["open", "passed", "failed", "called_off"]


@dataclass(frozen=True, slots=True)
class Tally:
    """The votes of a group: `counted` are those of levels that count as satisfied."""

    seats: int
    votes: int
    counted: int
    levels: Mapping[str, int]


def check_open(policy: Policy | None, case: CaseState, deputies: Sequence[uuid.UUID], voters: int) -> Policy:
    """Raises PlaceHasNoSecondAppraisal, NothingToAppraise, SeatTwice or TooFewSeats."""
    if policy is None:
        raise PlaceHasNoSecondAppraisal(number=case.number)
    if case.status != "closed" or case.result_class is None or case.part_of not in (None, case.id):
        raise NothingToAppraise(number=case.number, state=case.status, current=case.version)
    if len(set(deputies)) != len(deputies):
        raise SeatTwice(where="deputies")
    if len(deputies) + voters < policy.least_voters:
        raise TooFewSeats(where="deputies", least=policy.least_voters)
    return policy


def check_running(appraisal: SecondAppraisal) -> None:
    """Raises AppraisalHasEnded."""
    if appraisal.state != "open":
        raise AppraisalHasEnded(number=appraisal.number, state=appraisal.state)


def tally(levels: Iterable[str | None], scale: Mapping[str, RatingScaleLevel]) -> Tally:
    """Counts the seats' votes; a seat that has not voted is None."""
    all_ = list(levels)
    cast = Counter(level for level in all_ if level is not None)
    counted = sum(many for level, many in cast.items() if scale[level].counts_as_satisfied)
    return Tally(len(all_), cast.total(), counted, {level: cast[level] for level in scale})


def outcome(found: Tally, quorum: int, threshold: int, *, number: str, version: int) -> Literal["passed", "failed"]:
    """What the votes say: `quorum` percent of the seats have to have voted, and `threshold` percent of the votes be satisfied.

    In whole numbers: at exactly the quorum or threshold it is reached. Raises VotesMissing.
    """
    needed = -(-found.seats * quorum // 100)
    if found.votes < needed:
        raise VotesMissing(number=number, votes=found.votes, needed=needed, current=version)
    return "passed" if found.counted * 100 >= threshold * found.votes else "failed"
