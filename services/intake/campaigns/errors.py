"""What may be refused about calls for opinions. The texts stand in `texts.yaml`."""

from __future__ import annotations

from shared.errors import NotFound, Refused


class CampaignUnknown(NotFound):
    """No call for opinions with this id."""


class CampaignNotOpenYet(Refused):
    """The window begins on `opens_on`."""

    shown = ("opens_on",)


class CampaignIsClosed(Refused):
    """The window ended on `closes_on`, or the call was closed before."""

    status = 410
    shown = ("closes_on",)


class CategoryNotAsked(Refused):
    """The call is for other categories: `asked`."""

    status = 422
    shown = ("asked",)


class CategoryUnknown(Refused):
    """The place's profile has no such category."""

    status = 422
    shown = ("category",)


class WindowNotInOrder(Refused):
    """The window ends before it begins, or on a day that is past."""

    status = 422


class WindowHasBegun(Refused):
    """Once people may answer, only the last day can be moved, and not to before today."""


class CampaignStillOpen(Refused):
    """The outcome is published once the window is over."""


class CampaignIsReported(Refused):
    """The outcome was published and stays."""
