"""Which services the suite consists of, and what the parent imports for all of them."""

from dataclasses import dataclass

from deploy.nats.permissions import SERVICES

GATEWAY = "gateway"


@dataclass(frozen=True)
class ServiceSpec:
    """One service: `factory` is `module:function`, and the function returns the ASGI app of one process."""

    name: str
    factory: str
    database: bool = True


SUITE = (
    *(ServiceSpec(name, f"services.{name}.main:build") for name in SERVICES),
    ServiceSpec(GATEWAY, f"services.{GATEWAY}.main:build", database=False),
)

PRELOAD = (
    "asyncpg",
    "cryptography.hazmat.primitives.ciphers.aead",
    "fastapi",
    "fastapi.openapi.utils",
    "faststream.nats",
    "httptools",
    "joserfc.jwt",
    "nats",
    "opentelemetry.sdk.trace",
    "orjson",
    "prometheus_client",
    "pydantic.v1",
    "pydantic_settings",
    "shared.app",
    "shared.codes",
    "shared.events.*",
    "shared.workdays",
    "sqlalchemy.dialects.postgresql.asyncpg",
    "sqlalchemy.ext.asyncio",
    "sqlmodel",
    "structlog",
    "uvicorn",
    "uvicorn.lifespan.on",
    "uvicorn.protocols.http.httptools_impl",
    "uvloop",
    "yaml",
)
"""Imported once by the parent, so that its children share the pages; what only one of them needs is not here.
`.*` stands for all modules of a package. None of these may start a thread."""
