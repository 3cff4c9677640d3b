"""The verbs of answers: they go to signers with a reply, are received, carried out and published."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from services.routing.actions.held import write
from services.routing.actions.reaching import by_desk, by_lead
from services.routing.actions.steps import actor, step, tell
from services.routing.actions.together import mark
from services.routing.answers import queries, rules
from services.routing.answers.errors import AlreadyPublished, AnswerNotFound, NoReplyToPublish
from services.routing.answers.models import Answer, Delivery, PublishedReply
from services.routing.models import CaseState
from services.routing.suggestions.queries import find_signed, handed_over, signers_of, words_told
from shared.clock import now
from shared.db import Tx
from shared.events.routing_answers import AnswerReceived, AnswerSent, SuggestionReplyPublished
from shared.identity import Caller
from shared.live import live
from shared.masking import mask

_RECEIVE = """
    UPDATE answer SET received_at = $4 WHERE case_id = $1 AND round = $2 AND deputy_id = $3 AND received_at IS NULL RETURNING round
    """
_HAS_ANSWER = "SELECT FROM answer WHERE case_id = $1 AND round = $2 AND deputy_id = $3"


async def send(tx: Tx, case: CaseState, at: datetime) -> None:
    """The reply to a suggestion goes to its signers, as many as the place answers."""
    if case.matter != "suggestion":
        return
    to = rules.addressees(tx.policy.answers, await signers_of(tx, case.id))
    tx.add_all(Answer(case_id=case.id, round=case.round, deputy_id=one, part=part, sent_at=at) for one, part in to)
    for deputy_id, part in to:
        tell(tx, case, AnswerSent, deputy_id=deputy_id, part=part, result_class=case.result_class)


async def receive(tx: Tx, case_id: uuid.UUID, caller: Caller, round_: int) -> CaseState:
    """A signer has the reply (回执). Said again it changes nothing. Raises CaseNotFound or AnswerNotFound."""
    case = await find_signed(tx, caller, case_id)
    if await tx.run(_RECEIVE, case_id, round_, caller.deputy_id, now()):
        tell(tx, case, AnswerReceived, deputy_id=caller.deputy_id, answered_round=round_)
        live(tx, "case", str(case_id))
    elif not await tx.run(_HAS_ANSWER, case_id, round_, caller.deputy_id):
        raise AnswerNotFound
    return case


async def deliver(tx: Tx, case_id: uuid.UUID, caller: Caller, version: int, *, delivered_on: date, evidence: str) -> CaseState:
    """The lead says with evidence since when what it replied is carried out (落实), apart from when it replied.

    Raises CaseNotFound, NotTheLead, StaleVersion, what the state forbids, NothingToDeliver, AlreadyDelivered, DeliveryNotThen.
    """
    held = await by_lead(tx, case_id, caller, version)
    case, at = held.case, now()
    move = step(tx, held, "deliver", actor(caller), at)
    newest = await queries.newest_reply(tx, case_id)
    rules.check_delivery(case, newest, await queries.is_delivered(tx, case_id, case.round), delivered_on, at)
    assert newest is not None
    delivery = Delivery(
        case_id=case_id,
        round=case.round,
        department=newest["department"],
        delivered_on=delivered_on,
        evidence=mask(evidence),
        recorded_at=at,
    )
    tx.add(delivery)
    await tx.flush()
    facts = {"replied_at": newest["replied_at"], "delivered_on": delivered_on}
    tell(tx, case, move.event, department=case.lead, evidence=await words_told(tx, case, evidence), **facts)
    await write(tx, held)
    return case


async def publish(tx: Tx, case_id: uuid.UUID, caller: Caller, version: int) -> CaseState:
    """The desk publishes the newest reply to a suggestion, as far as the place's openness, the deputy's word and its degree allow.

    Raises CaseNotFound, StaleVersion, NoReplyToPublish, PlacePublishesNoReplies, MayNotBePublished, AlreadyPublished.
    """
    held = await by_desk(tx, case_id, caller, version)
    case, at = held.case, now()
    newest = await queries.newest_reply(tx, case_id)
    if newest is None or case.matter != "suggestion" or case.part_of not in (None, case.id):
        raise NoReplyToPublish(number=case.number, state=case.status, current=case.version)
    came = await handed_over(tx, case)
    shown = rules.shown(tx.policy.answers, case, confidential=came["confidential"], publication=came["publication"], reply=newest["text"])
    if await queries.is_published(tx, case_id, newest["round"]):
        raise AlreadyPublished(number=case.number, current=case.version)
    words: dict[str, Any] = {"title": shown.title, "suggestion": shown.suggestion, "reply": shown.reply}
    kept: dict[str, Any] = {"case_id": case_id, "round": newest["round"], "published_at": at, "by_account": caller.account_id}
    tx.add(PublishedReply(**kept, **words, profile_version=tx.policy.profile_version))
    await tx.flush()
    mark(tx, held, "publish", actor(caller), at)
    facts = {"department": newest["department"], "result_class": newest["result_class"], "replied_at": newest["replied_at"]}
    tell(tx, case, SuggestionReplyPublished, published_round=newest["round"], **facts, **words)
    await write(tx, held)
    return case
