"""Pure decisions on handling cases together (并案): which fit, and what brings a case to where the head stands."""

from __future__ import annotations

from typing import Literal

from services.routing.models import CaseState

Why = Literal["same", "state", "lane", "head", "part"]
Need = Literal["nothing", "hand_over", "hand_over_and_accept", "accept"]

_NEEDS: dict[tuple[str, str], Need] = {
    ("to_assign", "to_assign"): "nothing",
    ("assigned", "to_assign"): "hand_over",
    ("assigned", "assigned"): "hand_over",
    ("assigned", "objected"): "hand_over",
    ("accepted", "to_assign"): "hand_over_and_accept",
    ("accepted", "assigned"): "hand_over_and_accept",
    ("accepted", "objected"): "hand_over_and_accept",
    ("accepted", "accepted"): "nothing",
}
"""(state of the head, state of the other) → what the other needs. Who has the very handlers of the head need not be handed over."""


def misfit(head: CaseState, other: CaseState) -> Why | None:
    """Why `other` cannot be handled together with `head` as both stand, or None when it can."""
    if head.id == other.id:
        return "same"
    if head.part_of is not None or other.part_of is not None:
        return "part"
    if other.handled_with is not None or head.handled_with not in (None, head.id):
        return "head"
    if head.lane != "ordinary" or other.lane != "ordinary":
        return "lane"
    if (head.status, other.status) not in _NEEDS or (other.status == "accepted" and not _same_handlers(head, other)):
        return "state"
    return None


def need(head: CaseState, other: CaseState) -> Need:
    """What a case that fits needs to stand where its head does."""
    found = _NEEDS[head.status, other.status]
    if other.status == "assigned" and _same_handlers(head, other):
        return "nothing" if found == "hand_over" else "accept"
    return found


def _same_handlers(head: CaseState, other: CaseState) -> bool:
    return (head.lead, sorted(head.co_handlers)) == (other.lead, sorted(other.co_handlers))
