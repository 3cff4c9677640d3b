"""Contents by their SHA-256 in JetStream's object store. Another store takes the place of this module, and of nothing else.

The layout is that of every NATS client (ADR-20: pieces under `$O.<bucket>.C`, descriptions under `.M`), with the digest in
place of a random name for the pieces: putting twice is putting once, and what nobody refers to is found by names alone.
Callers hold the digest's lock (`actions`), so that nobody puts and takes away one content at a time.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import orjson
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.api import Header
from nats.js.errors import APIError, NotFoundError

from services.intake.attachments.errors import FilesAway, FilesFull
from shared.bus import Bus, BusAway, bucket_of, is_full

_PIECE = 256 * 1024
_TIMEOUT = 3.0


class ObjectStore:
    """The service's own bucket. Raises FilesAway while the broker is away, FilesFull when the bucket is."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._bucket, self._stream = bucket_of(bus.service)

    async def put(self, digest: str, data: bytes) -> None:
        """Keeps a content under its digest; what a broken attempt left is replaced."""
        try:
            stream = self._jetstream()
            if await self._size(stream, digest) == len(data):
                return
            await stream.purge_stream(self._stream, subject=self._pieces(digest))
            pieces = [data[at : at + _PIECE] for at in range(0, len(data), _PIECE)]
            for piece in pieces:
                await stream.publish(self._pieces(digest), piece)
            about = self._description(digest, len(data), len(pieces))
            await stream.publish(self._about(digest), about, headers={Header.ROLLUP.value: "sub"})
        except (NatsError, BusAway, TimeoutError, OSError) as error:
            raise _refusal(error) from error

    async def get(self, digest: str) -> AsyncIterator[bytes]:
        """The content, piece by piece."""
        try:
            stream, at, size = self._jetstream(), 1, 0
            whole = await self._size(stream, digest)
            while size < whole:
                message = await stream.get_msg(self._stream, seq=at, subject=self._pieces(digest), direct=True, next=True)
                at, piece = (message.seq or 0) + 1, message.data or b""
                size += len(piece)
                yield piece
        except (NatsError, BusAway, TimeoutError, OSError) as error:
            raise _refusal(error) from error

    async def has(self, digest: str) -> bool:
        """Whether there is a whole content under this digest."""
        try:
            return await self._size(self._jetstream(), digest) > 0
        except (NatsError, BusAway, TimeoutError, OSError) as error:
            raise _refusal(error) from error

    async def remove(self, digest: str) -> None:
        """Takes a content away; the description last, so that an attempt broken off is made again."""
        try:
            stream = self._jetstream()
            await stream.purge_stream(self._stream, subject=self._pieces(digest))
            await stream.purge_stream(self._stream, subject=self._about(digest))
        except (NatsError, BusAway, TimeoutError, OSError) as error:
            raise _refusal(error) from error

    async def digests(self) -> set[str]:
        """Everything there is, also what an attempt broken off has left."""
        try:
            info = await self._jetstream().stream_info(self._stream, subjects_filter=f"$O.{self._bucket}.>")
        except (NatsError, BusAway, TimeoutError, OSError) as error:
            raise _refusal(error) from error
        names = [subject.split(".") for subject in info.state.subjects or {}]
        return {base64.urlsafe_b64decode(name).decode() if part == "M" else name for _, _, part, name in names}

    def _jetstream(self) -> JetStreamContext:
        return self._bus.client.jetstream(timeout=_TIMEOUT)

    def _pieces(self, digest: str) -> str:
        return f"$O.{self._bucket}.C.{digest}"

    def _about(self, digest: str) -> str:
        return f"$O.{self._bucket}.M.{base64.urlsafe_b64encode(digest.encode()).decode()}"

    async def _size(self, stream: JetStreamContext, digest: str) -> int:
        try:
            found = await stream.get_msg(self._stream, subject=self._about(digest), direct=True)
        except NotFoundError:
            return 0
        return int(orjson.loads(found.data or b"{}").get("size", 0))

    def _description(self, digest: str, size: int, pieces: int) -> bytes:
        return orjson.dumps(
            {
                "name": digest,
                "bucket": self._bucket,
                "nuid": digest,
                "size": size,
                "chunks": pieces,
                "digest": "SHA-256=" + base64.urlsafe_b64encode(bytes.fromhex(digest)).decode(),
                "mtime": datetime.now(UTC).isoformat(),
                "options": {"max_chunk_size": _PIECE},
            }
        )


def digest_of(data: bytes) -> str:
    """The name under which a content is kept."""
    return hashlib.sha256(data).hexdigest()


def _refusal(error: Exception) -> FilesAway:
    return FilesFull() if isinstance(error, APIError) and is_full(error) else FilesAway()
