"""JSON logs on standard output: one object a line, UTC, no personal data (events log ids, never texts)."""

from __future__ import annotations

import logging
import sys
from typing import Any, BinaryIO

import orjson
import structlog
from opentelemetry import trace

_LIBRARIES = ("uvicorn", "uvicorn.error", "nats", "asyncio", "faststream", "sqlalchemy", "alembic")


class Lines:
    """Where log lines go, one write each, so that replicas that share a file do not mix theirs.

    A line that cannot be written, as on a full disk, is counted and not raised: no request may fail for want of its log
    line. The first line that goes through again says how many were lost.
    """

    def __init__(self, file: BinaryIO) -> None:
        # Without a buffer: one would keep what a full disk refused, and refuse everything after it.
        self._file = getattr(file, "raw", file)
        self.lost = 0

    def write(self, line: bytes) -> None:
        """Writes a line, or counts it."""
        try:
            if self.lost:
                # On a line of its own: the last one may have been cut.
                self._file.write(b"\n" + _bytes({"event": "log_lines_lost", "number": self.lost, "level": "warning"}) + b"\n")
                self.lost = 0
            self._file.write(line)
        except OSError:
            self.lost += 1

    def flush(self) -> None:
        """Nothing waits."""


def _trace_ids(_: Any, __: str, event: dict[str, Any]) -> dict[str, Any]:
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        event["trace_id"] = f"{context.trace_id:032x}"
    return event


def configure(service: str, level: str) -> None:
    """Sets up structlog and the standard library's logging for this process."""
    chain: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _trace_ids,
    ]
    structlog.configure(
        processors=[*chain, structlog.processors.format_exc_info, structlog.processors.JSONRenderer(serializer=_bytes)],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.BytesLoggerFactory(Lines(sys.stdout.buffer)),  # type: ignore[arg-type]
        cache_logger_on_first_use=False,
    )
    structlog.contextvars.bind_contextvars(service=service)
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processor=structlog.processors.JSONRenderer(serializer=_dumps),
            foreign_pre_chain=[*chain, structlog.processors.format_exc_info],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    for name in _LIBRARIES:
        logging.getLogger(name).handlers[:] = []
        logging.getLogger(name).propagate = True


def _bytes(value: Any, **_: Any) -> bytes:
    return orjson.dumps(value, default=str)


def _dumps(value: Any, **_: Any) -> str:
    return orjson.dumps(value, default=str).decode()
