"""Pure decisions on personal data: how they are shown, for what they are read, and when they go."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta

from services.intake.privacy.errors import GroundNotListed, MatterStillOpen, PurposeUnknown
from services.intake.privacy.settings import Keeping, Named, PrivacyPolicy

_ENDS_NEEDED = 7
"""Characters of a number from which on its ends may be shown without giving it away."""


def check_purpose(policy: PrivacyPolicy, purpose: str) -> None:
    """Passes for a purpose of the profile's list. Raises PurposeUnknown."""
    if not _listed(policy.purposes, purpose):
        raise PurposeUnknown(purpose=purpose, where="purpose")


def check_ground(grounds: tuple[Named, ...], ground: str) -> None:
    """Passes for a ground of the list. Raises GroundNotListed."""
    if not _listed(grounds, ground):
        raise GroundNotListed(ground=ground, where="ground")


def _listed(named: tuple[Named, ...], code: str) -> bool:
    return any(one.code == code for one in named)


def check_over(kind: str, *, is_open: bool) -> None:
    """Passes unless the matter still needs its contact data. Raises MatterStillOpen."""
    if is_open:
        raise MatterStillOpen(kind=kind)


def due_before(keeping: Keeping, moment: datetime) -> datetime:
    """What was over before this moment is kept no longer."""
    return moment - timedelta(days=keeping.days)


def masked(fields: Mapping[str, str | None]) -> dict[str, str | None]:
    """Contact fields as they are shown by default: 138****1234, 张**. How long a name is, is not told."""
    return {name: None if plain is None else _masked(name, plain) for name, plain in fields.items()}


def _masked(name: str, plain: str) -> str:
    if name == "name":
        return f"{plain[:1]}**"
    if name == "phone":
        digits = re.sub(r"[^0-9]", "", plain)
        return f"{digits[:3]}****{digits[-4:]}" if len(digits) > _ENDS_NEEDED else "****"
    return "****"
