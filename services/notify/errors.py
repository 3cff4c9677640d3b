"""What may be refused about notices. The texts stand in `texts.yaml`."""

from __future__ import annotations

from typing import ClassVar

from shared.errors import NotFound, Refused


class NoticeUnknown(NotFound):
    """No such notice, or none of the caller's."""


class TooManyStreams(Refused):
    """This process serves as many open streams as it may."""

    status = 503
    headers: ClassVar[dict[str, str]] = {"Retry-After": "10"}
