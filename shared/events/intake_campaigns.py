"""Facts that intake tells of calls for opinions (征集). Titles stay in intake: these go to whoever subscribes."""

from __future__ import annotations

import uuid
from datetime import date
from typing import ClassVar, Literal

from shared.events.base import Event

CampaignKind = Literal["opinions", "livelihood_projects", "supervision_topics", "legislation"]
"""民意, 民生实事, 监督议题, 立法意见 (domain handbook, section 1)."""


class CampaignAnnounced(Event):
    """A call for opinions (征集) was entered, or its window or scope changed. Both days belong to the window."""

    producer: ClassVar[str] = "intake"
    key: ClassVar[str] = "campaign_id"
    open_to_all: ClassVar[bool] = True

    campaign_id: uuid.UUID
    kind: CampaignKind
    region: str
    opens_on: date
    closes_on: date
    version_no: int


class CampaignClosed(Event):
    """The window of a call for opinions ended, by its day or early. `received` is how many opinions came in it."""

    producer: ClassVar[str] = "intake"
    key: ClassVar[str] = "campaign_id"
    open_to_all: ClassVar[bool] = True

    campaign_id: uuid.UUID
    kind: CampaignKind
    region: str
    received: int
    early: bool


class CampaignReported(Event):
    """What came of a call for opinions was published. The text is on its public page."""

    producer: ClassVar[str] = "intake"
    key: ClassVar[str] = "campaign_id"
    open_to_all: ClassVar[bool] = True

    campaign_id: uuid.UUID
    received: int
