"""Hands a file to the cleaner and takes it back: what a person did not mean to send is gone, and a file built to harm harms nothing."""

from __future__ import annotations

import asyncio
import sys

import structlog

from services.intake.attachments.errors import FileNotReadable, KindNotAccepted, PictureTooLarge, TooManyAtOnce
from shared.errors import Refused
from shared.settings import ROOT

log = structlog.get_logger("lianxin.attachments")

_REFUSED = 3
_WAITS, _SECONDS = 1.0, 8.0
"""Seconds in line and at work: together below the 10 s for which a transaction may do nothing."""

_one_at_a_time = asyncio.Semaphore(1)


async def clean(data: bytes, media_type: str, pixels: int) -> bytes:
    """The cleaned bytes. Raises FileNotReadable, PictureTooLarge, KindNotAccepted, or TooManyAtOnce when others are before it."""
    try:
        await asyncio.wait_for(_one_at_a_time.acquire(), _WAITS)
    except TimeoutError as error:
        raise TooManyAtOnce() from error
    try:
        async with asyncio.timeout(_SECONDS):
            return await _run(data, media_type, pixels)
    except TimeoutError as error:
        raise FileNotReadable(where="body") from error
    finally:
        _one_at_a_time.release()


async def _run(data: bytes, media_type: str, pixels: int) -> bytes:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "services.intake.attachments.cleaner", media_type, str(pixels)),
        cwd=ROOT,
        env={"LC_ALL": "C.UTF-8"},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        cleaned, said = await process.communicate(data)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode == 0:
        return cleaned
    if process.returncode == _REFUSED:
        raise _refusal(said.decode(errors="replace"), pixels)
    # A signal (out of time or memory) or a defect of a library: the file's doing either way, and nothing of it stays.
    log.warning("cleaner_broke", media_type=media_type, returncode=process.returncode, said=said.decode(errors="replace")[-400:])
    raise FileNotReadable(where="body")


def _refusal(word: str, pixels: int) -> Refused:
    if word == PictureTooLarge.code():
        return PictureTooLarge(where="body", limit=pixels)
    if word == KindNotAccepted.code():
        return KindNotAccepted(where="body")
    return FileNotReadable(where="body")
