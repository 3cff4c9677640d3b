"""What the parent tells each service: a few environment variables, the same that a container would get."""

import json
import os
from collections.abc import Mapping

from deploy.local.backends import Backends
from deploy.local.errors import LocalError
from deploy.local.postgres import Postgres
from deploy.local.settings import RunSettings
from deploy.local.table import GATEWAY, ServiceSpec

CONNECTIONS = 90
"""Connections that all replicas may hold together; the embedded server allows 100, some are for administration."""

POOL_SIZE, POOL_OVERFLOW = 6, 4
SMALLEST_POOL = 2

NOT_INHERITED = ("LIANXIN_DATABASE_URL", "LIANXIN_NATS_URL", "LIANXIN_NATS_SEED", "LIANXIN_UPSTREAMS", "LIANXIN_MASTER_KEY")
"""Set per service, so that none gets what was meant for the whole suite or for another."""


class Environment:
    """The variables of each service of one run. `ports` maps services to their ports on this machine."""

    def __init__(self, settings: RunSettings, backends: Backends, ports: Mapping[str, int], replicas_with_database: int) -> None:
        self._settings = settings
        self._backends = backends
        self._ports = ports
        self._pool = _pool(replicas_with_database) if isinstance(backends.database, Postgres) else {}

    def of(self, spec: ServiceSpec) -> Mapping[str, str]:
        """The whole environment of a process of the service."""
        settings = self._settings
        env = {name: value for name, value in os.environ.items() if name not in NOT_INHERITED}
        env |= {
            "LIANXIN_SERVICE": spec.name,
            "LIANXIN_SITE": settings.site,
            "LIANXIN_DATA": str(settings.data),
            "LIANXIN_PROFILE": str(settings.profile.absolute()),
            "LIANXIN_PUBLIC_URL": settings.shown_url,
            "LIANXIN_NATS_URL": self._backends.bus.url,
        }
        seed = self._backends.seed(spec.name)
        if seed is not None:
            env["LIANXIN_NATS_SEED"] = seed
        if spec.database:
            env["LIANXIN_DATABASE_URL"] = self._backends.database.url(spec.name)
            env["LIANXIN_MASTER_KEY"] = self._backends.credentials.master_key(spec.name)
            env = {**self._pool, **env}  # a pool that was set by hand stays
        if spec.name == GATEWAY:
            upstreams = {name: f"http://127.0.0.1:{port}" for name, port in self._ports.items() if name != GATEWAY}
            env["LIANXIN_UPSTREAMS"] = json.dumps(upstreams)
        return env


def _pool(replicas: int) -> Mapping[str, str]:
    share = CONNECTIONS // max(1, replicas)
    if share < SMALLEST_POOL:
        raise LocalError(
            f"{replicas} replicas need more connections than the embedded PostgreSQL has; use a smaller SCALE, "
            "or an external server by LIANXIN_DATABASE_URL.",
            f"{replicas} 个副本超出内置 PostgreSQL 的连接数；请减小 SCALE，或用 LIANXIN_DATABASE_URL 指定外部数据库。",
        )
    size = min(POOL_SIZE, share)
    return {"LIANXIN_POOL_SIZE": str(size), "LIANXIN_POOL_OVERFLOW": str(min(POOL_OVERFLOW, share - size))}
