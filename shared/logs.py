"""JSON logs on standard output: one object a line, UTC, no personal data (events log ids, never texts)."""

from __future__ import annotations

import logging
import sys
from typing import Any

import orjson
import structlog
from opentelemetry import trace

_LIBRARIES = ("uvicorn", "uvicorn.error", "nats", "asyncio", "faststream", "sqlalchemy", "alembic")


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
        # One write a line, so that replicas that share a file do not mix theirs.
        logger_factory=structlog.BytesLoggerFactory(sys.stdout.buffer),
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
