"""What the exchange with the procuratorate refuses, each named by the fact."""

from __future__ import annotations

from shared.errors import Refused


class UnknownField(Refused):
    """Cases of this field do not go to the procuratorate; `known` lists those that do."""

    status = 422
    shown = ("known",)


class TransferNotFound(Refused):
    """No transfer with this id, or none in the caller's region."""

    status = 404


class AlreadyHandedOver(Refused):
    """A lead of this case is with the procuratorate."""


class AlreadyTied(Refused):
    """This suggestion of the procuratorate is tied to the case."""


class TransferOutOfTurn(Refused):
    """What was asked for does not follow from the state of the transfer; `allowed` lists what does."""

    shown = ("state", "allowed", "current")


class TermNotLater(Refused):
    """The term that the suggestion sets ends before today."""

    status = 422


class IssuedInFuture(Refused):
    """The suggestion has a day that is still to come."""

    status = 422
