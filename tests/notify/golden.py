"""The events notify listens to: two assignments of a case through objection, reply, reopening and closing; a late stage; points."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from shared.events import Event, derived_id
from shared.events.intake_contacts import ContactsFoundBelowMinimum
from shared.events.intake_opinions import FollowedOpinionMoved
from shared.events.routing import AssignmentMade, CaseClosed, CaseObjected, CaseOverdue, CaseReopened, CaseReplied
from shared.events.routing_evaluation import OpinionFormReminded, OpinionFormSent
from shared.events.scoring import PointsPosted
from shared.events.supervision import StageDelayed

START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
CASE = uuid.UUID("01970000-0000-7000-8000-000000000201")
DEPUTY = uuid.UUID("01970000-0000-7000-8000-000000000101")
ACCOUNT = uuid.UUID("01970000-0000-7000-8000-000000000401")
NUMBER = "320412-2026-ABCDEFGH"
DUE = datetime(2026, 6, 2, 15, 59, 59, tzinfo=UTC)


def _told(minutes: int) -> dict[str, Any]:
    return {"id": derived_id(CASE, f"event-{minutes}"), "occurred_at": START + timedelta(minutes=minutes), "site": "320412"}


def assignment(minutes: int, organisation: str, part: Any = "lead") -> AssignmentMade:
    return AssignmentMade(
        **_told(minutes),
        assignment_id=derived_id(CASE, f"assignment-{minutes}"),
        case_id=CASE,
        number=NUMBER,
        organisation=organisation,
        part=part,
        round=1,
        category="construction",
        title="路灯不亮",
        text="小区路灯不亮已有一周",
        due_at=DUE,
    )


def _case(minutes: int, case_version: int, round_: int = 1, department: str = "housing") -> dict[str, Any]:
    return {
        **_told(minutes),
        "case_id": CASE,
        "opinion_id": derived_id(CASE, "opinion"),
        "number": NUMBER,
        "case_version": case_version,
        "round": round_,
        "department": department,
    }


def _form(minutes: int) -> dict[str, Any]:
    case = _case(minutes, 12, 2)
    del case["department"]
    return {**case, "deputy_id": DEPUTY, "due_at": DUE, "matter": "suggestion"}


def replied(minutes: int, case_version: int, round_: int) -> CaseReplied:
    return CaseReplied(
        **_case(minutes, case_version, round_),
        result_class="A",
        counts_as_done=True,
        counts_as_promise=False,
        text="已修复路灯",
        signer="王局长",
        replied_at=START + timedelta(minutes=minutes),
        on_time=True,
    )


def points(minutes: int, value: str) -> PointsPosted:
    return PointsPosted(
        **_told(minutes),
        line_id=derived_id(CASE, f"line-{minutes}"),
        deputy_id=DEPUTY,
        item="opinion_taken_in",
        points=Decimal(value),
        evidence=derived_id(CASE, "evidence"),
        rule_version="example-1",
    )


EVENTS: list[Event] = [
    assignment(1, "transport"),
    assignment(2, "ecology", "co_handler"),
    CaseObjected(**_case(3, 3, department="transport"), reason="不属于本单位职责"),
    assignment(4, "housing"),
    CaseOverdue(**_case(5, 6), due_at=DUE),
    replied(6, 7, 1),
    CaseReopened(**_case(7, 9, 2), reply_due_at=DUE + timedelta(days=31)),
    replied(8, 11, 2),
    CaseClosed(**_case(9, 12, 2), level="satisfied"),
    StageDelayed(**_told(10), project_id=derived_id(CASE, "project"), owner="housing", stage="construction", planned_on=date(2026, 3, 1)),
    points(11, "0.50"),
    points(12, "-0.50"),
    FollowedOpinionMoved(**_told(13), opinion_id=derived_id(CASE, "opinion"), account_id=ACCOUNT, change="replied", round=1),
    ContactsFoundBelowMinimum(
        **_told(14),
        deputy_id=DEPUTY,
        measure="contact",
        period="month",
        starts_on=date(2026, 3, 1),
        ends_on=date(2026, 3, 31),
        done=0,
        at_least=1,
    ),
    OpinionFormSent(**_form(15), due_is_provisional=False),
    OpinionFormReminded(**_form(16)),
]
