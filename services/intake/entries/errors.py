"""What may be refused about entering an opinion on behalf. The texts stand in `texts.yaml`."""

from __future__ import annotations

from shared.errors import Refused


class SourceUnknown(Refused):
    """The place takes no opinions that way."""

    status = 422
    shown = ("source",)


class ConsentMissing(Refused):
    """Contact data need the consent of the person, and how it was given (个人信息保护法 13, 29)."""

    status = 422


class ConsentWithoutContact(Refused):
    """Consent is to keeping contact data, and there are none."""

    status = 422


class ReceivedNotAccepted(Refused):
    """The moment lies ahead, or more than `days_back` days back."""

    status = 422
    shown = ("days_back",)


class PaperNumberMissing(Refused):
    """An opinion on paper is found again by the paper's own number."""

    status = 422
