"""The verbs on petitions: each changes rows and emits the event in one transaction."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Literal, cast

from sqlalchemy import Table

from services.intake import actions as opinions
from services.intake import lookup
from services.intake.civil import day_of
from services.intake.disclosing import disclose
from services.intake.models import Organisation
from services.intake.petitions import queries, rules
from services.intake.petitions.errors import NotYourPetition, OrganisationUnknown
from services.intake.petitions.models import Petition, Transfer
from services.intake.places import active_deputies, check_region
from services.intake.sealing import read_master_key, seal_fields
from shared.clock import now
from shared.db import Tx
from shared.events import new_id
from shared.events.intake_petitions import (
    PetitionClosed,
    PetitionConsentGiven,
    PetitionEnd,
    PetitionEntered,
    PetitionTransferred,
    TransferMethod,
)
from shared.http import check_version
from shared.identity import Caller
from shared.live import live
from shared.outbox import emit
from shared.workdays import due, official_calendar

_PETITIONS = cast(Table, Petition.__table__)  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Lead:
    """A lead for supervision or for a livelihood project that a petition gave (反映监督事项)."""

    title: str
    text: str
    category: str | None = None


async def enter(
    tx: Tx, caller: Caller, deputy_id: uuid.UUID, region: str, title: str, text: str, sender: opinions.Sender
) -> tuple[uuid.UUID, lookup.Slip]:
    """Enters a petition for a deputy; it waits for the petitioner's consent.

    Raises NotYourPetition, RegionOutOfReach, DeputyUnknown, MandateNotActive.
    """
    if deputy_id != caller.deputy_id and not caller.may("petition.enter"):
        raise NotYourPetition(where="deputy_id")
    check_region(caller, region)
    moment = now()
    await active_deputies(tx, [deputy_id], day_of(moment))
    petition_id = new_id()
    master = read_master_key(tx.settings.master_key.get_secret_value())
    wrapped, boxes = seal_fields(petition_id, master, {"name": sender.name, "phone": sender.phone})
    row = {
        "id": petition_id,
        "site": tx.site,
        "key_wrapped": wrapped,
        "name_box": boxes["name"],
        "phone_box": boxes["phone"],
        "deputy_id": deputy_id,
        "region": region,
        "title": title,
        "text": text,
        "state": "awaiting_consent",
        "version": 1,
        "profile_version": tx.policy.profile_version,
        "entered_by": caller.account_id,
        "entered_at": moment,
    }
    slip = await lookup.insert_numbered(tx, _PETITIONS, row)
    emit(tx, PetitionEntered(petition_id=petition_id, deputy_id=deputy_id, region=region))
    live(tx, "petition", str(petition_id))
    return petition_id, slip


async def consent(tx: Tx, number: str, lookup_code: str) -> Petition:
    """The petitioner consents with the lookup code. Raises PetitionUnknown, PetitionIsClosed, ConsentGivenBefore."""
    petition = await queries.petition_of(tx, number, lookup_code, lock=True)
    return _consented(tx, petition, "petitioner", None)


async def consent_on_paper(tx: Tx, petition_id: uuid.UUID, caller: Caller, version: int, *, document: str) -> Petition:
    """A signed sheet is entered as consent. Raises PetitionUnknown, NotYourPetition, StaleVersion and what the rules raise."""
    petition = await queries.petition_to_act_in(tx, petition_id, caller)
    check_version(petition.version, version)
    return _consented(tx, petition, "paper", document)


def _consented(tx: Tx, petition: Petition, by: Literal["petitioner", "paper"], document: str | None) -> Petition:
    rules.check_consentable(petition)
    petition.state, petition.consent_by, petition.consent_document, petition.consent_at = "consented", by, document, now()
    _changed(tx, petition)
    emit(tx, PetitionConsentGiven(petition_id=petition.id, deputy_id=petition.deputy_id))
    return petition


async def transfer(
    tx: Tx, petition_id: uuid.UUID, caller: Caller, version: int, *, organisation: str, method: TransferMethod, reference: str | None
) -> Petition:
    """Passes a petition on to an organ, with consent only. Raises ConsentMissing, PetitionIsClosed, OrganisationUnknown and the usual."""
    petition = await queries.petition_to_act_in(tx, petition_id, caller)
    check_version(petition.version, version)
    rules.check_acting(petition)
    if await tx.get(Organisation, organisation) is None:
        raise OrganisationUnknown(organisation=organisation, where="organisation")
    moment = now()
    answer_due = due(moment, tx.policy.petitions.answer, official_calendar())
    made = Transfer(
        id=new_id(),
        petition_id=petition_id,
        organisation=organisation,
        method=method,
        reference=reference,
        due_at=answer_due.at,
        due_provisional=answer_due.provisional,
        by=caller.account_id,
        at=moment,
    )
    tx.add(made)
    petition.state = "transferred"
    _changed(tx, petition)
    emit(
        tx,
        PetitionTransferred(
            petition_id=petition_id, transfer_id=made.id, deputy_id=petition.deputy_id, organisation=organisation, method=method
        ),
    )
    return petition


async def answer(tx: Tx, petition_id: uuid.UUID, transfer_id: uuid.UUID, caller: Caller, version: int, *, text: str) -> Petition:
    """Records what an organ answered. Raises TransferUnknown, AnsweredBefore, PetitionIsClosed and the usual."""
    petition = await queries.petition_to_act_in(tx, petition_id, caller)
    check_version(petition.version, version)
    rules.check_acting(petition)
    answered = await queries.transfer(tx, petition_id, transfer_id)
    rules.check_unanswered(answered)
    answered.answer, answered.answered_at = text, now()
    petition.state = rules.state_after(await queries.transfers(tx, petition_id))
    _changed(tx, petition)
    return petition


async def close(
    tx: Tx, petition_id: uuid.UUID, caller: Caller, version: int, *, told: str, lead: Lead | None
) -> tuple[Petition, opinions.Receipt | None]:
    """Closes the loop: every organ answered, and the petitioner was told. A lead becomes an opinion without the petitioner's name.

    Raises LoopOpen, ConsentMissing, PetitionIsClosed and the usual.
    """
    petition = await queries.petition_to_act_in(tx, petition_id, caller)
    check_version(petition.version, version)
    rules.check_loop_closed(petition, await queries.transfers(tx, petition_id))
    petition.told = told
    receipt = None
    if lead is not None:
        origin = opinions.Origin("deputy", petition.id, petition.deputy_id, petition.region)
        receipt = await opinions.take_in(tx, origin, lead.title, lead.text, chosen=lead.category)
        petition.lead_opinion_id = receipt.opinion_id
    await _close(tx, petition, "answered")
    return petition, receipt


async def decline(tx: Tx, petition_id: uuid.UUID, caller: Caller, version: int, *, ground: str) -> Petition:
    """Does not take a petition, on a ground of the profile. Raises AlreadyTransferred, GroundUnknown, PetitionIsClosed and the usual."""
    petition = await queries.petition_to_act_in(tx, petition_id, caller)
    check_version(petition.version, version)
    rules.check_declinable(petition, tx.policy.petitions, ground)
    petition.ground = ground
    await _close(tx, petition, "not_taken")
    return petition


async def withdraw(tx: Tx, number: str, lookup_code: str) -> Petition:
    """The petitioner takes the petition back, and with it the consent. Raises PetitionUnknown, PetitionIsClosed."""
    petition = await queries.petition_of(tx, number, lookup_code, lock=True)
    rules.check_open(petition)
    await _close(tx, petition, "withdrawn")
    return petition


async def read_contact(tx: Tx, petition_id: uuid.UUID, caller: Caller, purpose: str) -> opinions.Sender:
    """How to reach the petitioner, for who acts and with consent only. Raises ConsentMissing, PetitionIsClosed, NotYourPetition."""
    petition = await queries.petition_to_act_in(tx, petition_id, caller)
    rules.check_acting(petition)
    return await disclose(tx, petition, caller, purpose)


async def _close(tx: Tx, petition: Petition, end: PetitionEnd) -> None:
    petition.state, petition.end, petition.closed_at = "closed", end, now()
    _changed(tx, petition)
    made = len(await queries.transfers(tx, petition.id))
    emit(tx, PetitionClosed(petition_id=petition.id, deputy_id=petition.deputy_id, end=end, transfers=made))


def _changed(tx: Tx, petition: Petition) -> None:
    petition.version += 1
    live(tx, "petition", str(petition.id))
