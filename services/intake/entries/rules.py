"""Pure decisions on entries."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from services.intake.entries.errors import ConsentMissing, ConsentWithoutContact, PaperNumberMissing, ReceivedNotAccepted, SourceUnknown
from services.intake.entries.settings import EntryPolicy

Consent = Literal["spoken", "signed"]


def check(policy: EntryPolicy, source: str, *, received_at: datetime, at: datetime, paper: str | None) -> None:
    """Passes for a source of the place and a moment within its days. Raises SourceUnknown, ReceivedNotAccepted, PaperNumberMissing."""
    if source not in policy.sources:
        raise SourceUnknown(where="source", source=source)
    if not at - timedelta(days=policy.days_back) <= received_at <= at:
        raise ReceivedNotAccepted(where="received_at", days_back=policy.days_back)
    if source == "paper" and not paper:
        raise PaperNumberMissing(where="paper")


def check_consent(consent: Consent | None, *, has_contact: bool) -> None:
    """Passes when contact data come with the consent to keep them. Raises ConsentMissing, ConsentWithoutContact."""
    if has_contact and consent is None:
        raise ConsentMissing(where="consent")
    if consent is not None and not has_contact:
        raise ConsentWithoutContact(where="consent")
