"""The events intake listens to, as a story: two rounds, an objection, a deadline missed, one rating that did not count."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta
from typing import Any

from shared.events import Event, derived_id
from shared.events.directory import CodeRevoked, MandateChanged, OrganisationChanged, RegionChanged, StationChanged
from shared.events.routing import (
    CaseAccepted,
    CaseAssigned,
    CaseClosed,
    CaseEvent,
    CaseObjected,
    CaseOpened,
    CaseOverdue,
    CaseReopened,
    CaseReplied,
    CategoryCorrected,
    RatingNotCounted,
)
from shared.events.routing_supervising import PromiseChanged, PromiseKept, PromiseMade

START = datetime(2026, 5, 11, 1, 0, tzinfo=UTC)
OPINION = uuid.UUID("01970000-0000-7000-8000-000000000001")
STATION = uuid.UUID("01970000-0000-7000-8000-000000000002")
DEPUTY = uuid.UUID("01970000-0000-7000-8000-000000000003")
CODE = uuid.UUID("01970000-0000-7000-8000-000000000004")


def _facts(opinion: uuid.UUID, case_version: int, minutes: int, round_: int = 1) -> dict[str, Any]:
    return {
        "id": derived_id(opinion, f"event-{minutes}"),
        "occurred_at": START + timedelta(minutes=minutes),
        "site": "320412",
        "case_id": derived_id(opinion, "case"),
        "opinion_id": opinion,
        "number": "320412-2026-ABCDEFGH",
        "case_version": case_version,
        "round": round_,
    }


def opened(opinion: uuid.UUID) -> CaseOpened:
    return CaseOpened(**_facts(opinion, 1, 1), region="320412001", category="construction")


def assigned(opinion: uuid.UUID, case_version: int = 2, minutes: int = 2, lead: str = "housing") -> CaseAssigned:
    return CaseAssigned(
        **_facts(opinion, case_version, minutes),
        category="construction",
        lead=lead,
        co_handlers=(),
        by="desk",
        reply_due_at=START + timedelta(days=90),
        due_is_provisional=False,
    )


def objected(opinion: uuid.UUID) -> CaseObjected:
    return CaseObjected(**_facts(opinion, 3, 3), department="housing", reason="不属于本单位职责")


def accepted(opinion: uuid.UUID) -> CaseAccepted:
    return CaseAccepted(**_facts(opinion, 5, 5), department="transport")


def overdue(opinion: uuid.UUID) -> CaseOverdue:
    return CaseOverdue(**_facts(opinion, 6, 6), department="transport", due_at=START + timedelta(minutes=6))


def replied(opinion: uuid.UUID, case_version: int = 7, minutes: int = 7, round_: int = 1) -> CaseReplied:
    return CaseReplied(
        **_facts(opinion, case_version, minutes, round_),
        department="transport",
        result_class="B",
        counts_as_done=False,
        counts_as_promise=True,
        text=f"第{round_}轮答复：已列入计划。",
        signer="张某",
        replied_at=START + timedelta(minutes=minutes),
        on_time=False,
    )


def reopened(opinion: uuid.UUID) -> CaseReopened:
    return CaseReopened(**_facts(opinion, 8, 8, 2), department="transport", reply_due_at=START + timedelta(days=30))


def not_counted(opinion: uuid.UUID) -> RatingNotCounted:
    return RatingNotCounted(**_facts(opinion, 8, 9, 2), rated_round=1, reason="stale_round")


def closed(opinion: uuid.UUID) -> CaseClosed:
    return CaseClosed(**_facts(opinion, 10, 11, 2), department="transport", level="satisfied")


def promises(opinion: uuid.UUID) -> list[CaseEvent]:
    """What the second reply promised, put off and kept, after the case was closed."""
    promise: dict[str, Any] = {"promise_id": derived_id(opinion, "promise"), "department": "transport"}
    first, later = date(2026, 9, 30), date(2026, 12, 31)
    put_off: dict[str, Any] = {"promised_by": later, "before": first, "reason": "材料延期", "agreed_by": "desk"}
    kept: dict[str, Any] = {"promised_by": later, "delivered_at": START, "evidence": "现场照片 12 张", "on_time": True}
    return [
        PromiseMade(**_facts(opinion, 10, 23, 2), **promise, promised_by=first, source="reply", promised="更换全部路灯"),
        PromiseChanged(**_facts(opinion, 10, 24, 2), **promise, **put_off),
        PromiseKept(**_facts(opinion, 10, 25, 2), **promise, **kept),
    ]


def corrected(opinion: uuid.UUID, case_version: int = 4, minutes: int = 12, category: str = "transport") -> CategoryCorrected:
    return CategoryCorrected(**_facts(opinion, case_version, minutes), proposed="construction", corrected=category)


def case_events(opinion: uuid.UUID) -> list[CaseEvent]:
    """All that routing says about one opinion, in order."""
    return [
        opened(opinion),
        assigned(opinion),
        objected(opinion),
        assigned(opinion, 4, 4, "transport"),
        accepted(opinion),
        overdue(opinion),
        replied(opinion),
        reopened(opinion),
        not_counted(opinion),
        replied(opinion, 9, 10, 2),
        closed(opinion),
    ]


def directory_events() -> list[Event]:
    """What directory says of two organisations, a station, a code, a mandate and a region, most in several versions."""
    facts: list[dict[str, Any]] = [
        {"id": derived_id(CODE, str(n)), "occurred_at": START + timedelta(seconds=n), "site": "320412"} for n in range(11)
    ]
    organisation: dict[str, Any] = {"kind": "government", "region": "320412", "active": True}
    station: dict[str, Any] = {"station_id": STATION, "kind": "station", "region": "320412001"}
    mandate: dict[str, Any] = {"deputy_id": DEPUTY, "person_id": DEPUTY, "level": "township", "region": "320412001", "group": "第一小组"}
    mandate |= {"name": "姜一诺", "starts_on": date(2022, 1, 4)}
    region: dict[str, Any] = {"code": "320412001", "kind": "town", "parent": "320412"}
    return [
        OrganisationChanged(**facts[0], organisation="housing", name="区住建局", version_no=1, **organisation),
        OrganisationChanged(**facts[1], organisation="transport", name="区交通局", version_no=1, **organisation),
        OrganisationChanged(**facts[2], organisation="transport", name="区交通运输局", version_no=2, **organisation),
        StationChanged(**facts[3], name="湖塘站", lead_deputy_id=None, status="planned", version_no=1, **station),
        StationChanged(**facts[4], name="湖塘联络站", lead_deputy_id=DEPUTY, status="open", version_no=2, **station),
        CodeRevoked(**facts[5], code_id=CODE, reason="rotated"),
        CodeRevoked(**facts[6], code_id=CODE, reason="revoked"),
        MandateChanged(**facts[7], status="active", ends_on=None, version_no=1, **mandate),
        MandateChanged(**facts[8], status="suspended", ends_on=None, version_no=2, **mandate),
        RegionChanged(**facts[9], name="湖塘", version_no=1, **region),
        RegionChanged(**facts[10], name="湖塘镇", version_no=2, **region),
    ]


def events(opinion: uuid.UUID) -> list[Event]:
    """Everything, in order."""
    return [*directory_events(), *case_events(opinion), *promises(opinion), corrected(opinion, 2, 13, "environment"), corrected(opinion)]
