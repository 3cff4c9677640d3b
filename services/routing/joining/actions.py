"""The verbs of handling together (并案): one handling, separate replies. What is done with the head is done with those joined to it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from pathlib import Path

from services.routing.actions.handling import hand_over, take_on
from services.routing.actions.held import Held, hold, hold_all, write
from services.routing.actions.steps import Actor, actor, tell
from services.routing.actions.together import mark, separate_from
from services.routing.errors import CaseNotFound
from services.routing.joining import rules
from services.routing.joining.errors import CannotJoin, NotJoined
from services.routing.models import CaseState
from shared.clock import now
from shared.db import Tx
from shared.events.routing_assigning import CaseJoined
from shared.http import check_version
from shared.identity import Caller
from shared.texts import text

_HERE = Path(__file__).resolve().parent


async def join(tx: Tx, head_id: uuid.UUID, caller: Caller, version: int, others: Sequence[tuple[uuid.UUID, int]], lang: str) -> CaseState:
    """Lets cases be handled together with a head: each is brought to where the head stands, with its own clock and events.

    `others` are ids with the versions they are known in. Raises CaseNotFound, StaleVersion, CannotJoin.
    """
    versions = {head_id: version, **dict(others)}
    found = {held.case.id: held for held in await hold_all(tx, "id = ANY($1) ORDER BY id FOR UPDATE", list(versions))}
    if len(found) < len(versions) or not all(caller.sees_region(one.case.region) for one in found.values()):
        raise CaseNotFound
    for case_id, known in versions.items():
        check_version(found[case_id].case.version, known)
    head, by = found[head_id], actor(caller)
    for case_id, _ in others:
        await _join(tx, head.case, found[case_id], by, lang)
    head.case.handled_with = head_id
    mark(tx, head, "join", by, now(), note="、".join(found[case_id].case.number for case_id, _ in others))
    tell(tx, head.case, CaseJoined, head=head_id, head_number=head.case.number)
    await write(tx, head)
    return head.case


async def _join(tx: Tx, head: CaseState, held: Held, by: Actor, lang: str) -> None:
    case = held.case
    if why := rules.misfit(head, case):
        said = str(text(_HERE, f"why_{why}", lang))
        raise CannotJoin(number=case.number, why=why, reason=said, state=case.status, current=case.version)
    needed = rules.need(head, case)
    if needed in ("hand_over", "hand_over_and_accept"):
        assert head.lead is not None
        await hand_over(tx, held, by, head.lead, head.co_handlers)
    if needed in ("accept", "hand_over_and_accept"):
        await take_on(tx, held, by, now())
    case.handled_with = head.id
    mark(tx, held, "join", by, now(), note=head.number)
    tell(tx, case, CaseJoined, head=head.id, head_number=head.number)
    await write(tx, held)


async def separate(tx: Tx, case_id: uuid.UUID, caller: Caller, version: int) -> CaseState:
    """Takes a case out again (分开): it goes on by itself from where it stands. Raises CaseNotFound, StaleVersion, NotJoined."""
    held = await hold(tx, case_id)
    if held is None or not caller.sees_region(held.case.region):
        raise CaseNotFound
    case = held.case
    check_version(case.version, version)
    head = case.handled_with
    if head is None or head == case.id:
        raise NotJoined(number=case.number, current=case.version)
    await separate_from(tx, held, head, actor(caller), now(), "by_desk")
    return case
