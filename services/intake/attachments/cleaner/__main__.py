"""`python -m services.intake.attachments.cleaner <media type> <most pixels>`: standard input cleaned to standard output.

Ends with 0, or with 3 and the refusal's word on standard error. Any other end means that the file broke the cleaner.
"""

from __future__ import annotations

import resource
import sys
from collections.abc import Callable

from services.intake.attachments.cleaner.refusals import NotReadable

MEMORY = 1024 * 1024 * 1024
SECONDS = 8
REFUSED = 3
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _cleaner_of(media_type: str, pixels: int) -> Callable[[bytes], bytes]:
    """What cleans files of that type; only its own library is loaded."""
    if media_type.startswith("image/"):
        from services.intake.attachments.cleaner import pictures

        return lambda data: pictures.clean(data, media_type, pixels)
    if media_type == "application/pdf":
        from services.intake.attachments.cleaner import documents

        return documents.clean
    if media_type == DOCX:
        from services.intake.attachments.cleaner import words

        return lambda data: words.clean(data, pixels)
    if media_type == "audio/webm":
        from services.intake.attachments.cleaner import webm

        return webm.clean
    from services.intake.attachments.cleaner import audio

    return audio.CLEANERS[media_type]


def main() -> int:
    """Cleans one file."""
    _limit()
    data = sys.stdin.buffer.read()
    try:
        cleaned = _cleaner_of(sys.argv[1], int(sys.argv[2]))(data)
    except NotReadable as refusal:
        sys.stderr.write(refusal.word)
        return REFUSED
    except MemoryError:
        sys.stderr.write(NotReadable.word)
        return REFUSED
    sys.stdout.buffer.write(cleaned)
    return 0


if __name__ == "__main__":
    sys.exit(main())
