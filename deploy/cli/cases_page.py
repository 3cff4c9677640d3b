"""Generates docs/cases.md from routing's state machine: the diagram, what each role may do in each status, and what refuses it."""

from __future__ import annotations

from typing import get_args

from services.directory.accounts.rules import Role, permissions_of
from services.routing.rules import REFUSALS, TRANSITIONS, Status, Transition

_BY_EVENT = "by an event, a rating, votes or a deadline"


def cases_page() -> str:
    """`docs/cases.md`: statuses, transitions, roles and refusals of a case."""
    lines = [
        "# Cases",
        "",
        "Generated from `services/routing/rules.py` by `make events`; do not edit. "
        "A case without a transition for what is asked refuses it with the fact of its status, and nothing changes.",
        "",
        "```mermaid",
        "stateDiagram-v2",
        "    [*] --> to_assign: open",
        *(f"    {t.status} --> {t.next}: {t.action}" for t in TRANSITIONS),
        *(f"    {status} --> [*]" for status in _final()),
        "```",
        "",
        "| status | action | roles | next | event | reply clock | may also be refused by |",
        "|---|---|---|---|---|---|---|",
        *(_row(t) for t in TRANSITIONS),
        "",
        "| status | whatever it has no transition for is refused by |",
        "|---|---|",
        *(f"| {status} | `{refusal.code()}` ({refusal.status}): {_first(refusal)} |" for status, refusal in REFUSALS.items()),
    ]
    return "\n".join(lines) + "\n"


def _row(t: Transition) -> str:
    guards = ", ".join(f"`{g.code()}`" for g in t.guards) or "–"
    clock = {"start": "starts anew", "stop": "stops", "move": "ends at another moment", None: "–"}[t.clock]
    return f"| {t.status} | {t.action} | {_roles(t.permission)} | {t.next} | `{t.event.type_name()}` | {clock} | {guards} |"


def _roles(permission: str | None) -> str:
    if permission is None:
        return _BY_EVENT
    return ", ".join(role for role in get_args(Role) if permission in permissions_of(role, must_change=False))


def _final() -> list[str]:
    # A closed case rests; only a second appraisal that fails leads on from it.
    on = {t.status for t in TRANSITIONS if t.next != t.status and t.action != "hand_over_again"}
    return [status for status in get_args(Status) if status not in on]


def _first(refusal: type) -> str:
    return (refusal.__doc__ or "").strip().splitlines()[0]
