"""Prometheus metrics of one process. A registry per application, so that tests can run several in one process."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import generate_latest


class Metrics:
    """All metrics of the kit; a service adds its own to `registry`. Labels hold no personal data and no ids."""

    def __init__(self, service: str) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter("lianxin_http_requests_total", "HTTP requests", ["route", "method", "status"], registry=self.registry)
        self.request_seconds = Histogram(
            "lianxin_http_request_seconds",
            "Duration of HTTP requests",
            ["route"],
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
            registry=self.registry,
        )
        self.published = Counter("lianxin_events_published_total", "Events that the stream confirmed", registry=self.registry)
        self.handled = Counter("lianxin_events_handled_total", "Events by outcome", ["event", "outcome"], registry=self.registry)
        self.outbox_rows = Gauge("lianxin_outbox_rows", "Events that wait in the outbox", registry=self.registry)
        self.outbox_age = Gauge("lianxin_outbox_oldest_seconds", "Age of the oldest waiting event", registry=self.registry)
        self.outbox_parked = Gauge("lianxin_outbox_parked_rows", "Events that the broker will never take", registry=self.registry)
        self.lag = Gauge("lianxin_consumer_lag", "Events in the stream that this service has not handled", registry=self.registry)
        self.fetch_age = Gauge("lianxin_consumer_fetch_age_seconds", "Time since the last fetch", registry=self.registry)
        self.parked = Gauge("lianxin_parked_events", "Events that wait for another", registry=self.registry)
        self.dead = Gauge("lianxin_dead_letters", "Dead letters of this service", registry=self.registry)
        self.loop_lag = Gauge("lianxin_loop_lag_seconds", "How late the event loop's ticker is", registry=self.registry)
        self.bus_up = Gauge("lianxin_bus_up", "1 while the bus is connected", registry=self.registry)
        Gauge("lianxin_service", "Which service this is", ["service"], registry=self.registry).labels(service).set(1)

    def render(self) -> bytes:
        """The text that Prometheus scrapes."""
        return generate_latest(self.registry)
