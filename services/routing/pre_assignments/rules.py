"""Pure decisions on pre-assignments: when there may be one, and whether a case may be handed over as it was pre-assigned."""

from __future__ import annotations

from collections.abc import Sequence

from services.routing.models import CaseState
from services.routing.pre_assignments.errors import CaseAlreadyHandedOver, PreAssignmentNotConfirmed
from services.routing.pre_assignments.models import PreAssignment


def check_before_hand_over(case: CaseState) -> None:
    """Passes for a case that waits for its hand-over. Raises CaseAlreadyHandedOver."""
    if case.status != "to_assign":
        raise CaseAlreadyHandedOver(number=case.number, state=case.status, current=case.version)


def confirmed_handlers(case: CaseState, asked: Sequence[PreAssignment]) -> tuple[str, list[str]]:
    """The lead and the co-handlers as they were pre-assigned. Raises PreAssignmentNotConfirmed.

    The lead must have confirmed and nobody may have objected; a co-handler that has not answered keeps nobody waiting.
    """
    leads = [one.organisation for one in asked if one.part == "lead" and one.state == "confirmed"]
    missing = [one.organisation for one in asked if one.state == "objected" or (one.part == "lead" and one.state != "confirmed")]
    if len(leads) != 1 or missing:
        raise PreAssignmentNotConfirmed(number=case.number, open=missing, current=case.version)
    return leads[0], [one.organisation for one in asked if one.part == "co_handler"]
