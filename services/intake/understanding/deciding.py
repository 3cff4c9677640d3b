"""Who decides on a category: the sender, sure keywords, the trained model, or the desk."""

from __future__ import annotations

from services.intake import rules
from services.intake.rules import Classified
from services.intake.settings import IntakePolicy, Settings
from services.intake.understanding.loading import loaded


def classify(settings: Settings, policy: IntakePolicy, chosen: str | None, title: str, text: str) -> Classified:
    """The category of an opinion, or none: then the desk decides.

    Without a model keywords decide as they always did. With one they come first only where they are sure as
    `classifier.rules_first` says; the model decides from `abstain_below` on.
    """
    model = loaded(settings.model_file)
    if model is None:
        return rules.classify(policy, chosen, title, text)
    found = rules.classify(policy, chosen, title, text, policy.classifier.rules_first)
    if found.category is not None:
        return found
    best = model.best(title, text)
    if best.confidence < policy.classifier.abstain_below:
        return Classified(None, round(best.confidence, 4), "none", model.version)
    return Classified(best.category, round(best.confidence, 4), "model", model.version)
