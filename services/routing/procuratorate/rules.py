"""Pure decisions on transfers: one table of what follows what, the fields, and when documents and result are due."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Literal

from services.routing.errors import CaseWasWithdrawn
from services.routing.models import CaseState
from services.routing.procuratorate.errors import IssuedInFuture, TermNotLater, TransferOutOfTurn, UnknownField
from services.routing.procuratorate.models import Transfer
from services.routing.supervising.settings import Procuratorate
from shared.workdays import CHINA, Calendar, Due, due

State = Literal["handed_over", "accepted", "returned", "documented", "concluded", "tied"]
Direction = Literal["out", "in"]
Step = Literal["accept", "return", "document", "conclude"]

STEPS: dict[tuple[State, Step], State] = {
    ("handed_over", "accept"): "accepted",
    ("handed_over", "return"): "returned",
    ("accepted", "document"): "documented",
    ("documented", "conclude"): "concluded",
}
"""What follows what (汉中 2025: 会商转化、移交办理、反馈归档; 孝感: documents, then the result)."""


def after(transfer: Transfer, step: Step) -> State:
    """The state that a step leads to. Raises TransferOutOfTurn."""
    for (state, one), following in STEPS.items():
        if (state, one) == (transfer.state, step):
            return following
    allowed = [one for state, one in STEPS if state == transfer.state]
    raise TransferOutOfTurn(state=transfer.state, allowed=allowed, current=transfer.version)


def check_field(policy: Procuratorate, field: str) -> None:
    """Raises UnknownField."""
    if field not in (known := [one.code for one in policy.fields]):
        raise UnknownField(where="field", known=known)


def check_case(case: CaseState) -> None:
    """Raises CaseWasWithdrawn."""
    if case.status == "withdrawn":
        raise CaseWasWithdrawn(number=case.number, state=case.status, current=case.version)


def check_issued(issued_on: date, today: date) -> None:
    """Raises IssuedInFuture."""
    if issued_on > today:
        raise IssuedInFuture(where="issued_on")


def documents_due(policy: Procuratorate, accepted_at: datetime, calendar: Calendar) -> Due:
    """When the documents of a case that was taken up are due (孝感: 10 days)."""
    return due(accepted_at, policy.documents, calendar)


def result_due(policy: Procuratorate, term_ends_on: date, today: date, calendar: Calendar) -> Due:
    """When the result is due, counted from the end of the suggestion's term (孝感: 10 days after it). Raises TermNotLater."""
    if term_ends_on < today:
        raise TermNotLater(where="term_ends_on")
    return due(datetime.combine(term_ends_on, time.min, CHINA).astimezone(UTC), policy.result, calendar)
