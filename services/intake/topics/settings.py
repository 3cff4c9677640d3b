"""What a place decides about topics. The values of wujin were chosen on 4,326 real messages (decision record 0023)."""

from __future__ import annotations

from pydantic import Field

from services.intake.labels import Strict


class HotPolicy(Strict):
    """When a topic is hot: so many people in the last days, and so many times the mean of the weeks before."""

    days: int = Field(ge=1, le=60)
    weeks_before: int = Field(ge=1, le=26)
    people: int = Field(ge=2)
    growth: float = Field(ge=1)


class TopicPolicy(Strict):
    """How topics are found. Shares are 0 to 1; a string is a run of overlapping three-character shingles."""

    window_days: int = Field(ge=7, le=730, description="messages of these days form new topics")
    least: int = Field(ge=3, description="messages that form a topic")
    strings: int = Field(ge=2, description="rare strings that its first messages have in common")
    together: float = Field(gt=0, le=1, description="Jaccard share of the messages of two such strings")
    burst: float = Field(ge=1, description="times more frequent in the window than before")
    common: float = Field(gt=0, le=1, description="strings in a larger share of all messages say nothing")
    key_share: float = Field(gt=0, le=1, description="share of a topic's messages that have a key")
    key_belongs: float = Field(gt=0, le=1, description="share of a key's messages that are the topic's")
    name_share: float = Field(gt=0, le=1)
    name_belongs: float = Field(gt=0, le=1)
    fit: float = Field(gt=0, description="evidence needed while a topic has no name of its own")
    fit_named: float = Field(gt=0, description="evidence needed beside one of its names")
    one_name: float = Field(gt=0, le=2, description="two topics are one when a key belongs this much to both together")
    hot: HotPolicy
