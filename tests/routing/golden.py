"""The events routing listens to: departments that come, go and are renamed; opinions of every kind; ratings in and out of turn."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.events import Event, derived_id
from shared.events.directory import OrganisationChanged
from shared.events.intake import OpinionClassified, OpinionRated, RatingLevel

START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
STATION = uuid.UUID("01970000-0000-7000-8000-000000000001")


def at(minutes: float) -> datetime:
    """A moment of the golden story."""
    return START + timedelta(minutes=minutes)


def opinion_id(name: str) -> uuid.UUID:
    """The id of the opinion with this name in the tests."""
    return derived_id(STATION, f"opinion-{name}")


def case_id(name: str) -> uuid.UUID:
    """The id of its case."""
    return derived_id(opinion_id(name), "case")


def organisation(
    minutes: float, name: str, version_no: int = 1, *, active: bool = True, title: str = "", occurred_at: datetime | None = None
) -> OrganisationChanged:
    """A version of an organisation."""
    return OrganisationChanged(
        id=derived_id(STATION, f"{name}-{version_no}"),
        occurred_at=occurred_at or at(minutes),
        site="320412",
        organisation=name,
        name=title or f"区{name}",
        kind="government",
        region="320412",
        active=active,
        version_no=version_no,
    )


def opinion(minutes: float, name: str, category: str | None = "construction", **changes: Any) -> OpinionClassified:
    """A classified opinion; the sender chose the category unless the changes say otherwise."""
    facts: dict[str, Any] = {
        "id": derived_id(opinion_id(name), "classified"),
        "occurred_at": at(minutes),
        "site": "320412",
        "opinion_id": opinion_id(name),
        "number": f"320412-2026-{name.upper()}",
        "region": "320412001",
        "title": f"关于路灯的意见{name}",
        "text": "小区门口的路灯坏了一个月，请尽快修好。",
        "category": category,
        "confidence": 1.0 if category else 0.3,
        "source": "sender" if category else "none",
        "target_id": STATION,
        "channel": "station",
    }
    return OpinionClassified(**facts | changes)


def rating(minutes: float, name: str, round_: int, level: RatingLevel) -> OpinionRated:
    """A resident's rating of a round."""
    return OpinionRated(
        id=derived_id(opinion_id(name), f"rated-{round_}-{level}"),
        occurred_at=at(minutes),
        site="320412",
        opinion_id=opinion_id(name),
        number=f"320412-2026-{name.upper()}",
        round=round_,
        level=level,
        comment="还没有修好" if level == "dissatisfied" else None,
    )


EVENTS: list[Event] = [
    organisation(1, "housing"),
    organisation(2, "transport", 1, active=False),
    organisation(3, "ecology"),
    opinion(4, "certain"),
    opinion(5, "by_rule", "environment", source="rule", confidence=0.9),
    opinion(6, "by_model", "construction", source="model", confidence=0.7),
    opinion(7, "unsure", "construction", source="rule", confidence=0.6),
    opinion(8, "unclassified", None),
    opinion(9, "no_rule", "economy"),
    opinion(10, "before_its_department", "education"),
    opinion(11, "while_inactive", "transport"),
    organisation(12, "housing", 2, title="区住房和城乡建设局"),
    organisation(13, "transport", 2),
    organisation(14, "education"),
    opinion(15, "never_served", "health"),
    organisation(16, "ecology", 2, active=False),
    opinion(17, "replied_well"),
    opinion(18, "replied_badly"),
    rating(19, "unclassified", 1, "satisfied"),
    rating(20, "replied_well", 1, "basically_satisfied"),
    rating(21, "replied_badly", 1, "dissatisfied"),
    rating(22, "replied_badly", 2, "satisfied"),
    rating(23, "replied_well", 2, "dissatisfied"),
]
