"""Cases as those reach them who may act on one: the desk of its region, or its lead department, in the version they know."""

from __future__ import annotations

import uuid

from services.routing.actions.held import Held, hold
from services.routing.errors import CaseNotFound, NotTheLead
from shared.db import Tx
from shared.http import check_version
from shared.identity import Caller

_HAS_PART = "SELECT FROM part WHERE case_id = $1 AND current AND organisation = $2"


async def locked(tx: Tx, case_id: uuid.UUID) -> Held:
    """The case, locked. Raises CaseNotFound."""
    held = await hold(tx, case_id)
    if held is None:
        raise CaseNotFound
    return held


async def by_desk(tx: Tx, case_id: uuid.UUID, caller: Caller, version: int) -> Held:
    """The case, locked, for the desk of its region. Raises CaseNotFound or StaleVersion."""
    held = await locked(tx, case_id)
    if not caller.sees_region(held.case.region):
        raise CaseNotFound
    check_version(held.case.version, version)
    return held


async def by_lead(tx: Tx, case_id: uuid.UUID, caller: Caller, version: int) -> Held:
    """The case, locked, for its lead department. Raises CaseNotFound, NotTheLead or StaleVersion."""
    held = await locked(tx, case_id)
    case = held.case
    if caller.organisation is None or caller.organisation != case.lead:
        raise NotTheLead if await tx.run(_HAS_PART, case.id, caller.organisation) else CaseNotFound
    check_version(case.version, version)
    return held
