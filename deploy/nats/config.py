"""The nats-server configuration of one site, made from the permission table. The server reads JSON as it is."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.nats.permissions import permissions

ACCOUNT = "CORE"
"""The account of the suite's own services. Departments and lower levels get accounts of their own beside it."""

MAX_PAYLOAD = 1024 * 1024
"""Bytes; the outbox parks what is larger."""


@dataclass(frozen=True)
class NatsSettings:
    """What differs between two servers; sizes are bytes."""

    site: str
    port: int
    store: Path
    max_file_store: int
    max_mem_store: int = 64 * 1024 * 1024
    host: str = "127.0.0.1"
    sync: str = "always"


def nats_config(settings: NatsSettings, public_keys: Mapping[str, str]) -> str:
    """The configuration file's text. `public_keys` maps each user of the bus to its public nkey."""
    config: dict[str, Any] = {
        "server_name": f"lianxin-{settings.site}",
        "listen": f"{settings.host}:{settings.port}",
        "max_payload": MAX_PAYLOAD,
        "jetstream": {
            "store_dir": str(settings.store),
            # An acknowledgement means "on disk"; with atomic batches this costs 1.2x. Only a restore, which nobody relies on
            # before it is whole, does without.
            "sync_interval": settings.sync,
            # Hitting this limit is an immediate error to publishers, who wait; a full disk breaks the stream until
            # the server is restarted.
            "max_file_store": settings.max_file_store,
            "max_memory_store": settings.max_mem_store,
        },
        **accounts_block(settings.site, public_keys),
    }
    return json.dumps(config, indent=2) + "\n"


def accounts_block(site: str, public_keys: Mapping[str, str]) -> dict[str, Any]:
    """The `accounts` part alone, for a server that somebody else configures."""
    users = [_user(user, key, site) for user, key in public_keys.items()]
    return {"accounts": {ACCOUNT: {"jetstream": "enabled", "users": users}}}


def _user(user: str, public_key: str, site: str) -> dict[str, Any]:
    allowed = permissions(user, site)
    return {
        "nkey": public_key,
        "permissions": {
            "publish": {"allow": list(allowed.publish)},
            "subscribe": {"allow": list(allowed.subscribe)},
        },
    }
