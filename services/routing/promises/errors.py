"""What the promise ledger refuses, each named by the fact."""

from __future__ import annotations

from shared.errors import Refused


class PromiseMissing(Refused):
    """A reply of this class counts as a promise: it says what is promised, and by which day."""

    status = 422


class PromiseNotNeeded(Refused):
    """A reply of this class promises nothing, and a day was given."""

    status = 422


class PromiseNotLater(Refused):
    """The promised day is not after the day on which it is promised; `after` is that day."""

    status = 422
    shown = ("after",)


class PromiseNotFound(Refused):
    """No promise with this id, or none that the caller may see: both answer alike."""

    status = 404


class PromiseSettled(Refused):
    """The promise was kept, or is owed no more; `state` says which."""

    shown = ("state", "current")


class PromiseDayUnchanged(Refused):
    """The new day is the day that is in force already."""

    status = 422


class DeliveryNotPossible(Refused):
    """What was promised cannot have been delivered in the future, nor before it was promised."""

    status = 422


class NothingToRate(Refused):
    """A promise is rated after it was kept or changed, each time once."""

    shown = ("state", "current")
