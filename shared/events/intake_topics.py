"""Facts that intake tells of topics: ids and counts only. What a topic is about stays at the desk."""

from __future__ import annotations

import uuid
from typing import ClassVar

from shared.events.base import Event


class TopicBecameHot(Event):
    """Many people speak of one thing, far more than in the weeks before: a flag for the desk. `before` are the people of those weeks."""

    producer: ClassVar[str] = "intake"
    key: ClassVar[str] = "topic_id"

    topic_id: uuid.UUID
    people: int
    messages: int
    before: int
    days: int
