"""What is due now: late replies, cases whose department has come, cases that no index finds yet."""

from __future__ import annotations

from services.routing.actions import calendars, opening, sweeping
from services.routing.look_backs import actions as look_backs
from services.routing.objections import actions as objections
from services.routing.procuratorate import actions as procuratorate
from services.routing.promises import actions as promises
from services.routing.pushes import actions as pushes
from shared.db import Tx
from shared.sweeps import Sweeps

sweeps = Sweeps()


@sweeps.every(seconds=5)
async def overdue(tx: Tx) -> int:
    """Tells of replies that were not there when they were due."""
    return await sweeping.mark_overdue(tx)


@sweeps.every(seconds=5)
async def waiting(tx: Tx) -> int:
    """Hands over what waited for a department that is there now."""
    return await opening.assign_waiting(tx)


@sweeps.every(seconds=2, pause=0.5)
async def searchable(tx: Tx) -> int:
    """Lets the index find new cases; until then they are found by reading them.

    It gives way to what cannot wait: without the pause it took a fifth of routing's time while many cases came in (record 0015).
    """
    return await sweeping.make_searchable(tx)


@sweeps.every(seconds=60, pause=0.2)
async def new_calendar(tx: Tx) -> int:
    """Computes open deadlines anew when this installation has another calendar than they rest on."""
    return await calendars.recompute(tx)


@sweeps.every(seconds=5)
async def overdue_promises(tx: Tx) -> int:
    """Tells of promises whose day is over."""
    return await promises.mark_overdue(tx)


@sweeps.every(seconds=5)
async def overdue_leads(tx: Tx) -> int:
    """Tells of documents and results that the procuratorate owes and that were due."""
    return await procuratorate.mark_overdue(tx)


@sweeps.every(seconds=2)
async def look_backs_filling(tx: Tx) -> int:
    """Adds the items of a look-back that was begun."""
    return await look_backs.fill(tx)


@sweeps.every(seconds=5)
async def undecided(tx: Tx) -> int:
    """Tells of objections that the desk has not decided in its time."""
    return await objections.mark_undecided(tx)


@sweeps.every(seconds=5)
async def pushed(tx: Tx) -> int:
    """Tells the lead that its reply is due soon, or was due."""
    return await pushes.push(tx)
