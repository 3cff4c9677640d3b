"""Which subjects each user of the bus may publish and subscribe: the whole table, and nothing else grants anything."""

from collections.abc import Iterator
from dataclasses import dataclass

STREAM = "EVENTS"
DEAD_STREAM = "DEAD"
AUDIT_STREAM = "AUDIT"

KEEPERS = ("intake",)
"""Services with a bucket of files in the object store (as in `shared.bus`; nothing of the suite is imported here)."""

SERVICES = ("directory", "intake", "routing", "supervision", "scoring", "notify")
"""The services with a database and a bus user of their own; the gateway has no database."""

USERS = (*SERVICES, "gateway", "operator")
"""Every user of the bus. `operator` declares streams and handles dead letters; no running service uses it."""


@dataclass(frozen=True)
class Permissions:
    """Subjects a user may publish to and subscribe to; whatever is not listed is refused by the server."""

    publish: tuple[str, ...]
    subscribe: tuple[str, ...]


def permissions(user: str, site: str) -> Permissions:
    """What `user` may do at `site`. Raises KeyError for a user that is not in USERS."""
    if user == "operator":
        return Permissions(publish=(">",), subscribe=(">",))
    if user == "gateway":
        return _gateway(site)
    if user in SERVICES:
        return _service(user, site)
    raise KeyError(user)


def _service(service: str, site: str) -> Permissions:
    """A service speaks for itself only, pulls through its own two consumers, and administers nothing."""
    backfill = f"{service}_backfill"
    return Permissions(
        publish=(
            f"lx.{site}.{service}.>",
            f"dead.{site}.{service}.>",
            f"live.{site}.>",
            # Its own audit checkpoints, and the newest one of every other service, which it keeps.
            f"audit.{site}.{service}",
            f"$JS.API.STREAM.INFO.{AUDIT_STREAM}",
            f"$JS.API.DIRECT.GET.{AUDIT_STREAM}.audit.{site}.*",
            "$JS.API.INFO",
            f"$JS.API.STREAM.INFO.{STREAM}",
            f"$JS.API.STREAM.INFO.{DEAD_STREAM}",
            *_pull(service),
            *_pull(backfill),
            *_keep_files(service),
            # The backfill consumer is thrown away when a new projection has caught up; the durable one never is.
            f"$JS.API.CONSUMER.DELETE.{STREAM}.{backfill}",
        ),
        subscribe=(f"_INBOX.{service}.>", f"live.{site}.>"),
    )


def _keep_files(service: str) -> Iterator[str]:
    """What it takes to put files into the service's own bucket, to read them, and to take them away again."""
    if service in KEEPERS:
        yield f"$O.{service}.>"
        yield f"$JS.API.STREAM.INFO.OBJ_{service}"
        yield f"$JS.API.STREAM.PURGE.OBJ_{service}"
        yield f"$JS.API.DIRECT.GET.OBJ_{service}"
        yield f"$JS.API.DIRECT.GET.OBJ_{service}.>"


def _pull(consumer: str) -> Iterator[str]:
    """What it takes to look at, make (or make again) and pull from one consumer, and to answer its messages."""
    yield f"$JS.API.CONSUMER.INFO.{STREAM}.{consumer}"
    yield f"$JS.API.CONSUMER.CREATE.{STREAM}.{consumer}"
    yield f"$JS.API.CONSUMER.CREATE.{STREAM}.{consumer}.>"
    yield f"$JS.API.CONSUMER.DURABLE.CREATE.{STREAM}.{consumer}"
    yield f"$JS.API.CONSUMER.MSG.NEXT.{STREAM}.{consumer}"
    yield f"$JS.ACK.{STREAM}.{consumer}.>"
    # The newer form of the same subject, $JS.ACK.<domain>.<account>.<stream>.<consumer>, used by servers from 2.14 on
    # when they are told to; the words cannot be confused with the older form, whose third word is a counter.
    yield f"$JS.ACK.*.*.{STREAM}.{consumer}.>"


def _gateway(site: str) -> Permissions:
    """The gateway learns the signing keys and nothing else: broken into, it reads no resident's text from the stream."""
    keys = f"lx.{site}.directory.signing_keys_published.>"
    return Permissions(publish=(f"$JS.API.DIRECT.GET.{STREAM}.{keys}",), subscribe=("_INBOX.gateway.>", keys))
