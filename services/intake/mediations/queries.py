"""Reads of mediation cases: staff those of their region, a deputy those in which they mediate. Parties stay sealed."""

from __future__ import annotations

import uuid
from datetime import date

from sqlalchemy import ColumnElement, false, func, select
from sqlmodel import col

from services.intake.mediations import rules
from services.intake.mediations.errors import MediationUnknown, PartyUnknown
from services.intake.mediations.models import Mediation, Mediator, Party, Session
from services.intake.models import Deputy
from shared.db import Tx
from shared.identity import Caller


def _within(caller: Caller) -> ColumnElement[bool]:
    if caller.may("mediation.read"):
        return col(Mediation.region).startswith(caller.region, autoescape=True)
    if caller.deputy_id is None:
        return false()
    return select(Mediator).where(col(Mediator.mediation_id) == col(Mediation.id), col(Mediator.deputy_id) == caller.deputy_id).exists()


async def mediation(tx: Tx, mediation_id: uuid.UUID, caller: Caller, *, lock: bool = False) -> Mediation:
    """One case that the caller may see. Raises MediationUnknown."""
    wanted = select(Mediation).where(col(Mediation.id) == mediation_id, _within(caller))
    found = await tx.scalar(wanted.with_for_update() if lock else wanted)
    if found is None:
        raise MediationUnknown()
    return found


async def page_of_mediations(tx: Tx, caller: Caller, state: str | None, after: uuid.UUID | None, limit: int) -> list[Mediation]:
    """Cases, newest first."""
    page = select(Mediation).where(_within(caller)).order_by(col(Mediation.id).desc()).limit(limit + 1)
    if state is not None:
        page = page.where(col(Mediation.state) == state)
    if after is not None:
        page = page.where(col(Mediation.id) < after)
    return list(await tx.scalars(page))


async def parties(tx: Tx, mediation_id: uuid.UUID) -> list[Party]:
    """The parties, in the order entered."""
    return list(await tx.scalars(select(Party).where(col(Party.mediation_id) == mediation_id).order_by(col(Party.id))))


async def party(tx: Tx, mediation_id: uuid.UUID, party_id: uuid.UUID) -> Party:
    """One party. Raises PartyUnknown."""
    found = await tx.get(Party, party_id)
    if found is None or found.mediation_id != mediation_id:
        raise PartyUnknown()
    return found


async def mediators(tx: Tx, mediation_id: uuid.UUID) -> list[tuple[Mediator, str | None]]:
    """The mediators with the present name of those who are deputies."""
    named = select(Mediator, col(Deputy.name)).outerjoin(Deputy, col(Deputy.deputy_id) == col(Mediator.deputy_id))
    found = await tx.execute(named.where(col(Mediator.mediation_id) == mediation_id).order_by(col(Mediator.id)))
    return [(one, name) for one, name in found]


async def sessions(tx: Tx, mediation_id: uuid.UUID) -> list[Session]:
    """The sessions, in the order entered."""
    return list(await tx.scalars(select(Session).where(col(Session.mediation_id) == mediation_id).order_by(col(Session.id))))


async def figures(tx: Tx, caller: Caller, since: date, until: date) -> rules.Figures:
    """The figures of the cases concluded in a span of days, and of those open now that were opened by its end."""
    concluded = (
        select(col(Mediation.outcome), func.count())
        .where(_within(caller), col(Mediation.state) == "concluded", col(Mediation.concluded_on).between(since, until))
        .group_by(col(Mediation.outcome))
    )
    outcomes = {outcome: n for outcome, n in await tx.execute(concluded) if outcome is not None}
    still = select(func.count()).select_from(Mediation)
    still_open = await tx.scalar(still.where(_within(caller), col(Mediation.state) != "concluded", col(Mediation.opened_on) <= until))
    return rules.figures_of(still_open or 0, outcomes)
