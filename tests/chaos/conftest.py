"""The tiny service's fixtures, for the short form of the BREAK runs."""

from tests.shared.conftest import operator, settings

__all__ = ["operator", "settings"]
