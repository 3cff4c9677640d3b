"""Facts that routing tells of cases about deputies' suggestions (代表建议) alone. `opinion_id` of such a case is the suggestion's id."""

from __future__ import annotations

from shared.events.routing import CaseEvent


class CaseFiledForReference(CaseEvent):
    """A suggestion that wants no reply (仅供研究参考) was closed as it came: no department has it and no clock runs."""
