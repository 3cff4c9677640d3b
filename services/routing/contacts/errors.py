"""What contacts refuse, each named by the fact."""

from __future__ import annotations

from shared.errors import Refused


class MeetingsMissing(Refused):
    """The place asks for meetings with the sender before the reply, and this round lacks those in `missing` (如皋)."""

    shown = ("missing",)


class ContactInFuture(Refused):
    """A contact is recorded once it has been held."""

    status = 422


class ContactTooEarly(Refused):
    """A contact after handling (办后) needs the reply of the round; `state` is the case's."""

    shown = ("state",)
