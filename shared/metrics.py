"""Prometheus metrics of one process. A registry per application, so that tests can run several in one process.

Gauges about a service speak for all its replicas, whichever of them is asked: they share one socket on a single machine
(decision record 0018). Counters and histograms are this process's own.
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import generate_latest


class Metrics:
    """All metrics of the kit; a service adds its own to `registry`. Labels hold no personal data and no ids.

    With `flow=False` (the gateway) those of database, outbox and consumer are not shown.
    """

    def __init__(self, service: str, *, flow: bool = True) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.requests = Counter("lianxin_http_requests_total", "HTTP requests", ["route", "method", "status"], registry=self.registry)
        self.request_seconds = Histogram(
            "lianxin_http_request_seconds",
            "Duration of HTTP requests",
            ["route"],
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
            registry=self.registry,
        )
        self.loop_lag = Gauge("lianxin_loop_lag_seconds", "How late the event loop's ticker is", registry=self.registry)
        self.bus_up = Gauge("lianxin_bus_up", "1 while the bus is connected", registry=self.registry)
        Gauge("lianxin_service", "Which service this is", ["service"], registry=self.registry).labels(service).set(1)
        self._add_flow(self.registry if flow else None)

    def _add_flow(self, registry: CollectorRegistry | None) -> None:
        """What only a service with a database has."""
        self.database_up = Gauge("lianxin_database_up", "1 while the database answers", registry=registry)
        self.database_full = Gauge("lianxin_database_full", "1 while the database refuses writes for want of space", registry=registry)
        self.published = Counter("lianxin_events_published_total", "Events that the stream confirmed", registry=registry)
        self.handled = Counter("lianxin_events_handled_total", "Events by outcome", ["event", "outcome"], registry=registry)
        self.outbox_rows = Gauge("lianxin_outbox_rows", "Events that wait in the outbox", registry=registry)
        self.outbox_age = Gauge("lianxin_outbox_oldest_seconds", "Age of the oldest waiting event", registry=registry)
        self.outbox_parked = Gauge("lianxin_outbox_parked_rows", "Events that the broker will never take", registry=registry)
        self.publish_refused = Gauge("lianxin_publish_refused", "1 while the connected broker does not take events", registry=registry)
        self.lag = Gauge("lianxin_consumer_lag", "Events in the stream that this service has not handled", registry=registry)
        self.fetch_age = Gauge("lianxin_consumer_fetch_age_seconds", "Time since the last fetch", registry=registry)
        self.standstill = Gauge(
            "lianxin_consumer_standstill_seconds", "Time since anything was finished, while there is something to do", registry=registry
        )
        self.floor = Gauge("lianxin_consumer_floor", "Stream sequence below which everything is handled", registry=registry)
        self.recreated_at = Gauge(
            "lianxin_consumer_recreated_timestamp_seconds", "When a lost consumer was last made anew, 0 for never", registry=registry
        )
        self.parked = Gauge("lianxin_parked_events", "Events that wait for another", registry=registry)
        self.parked_age = Gauge("lianxin_parked_oldest_seconds", "Age of the oldest of them", registry=registry)
        self.audit_waiting = Gauge("lianxin_audit_waiting_rows", "Audit rows that have no place in the chain yet", registry=registry)
        self.audit_age = Gauge("lianxin_audit_waiting_seconds", "Age of the oldest of them", registry=registry)
        self.audit_contradicted = Gauge(
            "lianxin_audit_contradicted", "Services whose newest audit checkpoint has fewer rows than an older one", registry=registry
        )
        self.dead = Gauge("lianxin_dead_letters", "Dead letters of this service", registry=registry)
        self.replicas = Gauge("lianxin_replicas", "Processes of this service that gave a sign of life", registry=registry)
        self.stream_bytes = Gauge("lianxin_stream_bytes", "What a stream takes of the disk", ["stream"], registry=registry)
        self.stream_limit = Gauge("lianxin_stream_limit_bytes", "What a stream may take", ["stream"], registry=registry)
        self.stream_last = Gauge("lianxin_stream_last_sequence", "Sequence of a stream's newest message", ["stream"], registry=registry)
        self.sweep_at = Gauge("lianxin_sweep_success_timestamp_seconds", "When a sweep last ran through", ["sweep"], registry=registry)
        self.sweep_every = Gauge("lianxin_sweep_every_seconds", "How often a sweep is to run", ["sweep"], registry=registry)

    def render(self) -> bytes:
        """The text that Prometheus scrapes."""
        return generate_latest(self.registry)
