"""The events supervision listens to: master data that changed, a case reopened twice and closed, one closed at once, one that lapsed."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta
from typing import Any

from shared.events import Event, derived_id
from shared.events.directory import MandateChanged, OrganisationChanged
from shared.events.routing import CaseClosed, CaseReopened
from shared.events.routing_evaluation import OpinionFormNotReturned

START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
DEPUTY = uuid.UUID("01970000-0000-7000-8000-000000000101")
SUSPENDED = uuid.UUID("01970000-0000-7000-8000-000000000102")
REOPENED = uuid.UUID("01970000-0000-7000-8000-000000000201")
OPEN = uuid.UUID("01970000-0000-7000-8000-000000000202")
LAPSED = uuid.UUID("01970000-0000-7000-8000-000000000204")
AT_ONCE = uuid.UUID("01970000-0000-7000-8000-000000000203")


def _told(minutes: int) -> dict[str, Any]:
    return {"id": derived_id(DEPUTY, f"event-{minutes}"), "occurred_at": START + timedelta(minutes=minutes), "site": "320412"}


def organisation(minutes: int, version_no: int, name: str, *, organisation: str = "housing", active: bool = True) -> OrganisationChanged:
    return OrganisationChanged(
        **_told(minutes), organisation=organisation, name=name, kind="government", region="320412", active=active, version_no=version_no
    )


def mandate(minutes: int, version_no: int, *, deputy_id: uuid.UUID = DEPUTY, status: Any = "active") -> MandateChanged:
    return MandateChanged(
        **_told(minutes),
        deputy_id=deputy_id,
        person_id=derived_id(deputy_id, "person"),
        name="测试代表",
        level="county",
        region="320412",
        group="湖塘组",
        status=status,
        starts_on=date(2022, 1, 10),
        ends_on=None,
        version_no=version_no,
    )


def _case(minutes: int, case_id: uuid.UUID, case_version: int, round_: int) -> dict[str, Any]:
    return {
        **_told(minutes),
        "case_id": case_id,
        "opinion_id": derived_id(case_id, "opinion"),
        "number": "320412-2026-ABCDEFGH",
        "case_version": case_version,
        "round": round_,
        "department": "housing",
    }


def reopened(minutes: int, case_id: uuid.UUID, case_version: int, round_: int) -> CaseReopened:
    return CaseReopened(**_case(minutes, case_id, case_version, round_), reply_due_at=START + timedelta(days=31))


def closed(minutes: int, case_id: uuid.UUID, case_version: int, round_: int) -> CaseClosed:
    return CaseClosed(**_case(minutes, case_id, case_version, round_), level="satisfied")


def not_returned(minutes: int, case_id: uuid.UUID, case_version: int, round_: int) -> OpinionFormNotReturned:
    return OpinionFormNotReturned(**_case(minutes, case_id, case_version, round_), deputy_id=DEPUTY, due_at=START)


EVENTS: list[Event] = [
    organisation(1, 1, "区住建局"),
    organisation(2, 1, "区交通局", organisation="transport"),
    mandate(3, 1),
    mandate(4, 1, deputy_id=SUSPENDED),
    organisation(5, 2, "区住房和城乡建设局"),
    reopened(6, REOPENED, 5, 2),
    closed(7, AT_ONCE, 4, 1),
    reopened(8, REOPENED, 8, 3),
    mandate(9, 2, deputy_id=SUSPENDED, status="suspended"),
    reopened(10, OPEN, 6, 2),
    closed(11, REOPENED, 11, 3),
    reopened(14, LAPSED, 6, 2),
    not_returned(15, LAPSED, 9, 2),
    organisation(12, 2, "区交通局", organisation="transport", active=False),
    organisation(13, 3, "区住房和城乡建设局（区人防办）"),
]
