"""Expected refusals: one base class, names that state the fact, texts in the catalogues (decision record 0006)."""

from __future__ import annotations

from typing import Any, ClassVar


class Refused(Exception):
    """An expected refusal. `status` is the HTTP status; the class name is the stable `code` that clients may rely on.

    Keyword arguments fill the placeholders of the catalogue's texts; those named in `shown` are also members of the
    problem document. `where` says what part of the request is meant.
    """

    status: ClassVar[int] = 409
    shown: ClassVar[tuple[str, ...]] = ()
    headers: ClassVar[dict[str, str]] = {}
    keeps: ClassVar[bool] = False
    """With True the transaction is committed all the same: a failed sign-in must count towards the lockout."""

    def __init__(self, *, where: str | None = None, **values: Any) -> None:
        super().__init__(type(self).__name__)
        self.where = where
        self.values = values

    @classmethod
    def code(cls) -> str:
        """The name of the fact."""
        return cls.__name__


class MalformedJson(Refused):
    status = 400


class InvalidRequest(Refused):
    """The request does not fit the schema; `errors` lists each place and what is wrong with it, never the value sent."""

    status = 422
    shown = ("errors",)


class NotSignedIn(Refused):
    status = 401
    headers: ClassVar[dict[str, str]] = {"WWW-Authenticate": "Bearer"}


class TokenNotValid(NotSignedIn):
    """The access token is expired, forged or meant for another system."""

    headers: ClassVar[dict[str, str]] = {"WWW-Authenticate": 'Bearer error="invalid_token"'}


class NotPermitted(Refused):
    status = 403


class NotFound(Refused):
    status = 404


class MethodNotAllowed(Refused):
    status = 405


class VersionMissing(Refused):
    status = 428


class VersionNotReadable(Refused):
    status = 400


class StaleVersion(Refused):
    """Somebody else wrote first; `current` is the version to read and try again from."""

    status = 409
    shown = ("current",)


class BodyTooLarge(Refused):
    status = 413
    shown = ("limit",)


class KeyUsedForAnotherRequest(Refused):
    """The `Idempotency-Key` was used before, with another body or on another path."""

    status = 422


class RequestInFlight(Refused):
    status = 409
    headers: ClassVar[dict[str, str]] = {"Retry-After": "1"}


class KeyNotReadable(Refused):
    status = 400


class CursorNotReadable(Refused):
    status = 400


class DatabaseAway(Refused):
    status = 503
    headers: ClassVar[dict[str, str]] = {"Retry-After": "2"}


class KeysNotKnownYet(Refused):
    """A service that has just begun has not heard of any signing key: it cannot tell yet whether a token holds."""

    status = 503
    headers: ClassVar[dict[str, str]] = {"Retry-After": "1"}


class InternalError(Refused):
    """A defect. The answer names the request id and nothing else."""

    status = 500
