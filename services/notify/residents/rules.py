"""Pure decisions: of what the sender of a matter is told."""

from __future__ import annotations

from shared.events.routing import CaseClosed, CaseReplied

Telling = CaseReplied | CaseClosed
"""Events of which the sender is told: there is a reply to rate, the matter is closed. The reply itself is read with the lookup code."""

OUTBOX = "outbox"
"""The only channel there is: a record that somebody is to be told, for whatever sends messages at a place."""


def state_of(*, before: bool) -> str:
    """The state in which a notice begins; `before`: a suite that was lost and restored has told it."""
    return "told_before" if before else "waiting"
