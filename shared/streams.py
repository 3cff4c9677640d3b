"""Declares the streams and the buckets of files, in one place: FastStream would update them silently (architecture, section 6)."""

from __future__ import annotations

from nats.js.api import DiscardPolicy, RetentionPolicy, StorageType, StreamConfig
from nats.js.errors import NotFoundError

from shared.bus import AUDIT, DEAD, EVENTS, KEEPERS, bucket_of, connect_once
from shared.settings import ServiceSettings


def configs(settings: ServiceSettings) -> list[StreamConfig]:
    """EVENTS holds `lx.<site>.>`, DEAD holds `dead.<site>.>`, AUDIT the checkpoints `audit.<site>.>`. On disk, limits retention.

    EVENTS and DEAD refuse new messages when they are full. In EVENTS and AUDIT nothing can be deleted or purged; a person
    may take letters out of DEAD. AUDIT keeps 5,000 checkpoints of each service (half a year of hours): each covers all rows
    before it, so that the oldest may go. Each service that keeps files has a bucket, whose contents it alone puts and takes away.
    """
    common = {
        "retention": RetentionPolicy.LIMITS,
        "storage": StorageType.FILE,
        "num_replicas": 1,
        "duplicate_window": settings.duplicate_window,
        "allow_direct": True,
    }
    return [
        StreamConfig(
            name=EVENTS,
            subjects=[f"lx.{settings.site}.>"],
            max_age=settings.events_max_age_days * 86_400,
            max_bytes=settings.events_max_bytes,
            discard=DiscardPolicy.NEW,
            deny_delete=True,
            deny_purge=True,
            allow_atomic=True,
            **common,  # type: ignore[arg-type]
        ),
        StreamConfig(
            name=DEAD,
            subjects=[f"dead.{settings.site}.>"],
            max_bytes=256 * 1024**2,
            discard=DiscardPolicy.NEW,
            deny_purge=True,
            **common,  # type: ignore[arg-type]
        ),
        StreamConfig(
            name=AUDIT,
            subjects=[f"audit.{settings.site}.>"],
            max_bytes=16 * 1024**2,
            max_msgs_per_subject=5000,
            discard=DiscardPolicy.OLD,
            deny_delete=True,
            deny_purge=True,
            **common,  # type: ignore[arg-type]
        ),
        *(_bucket(service, settings, common) for service in KEEPERS),
    ]


def _bucket(service: str, settings: ServiceSettings, common: dict[str, object]) -> StreamConfig:
    """The stream of a bucket of JetStream's object store, as every NATS client lays it out (ADR-20)."""
    bucket, stream = bucket_of(service)
    return StreamConfig(
        name=stream,
        subjects=[f"$O.{bucket}.C.>", f"$O.{bucket}.M.>"],
        max_bytes=settings.objects_max_bytes,
        discard=DiscardPolicy.NEW,
        allow_rollup_hdrs=True,
        **common,  # type: ignore[arg-type]
    )


async def declare(nats_url: str, seed: str | None, settings: ServiceSettings) -> None:
    """Creates or updates the streams; run by `lianxin migrate` with the operator's credentials."""
    client = await connect_once(nats_url, seed)
    try:
        stream = client.jetstream(timeout=10)
        for config in configs(settings):
            try:
                await stream.stream_info(str(config.name))
            except NotFoundError:
                await stream.add_stream(config)
            else:
                await stream.update_stream(config)
    finally:
        await client.close()
