"""What contacts hold back in other verbs."""

from __future__ import annotations

from services.routing.contacts import queries, rules
from services.routing.contacts.errors import MeetingsMissing
from services.routing.models import CaseState
from shared.db import Tx


async def check_meetings(tx: Tx, case: CaseState) -> None:
    """Passes when the round has had the meetings (三见面) that the place asks for before a reply. Raises MeetingsMissing.

    Where the place asks for none nothing is read.
    """
    contacts = tx.policy.contacts
    if not contacts.three_meetings:
        return
    lacking = rules.missing(contacts, await queries.phases_held(tx, case.id, case.round))
    if lacking:
        zh, en = ([rules.label(contacts, phase, language) for phase in lacking] for language in ("zh", "en"))
        raise MeetingsMissing(number=case.number, missing=list(lacking), meetings="、".join(zh), meetings_en=", ".join(en))
