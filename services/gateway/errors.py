"""Refusals of the door itself; what a service refuses passes through unchanged."""

from __future__ import annotations

from typing import ClassVar

from shared.errors import Refused


class ServiceUnknown(Refused):
    """No service of that name, or a path that only its operator may ask for."""

    status = 404


class PathNotAccepted(Refused):
    """A path that two readers could take differently: dot segments, encoded slashes, empty segments, control characters."""

    status = 404


class RequestNotClear(Refused):
    """A header that may stand once only stands twice, or is missing."""

    status = 400


class WebSocketNotOffered(Refused):
    """Streams are server-sent events here."""

    status = 400


class NotHttp(Refused):
    """What came is no HTTP request."""

    status = 400


class HeadersTooLarge(Refused):
    status = 431
    shown = ("limit",)


class BodyTooSlow(Refused):
    status = 408
    headers: ClassVar[dict[str, str]] = {"Connection": "close"}


class TooManyRequests(Refused):
    """A limit of the settings is used up; `Retry-After` says for how long."""

    status = 429
    shown = ("limit", "retry_after")


class ServiceAway(Refused):
    """The service cannot be reached, or its connection broke before an answer came: it is down or restarting."""

    status = 503
    shown = ("service",)
    headers: ClassVar[dict[str, str]] = {"Retry-After": "2"}


class ServiceBusy(Refused):
    """The service has as many requests in hand, or connections open, as the settings allow: better told at once than after its time."""

    status = 503
    shown = ("service",)
    headers: ClassVar[dict[str, str]] = {"Retry-After": "5"}


class ServiceTooSlow(Refused):
    """The service did not answer in time; whether it acted is not known."""

    status = 504
    shown = ("service",)
    headers: ClassVar[dict[str, str]] = {"Retry-After": "5"}
