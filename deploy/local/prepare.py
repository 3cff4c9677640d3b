"""What has to be in place before the services start: their tables and the streams. Runs in a child of its own."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

DEAD_STREAM_BYTES = 256 * 1024**2
"""What the dead letters' stream reserves of the store (see `shared.streams`)."""

AUDIT_STREAM_BYTES = 16 * 1024**2
"""What the audit's checkpoints reserve of it."""
_SPARE = 8 * 1024**2


@dataclass(frozen=True)
class Preparation:
    """`databases` maps each service to its URL; `store` is the embedded JetStream's size in bytes, 0 if external."""

    databases: Mapping[str, str]
    nats_url: str
    operator_seed: str | None
    site: str
    store: int

    @property
    def events_max_bytes(self) -> int | None:
        """What the event stream may take; a quarter of the store is left for attachments."""
        return max(self.store * 3 // 4 - DEAD_STREAM_BYTES, 32 * 1024**2) if self.store else None

    @property
    def sizes(self) -> dict[str, int]:
        """What each stream may take of the embedded store, as settings; nothing where the broker is external."""
        if not self.store or self.events_max_bytes is None:
            return {}
        objects = max(self.store // 4 - AUDIT_STREAM_BYTES - _SPARE, 16 * 1024**2)
        return {"events_max_bytes": self.events_max_bytes, "objects_max_bytes": objects}


def prepare(what: Preparation) -> None:
    """Bring every database to the newest schema and declare the streams."""
    asyncio.run(_prepare(what))


async def _prepare(what: Preparation) -> None:
    from shared import streams
    from shared.migrate import migrate
    from shared.settings import ServiceSettings

    for service, url in what.databases.items():
        await migrate(service, url)
    settings = ServiceSettings.model_validate({"site": what.site, **what.sizes})
    await streams.declare(what.nats_url, what.operator_seed, settings)
