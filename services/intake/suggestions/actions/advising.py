"""Pre-checks (前置沟通、可行性研判): somebody is asked, comments on the three points, and can never edit."""

from __future__ import annotations

import uuid

from services.intake.suggestions import queries, rules
from services.intake.suggestions.actions.steps import check_organisation, in_township, led, locked, newest, tell
from services.intake.suggestions.errors import ConfidentialStaysInside, NotAskedForPreCheck, SuggestionNotFound
from services.intake.suggestions.models import PreCheck, PreCheckOpinion, Suggestion
from shared.clock import now
from shared.db import Tx
from shared.events import new_id
from shared.events.intake_suggestions import Point, PreCheckAsked, PreCheckGiven
from shared.identity import Caller


async def ask(tx: Tx, suggestion_id: uuid.UUID, caller: Caller, version: int, organisation: str) -> Suggestion:
    """The lead, or an office on the text it was handed, asks an organisation for its opinion before submission.

    Raises as `led` and `in_township`, what the status forbids, ConfidentialStaysInside, OrganisationUnknown.
    """
    lead = caller.may("suggestion.raise")
    suggestion = await (led if lead else in_township)(tx, suggestion_id, caller, version)
    rules.check_in(suggestion.status, rules.BEFORE_SUBMISSION)
    if suggestion.confidential:
        raise ConfidentialStaysInside(where="organisation")
    await check_organisation(tx, organisation, "organisation")
    if lead:
        (await newest(tx, suggestion)).read_by_others = True
    text = suggestion.content_version if lead or suggestion.shown_version is None else suggestion.shown_version
    row = await tx.get(PreCheck, (suggestion.id, organisation))
    if row is not None and row.content_version >= text:
        return suggestion
    if row is None:
        tx.add(PreCheck(suggestion_id=suggestion.id, organisation=organisation, content_version=text, asked_at=now()))
    else:
        row.content_version, row.asked_at = text, now()
    tell(tx, suggestion, PreCheckAsked, audience=organisation, organisation=organisation)
    return suggestion


async def give(tx: Tx, suggestion_id: uuid.UUID, caller: Caller, *, point: Point, favourable: bool, comment: str) -> PreCheckOpinion:
    """An organisation that was asked, or the office on what it was handed, gives its opinion on one point.

    Raises SuggestionNotFound, NotAskedForPreCheck, and what the status forbids.
    """
    suggestion = await locked(tx, suggestion_id)
    asked = await tx.get(PreCheck, (suggestion.id, caller.organisation)) if caller.organisation else None
    organisation = caller.organisation or ""
    handed = suggestion.shown_version is not None and caller.may("suggestion.check") and bool(organisation)
    if asked is not None and not suggestion.confidential:
        text = asked.content_version
    elif handed and queries.is_office(caller, suggestion):
        text = suggestion.shown_version or suggestion.content_version
    else:
        township = handed and not suggestion.confidential and queries.is_township(caller, suggestion)
        raise NotAskedForPreCheck if township else SuggestionNotFound
    rules.check_in(suggestion.status, rules.BEFORE_SUBMISSION)
    opinion = PreCheckOpinion(
        id=new_id(),
        suggestion_id=suggestion.id,
        organisation=organisation,
        point=point,
        favourable=favourable,
        comment=comment,
        content_version=text,
        by_account=caller.account_id,
        at=now(),
    )
    tx.add(opinion)
    tell(tx, suggestion, PreCheckGiven, organisation=opinion.organisation, point=point, favourable=favourable)
    return opinion
