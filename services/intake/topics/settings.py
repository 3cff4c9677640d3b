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
    """How topics are found. Shares are 0 to 1; a name is a string of three characters or more, known by one of its shingles."""

    window_days: int = Field(ge=7, le=730, description="what came in these days is held against all before")
    least: int = Field(ge=3, description="messages of the window that have a name, for it to make a topic")
    titled: float = Field(gt=0, le=1, description="share of them that have it in the title")
    common: float = Field(gt=0, le=1, description="strings in a larger share of all messages say nothing")
    burst: float = Field(ge=1, description="times more frequent in the window than before, for a topic to begin")
    lasting: float = Field(ge=1, description="times more frequent in its fullest window than outside it, for a topic to stay")
    company: float = Field(gt=0, le=1, description="share of its messages that have another rare string in common")
    together: float = Field(gt=0, le=1, description="Jaccard share of the messages of two names that are one topic")
    together_from: int = Field(ge=2, description="messages that have both")
    belongs: float = Field(gt=0, le=1, description="share of the rarer name's messages that have the other")
    hot: HotPolicy
