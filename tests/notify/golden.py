"""The events notify listens to: two assignments of a case through objection, reply, reopening and closing; a late stage; points."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from shared.events import Event, derived_id
from shared.events.intake_contacts import ContactsFoundBelowMinimum
from shared.events.intake_opinions import FollowedOpinionMoved
from shared.events.routing import AssignmentMade, AssignmentWithdrawn, CaseClosed, CaseObjected, CaseOverdue, CaseReopened, CaseReplied
from shared.events.routing_assigning import (
    FastLaneStepLate,
    PreAssignmentAnswered,
    PreAssignmentEnded,
    PreAssignmentLate,
    PreAssignmentMade,
)
from shared.events.routing_deadlines import AssignmentDueMoved
from shared.events.routing_evaluation import OpinionFormReminded, OpinionFormSent
from shared.events.routing_extending import CoOpinionAskedAgain, CoOpinionCame, CoOpinionFellDue, ExtensionAsked, ExtensionRefused
from shared.events.routing_handling import HandOverUpheld, ObjectionUndecided, ReplyDueSoon, ReplyPushed
from shared.events.routing_supervising import PromiseFellDue, PromiseOverdue, SupervisionPushed, UnitCalled
from shared.events.routing_transfers import LeadOverdue, LeadReceived
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


def of_routing(minutes: int) -> list[Event]:
    """One of each of what routing tells a unit or the desk beside a case's course."""
    at = iter(range(minutes, minutes + 100))
    day = date(2026, 3, 1)

    def unit() -> dict[str, Any]:
        return {**_told(next(at)), "case_id": CASE, "number": NUMBER, "organisation": "housing"}

    def case() -> dict[str, Any]:
        return _case(minute := next(at), minute)

    a_pre_assignment = {"pre_assignment_id": derived_id(CASE, "pre-assignment")}
    a_transfer = {"transfer_id": derived_id(CASE, "transfer")}
    a_promise = {"promise_id": derived_id(CASE, "promise"), "promised_by": day}
    a_part = {"assignment_id": derived_id(CASE, "assignment"), "due_is_provisional": False}
    an_opinion = {"assignment_id": derived_id(CASE, "assignment")}
    said = {"title": "路灯不亮", "text": "小区路灯不亮已有一周", "requirements": "先沟通"}
    asked = {**a_pre_assignment, **said, "part": "lead", "category": None, "due_at": DUE, "due_is_provisional": False}
    return [
        AssignmentWithdrawn(**unit(), round=1),
        AssignmentDueMoved(**unit(), **a_part, round=1, due_at=DUE),
        PreAssignmentMade(**unit(), **asked),
        PreAssignmentEnded(**unit(), **a_pre_assignment),
        ExtensionRefused(**unit(), round=1, reason="不符合延期情形", due_at=DUE),
        CoOpinionCame(**unit(), **an_opinion, still_to_come=1),
        CoOpinionAskedAgain(**unit(), **an_opinion, turn=2, reason="请写明时限", due_at=DUE),
        CoOpinionFellDue(**unit(), **an_opinion, due_at=DUE),
        HandOverUpheld(**unit(), round=1, reason="属本单位职责", reply_due_at=DUE),
        ReplyDueSoon(**unit(), round=1, due_at=DUE),
        ReplyPushed(**unit(), round=1, due_at=DUE, push=2),
        PromiseFellDue(**unit(), **a_promise),
        SupervisionPushed(**unit(), body="urban_committee", text="请加快"),
        UnitCalled(**_told(next(at)), meeting_id=derived_id(CASE, "meeting"), organisation="housing", type="direct", held_on=day),
        LeadReceived(**unit(), **a_transfer, field="ecology", text="线索"),
        PreAssignmentAnswered(**case(), **a_pre_assignment, confirmed=False, reason="不属于本单位职责"),
        ExtensionAsked(**case(), extension_id=derived_id(CASE, "extension"), n=5, unit="workday", reason="材料延期", due_at=DUE),
        PreAssignmentLate(**case(), **a_pre_assignment, due_at=DUE),
        ObjectionUndecided(**case(), decide_by=DUE),
        PromiseOverdue(**case(), **a_promise),
        LeadOverdue(**case(), **a_transfer, what="result", due_at=DUE),
        FastLaneStepLate(**case(), step="plan", due_at=DUE),
    ]


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
EVERY: list[Event] = [*EVENTS, *of_routing(50)]
"""One of each kind that notify listens to, at least."""
