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
    *(spec.factory.partition(":")[0] for spec in SUITE),
)
"""Imported once by the parent, so that its children share the pages: libraries, and the services' own modules (50 MB less in all).
`.*` stands for all modules of a package. None of these may start a thread: a library that does (numpy, scikit-learn) is
imported by its service when it is built."""
