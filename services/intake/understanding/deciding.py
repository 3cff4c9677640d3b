"""Who decides on a category: the sender, sure keywords, the trained model, or the desk."""

from __future__ import annotations

from services.intake import rules
from services.intake.rules import Classified
from services.intake.settings import IntakePolicy, Settings
from services.intake.understanding.loading import Classifier, loaded


def classify(settings: Settings, policy: IntakePolicy, chosen: str | None, title: str, text: str) -> Classified:
    """The category of an opinion, or none: then the desk decides. See `decide`."""
    return decide(policy, chosen, title, text, loaded(settings.model_file))


def decide(policy: IntakePolicy, chosen: str | None, title: str, text: str, model: Classifier | None) -> Classified:
    """The sender's choice, then keywords, then the model from `abstain_below` on.

    Without a model keywords decide as they always did. With one they come first only where they are sure as
    `classifier.rules_first` says, or where they name a category that the model was never taught and so cannot find.
    """
    if by_sender := rules.chosen_by_sender(policy, chosen):
        return by_sender
    found = rules.points(policy, title, text)
    plain = rules.prevailing(found, policy.certain)
    if model is None:
        return plain
    if plain.category is not None and plain.category not in model.categories:
        return plain
    sure = rules.prevailing(found, policy.classifier.rules_first)
    if sure.category is not None:
        return sure
    best = model.best(title, text)
    if best.confidence < policy.classifier.abstain_below:
        return Classified(None, round(best.confidence, 4), "none", model.version)
    return Classified(best.category, round(best.confidence, 4), "model", model.version)
