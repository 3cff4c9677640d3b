"""What is refused of suggestions' cases, named by the fact."""

from __future__ import annotations

from shared.errors import Refused


class NotASuggestion(Refused):
    """The case is about a resident's opinion: nothing was handed over with it."""

    status = 404
