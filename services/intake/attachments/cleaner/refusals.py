"""How the cleaner says no: by a word that the service turns into its refusal."""

from __future__ import annotations


class NotReadable(Exception):
    """The file is damaged, cut off, encrypted, or not what its first bytes promise."""

    word = "FileNotReadable"


class TooManyDots(NotReadable):
    """A picture of more dots than allowed."""

    word = "PictureTooLarge"


class NotTaken(NotReadable):
    """Readable, and of a kind that is not taken: a film in a container for sound."""

    word = "KindNotAccepted"
