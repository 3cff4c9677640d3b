"""Pure decisions on splitting a matter (分办): when it may be, and what its parts are called."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from services.routing.models import CaseState
from services.routing.rules import REFUSALS
from services.routing.splitting.errors import CannotSplitNow, DepartmentHasPart, NotAPart, PartCannotBeSplit

_SPLITTABLE = ("to_assign", "assigned", "objected")


def check_split(case: CaseState, leads: Sequence[str], taken: Collection[str]) -> None:
    """Passes when the case may be split among further leads. `taken` lead it or a part of it already.

    Raises PartCannotBeSplit, CannotSplitNow, DepartmentHasPart.
    """
    if case.part_of not in (None, case.id):
        raise PartCannotBeSplit(number=case.number, current=case.version)
    if case.status not in _SPLITTABLE:
        raise CannotSplitNow(number=case.number, state=case.status, current=case.version)
    seen = set(taken)
    for lead in leads:
        if lead in seen:
            raise DepartmentHasPart(where="parts", organisation=lead)
        seen.add(lead)


def check_take_back(case: CaseState) -> None:
    """Passes for a part that has not answered. Raises NotAPart, or the refusal that its state names."""
    if case.part_of in (None, case.id):
        raise NotAPart(number=case.number, current=case.version)
    if case.status in ("replied", "closed", "withdrawn"):
        raise REFUSALS[case.status](number=case.number, state=case.status, current=case.version)


def number_of_part(number: str, n: int) -> str:
    """The number of the n-th part; the first case is the matter's own."""
    return f"{number}-{n + 1}"
