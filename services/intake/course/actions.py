"""The verbs on an opinion on its way: its sender adds or takes back, a deputy answers alone, the sender judges that."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import exists, select
from sqlmodel import col

from services.intake.appointments.models import Booking
from services.intake.attachments.actions import bind
from services.intake.attachments.queries import of_opinion
from services.intake.attachments.rules import check_number
from services.intake.civil import day_of
from services.intake.contacts.models import Entry as Contact
from services.intake.course import queries, rules
from services.intake.course.errors import NotYourOpinion
from services.intake.course.models import RepAnswer, Supplement
from services.intake.course.settings import CoursePolicy
from services.intake.errors import OpinionNotFound
from services.intake.models import Opinion, TimelineEntry
from services.intake.petitions.models import Petition
from services.intake.places import own_mandate
from services.intake.rules import FINAL
from shared.clock import now
from shared.db import Tx
from shared.events import new_id
from shared.events.intake_opinions import OpinionAnsweredByRep, OpinionSupplemented, OpinionWithdrawn, RepAnswerJudged, RepAnswerMissed
from shared.identity import Caller
from shared.masking import mask
from shared.outbox import emit

_MISSED_AT_ONCE = 200
_ENTERED_UNDER = (col(Contact.id), col(Petition.id), col(Booking.id))
"""What stands for the code of an opinion that a deputy has heard already: nobody scanned anything and waits."""
_LOOKS_BACK = timedelta(days=7)
"""A sweep that did not run for longer than this tells nothing of what was missed before."""


def _policy(tx: Tx) -> CoursePolicy:
    policy: CoursePolicy = tx.policy.course
    return policy


async def supplement(tx: Tx, number: str, lookup_code: str, body: str, attachments: Sequence[str]) -> Supplement:
    """The sender adds something before the answer. Raises OpinionNotFound, OpinionIsOver, OpinionIsAnswered, NotInThisStatus,
    TooManySupplements, and for attachments what `bind` raises."""
    opinion = await queries.locked(tx, number, lookup_code)
    policy = _policy(tx)
    rules.check_status(opinion.status, opinion.replied_round, opinion.round, policy.supplement_in)
    rules.check_supplements(await queries.count_supplements(tx, opinion.id), policy.supplements)
    added = Supplement(id=new_id(), opinion_id=opinion.id, text=body, at=now())
    tx.add(added)
    _note(tx, opinion, "supplemented", mask(body))
    emit(tx, OpinionSupplemented(opinion_id=opinion.id, number=opinion.number, supplement_id=added.id, text=mask(body)))
    if attachments:
        check_number(tx.policy.attachments, len(await of_opinion(tx, opinion.id)), len(set(attachments)))
        await bind(tx, opinion.id, opinion.number, attachments)
    return added


async def withdraw(tx: Tx, number: str, lookup_code: str) -> Opinion:
    """The sender takes the opinion back. Raises OpinionNotFound, OpinionIsOver, OpinionIsAnswered, NotInThisStatus."""
    opinion = await queries.locked(tx, number, lookup_code)
    rules.check_status(opinion.status, opinion.replied_round, opinion.round, _policy(tx).withdraw_from)
    _end(tx, opinion, "withdrawn")
    emit(tx, OpinionWithdrawn(opinion_id=opinion.id, number=opinion.number))
    return opinion


async def answer(tx: Tx, caller: Caller, opinion_id: uuid.UUID, body: str) -> RepAnswer:
    """A deputy answers alone what came to them; the department's clock runs on until the sender is content.

    Raises NotADeputy, MandateNotActive, OpinionNotFound, NotYourOpinion, RepHasAnswered, RepAnswerTooLate, OpinionIsOver,
    OpinionIsAnswered, NotInThisStatus.
    """
    at = now()
    mandate = await own_mandate(tx, caller, day_of(at))
    opinion = await tx.scalar(select(Opinion).where(col(Opinion.id) == opinion_id).with_for_update())
    if opinion is None:
        raise OpinionNotFound()
    if not await queries.is_bound_to(tx, opinion, mandate.deputy_id):
        raise NotYourOpinion()
    policy, before = _policy(tx), await queries.rep_answer(tx, opinion_id)
    rules.check_rep_answer(before.state if before else None, opinion.submitted_at, at, policy.rep_answer_hours)
    rules.check_status(opinion.status, opinion.replied_round, opinion.round, policy.rep_answer_in)
    given = RepAnswer(opinion_id=opinion.id, deputy_id=mandate.deputy_id, state="answered", text=mask(body), at=at)
    tx.add(given)
    _note(tx, opinion, "answered_by_rep", mask(body))
    emit(tx, OpinionAnsweredByRep(opinion_id=opinion.id, number=opinion.number, deputy_id=mandate.deputy_id, text=mask(body)))
    return given


async def judge(tx: Tx, number: str, lookup_code: str, *, accepted: bool) -> Opinion:
    """The sender is content with the deputy's answer, which ends the matter as `answered_by_rep`, or wants the unit's reply.

    Raises OpinionNotFound, NoRepAnswer, RepAnswerIsJudged, OpinionIsOver, OpinionIsAnswered, NotInThisStatus.
    """
    opinion = await queries.locked(tx, number, lookup_code)
    found = await queries.rep_answer(tx, opinion.id)
    rules.check_judging(found.state if found else None)
    rules.check_status(opinion.status, opinion.replied_round, opinion.round, _policy(tx).rep_answer_in)
    assert found is not None
    found.state, found.judged_at = "accepted" if accepted else "declined", now()
    if accepted:
        _end(tx, opinion, "answered_by_rep")
    emit(tx, RepAnswerJudged(opinion_id=opinion.id, number=opinion.number, deputy_id=found.deputy_id, accepted=accepted))
    return opinion


async def note_missed(tx: Tx) -> int:
    """Tells, once each, of opinions that came by a deputy's code and had no answer of the deputy in time. Returns how many."""
    until = now() - timedelta(hours=_policy(tx).rep_answer_hours)
    missed = (
        select(Opinion)
        .where(
            col(Opinion.submitted_at) > until - _LOOKS_BACK,
            col(Opinion.submitted_at) <= until,
            col(Opinion.channel) == "deputy",
            col(Opinion.status).not_in(FINAL),
            col(Opinion.replied_round) == 0,
            ~exists().where(col(RepAnswer.opinion_id) == col(Opinion.id)),
            *(~exists().where(record == col(Opinion.code_id)) for record in _ENTERED_UNDER),
        )
        .order_by(col(Opinion.submitted_at), col(Opinion.id))
        .limit(_MISSED_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    found = list(await tx.scalars(missed))
    for opinion in found:
        tx.add(RepAnswer(opinion_id=opinion.id, deputy_id=opinion.target_id, state="missed", at=now()))
        emit(tx, RepAnswerMissed(opinion_id=opinion.id, number=opinion.number, deputy_id=opinion.target_id))
    return len(found)


def _end(tx: Tx, opinion: Opinion, status: str) -> None:
    opinion.status, opinion.status_version, opinion.status_at = status, rules.LAST, now()
    if status == "withdrawn":
        _note(tx, opinion, "withdrawn", None)


def _note(tx: Tx, opinion: Opinion, kind: str, text: str | None) -> None:
    """A line of the timeline that no case event brings."""
    tx.add(TimelineEntry(id=new_id(), opinion_id=opinion.id, at=now(), kind=kind, round=opinion.round, case_version=0, text=text))
