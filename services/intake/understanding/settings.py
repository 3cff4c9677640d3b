"""What a place decides about classifying: how sure is sure enough, and what the labels of its training data mean."""

from __future__ import annotations

from pydantic import Field

from services.intake.labels import Strict


class Certain(Strict):
    """When a category by keywords is certain: enough points, and a large enough share of all points."""

    title_factor: int = Field(ge=1)
    score: int = Field(ge=1)
    share: float = Field(gt=0, le=1)


class ClassifierPolicy(Strict):
    """How rules and a trained model work together.

    `rules_first`: what keywords must reach to decide although there is a model. `abstain_below`: the probability under which
    the model leaves the matter to the desk. `labels` maps what the training data calls a category to the place's codes.
    """

    rules_first: Certain
    abstain_below: float = Field(ge=0, le=1)
    labels: dict[str, str]
