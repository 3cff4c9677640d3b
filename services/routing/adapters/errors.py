"""What handing cases to other systems refuses, each named by the fact."""

from __future__ import annotations

from shared.errors import Refused


class UnknownAdapter(Refused):
    """The place's profile has no such adapter; `known` lists those it has."""

    status = 422
    shown = ("known",)


class AlreadyHandedOut(Refused):
    """The other system has the case."""


class SignatureNotValid(Refused):
    """The signature does not fit the secret that adapter and suite share, or the time it names is not now; no more is said."""

    status = 401


class HandedOutNotFound(Refused):
    """Nothing with this id was handed to this system."""

    status = 404


class UnknownStatus(Refused):
    """The profile does not say what this status of the other system means; `known` lists those it does."""

    status = 422
    shown = ("known",)


class AnotherExternalId(Refused):
    """The other system named it otherwise before, or names another matter so."""


class ReportIdTaken(Refused):
    """A report with this id said something else."""
