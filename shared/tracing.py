"""OpenTelemetry for the suite: W3C trace context through HTTP, outbox and stream.

Spans are recorded for sampled traces only; an unsampled context is passed on as a string, because a span for each message
costs half the throughput (architecture, section 6). Decision record 0007.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from opentelemetry import propagate, trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import Span, SpanKind

_tracer = trace.get_tracer("lianxin")


def configure(service: str, sample: float, endpoint: str | None) -> None:
    """Sets the process-wide provider once: `sample` is the share of new traces that are recorded (0 to 1)."""
    if isinstance(trace.get_tracer_provider(), TracerProvider):
        return
    provider = TracerProvider(
        sampler=ParentBased(TraceIdRatioBased(sample)),
        resource=Resource.create({"service.name": f"lianxin-{service}"}),
    )
    if endpoint:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=f"{endpoint.rstrip('/')}/v1/traces")))
    trace.set_tracer_provider(provider)


def shut_down() -> None:
    """Sends what spans are left."""
    provider = trace.get_tracer_provider()
    if isinstance(provider, TracerProvider):
        provider.force_flush(2000)


def traceparent_of(span: Span) -> str:
    """The W3C header value that names `span` as the parent."""
    context = span.get_span_context()
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{int(context.trace_flags):02x}"


def current_traceparent() -> str | None:
    """The header value of the span at hand, or None outside of any."""
    span = trace.get_current_span()
    return traceparent_of(span) if span.get_span_context().is_valid else None


def is_sampled(traceparent: str | None) -> bool:
    """Whether a trace is being recorded."""
    return bool(traceparent) and str(traceparent)[-2:] in ("01", "03")


def _context(traceparent: str | None) -> Context:
    return propagate.extract({"traceparent": traceparent} if traceparent else {}, context=Context())


@contextmanager
def server_span(name: str, headers: Mapping[str, str]) -> Iterator[Span]:
    """A span for an HTTP request that continues the caller's trace."""
    with _tracer.start_as_current_span(name, context=_context(headers.get("traceparent")), kind=SpanKind.SERVER) as span:
        yield span


@contextmanager
def message_span(name: str, traceparent: str | None, attributes: Mapping[str, str]) -> Iterator[str | None]:
    """A consumer span where the trace is sampled; yields the context that what is emitted inside goes on with."""
    if not is_sampled(traceparent):
        yield traceparent
        return
    with _tracer.start_as_current_span(name, context=_context(traceparent), kind=SpanKind.CONSUMER, attributes=dict(attributes)) as span:
        yield traceparent_of(span)


def publish_span(subject: str, headers: Mapping[str, str]) -> None:
    """Notes that a sampled event left the outbox."""
    traceparent = headers.get("traceparent")
    if is_sampled(traceparent):
        _tracer.start_span(
            f"publish {headers.get('ce-type', subject)}",
            context=_context(traceparent),
            kind=SpanKind.PRODUCER,
            attributes={"messaging.system": "nats", "messaging.message.id": headers.get("ce-id", ""), "process.pid": os.getpid()},
        ).end()
