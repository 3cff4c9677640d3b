"""Looks at everything, each part by itself, so that what is dead hides nothing of the rest."""

from __future__ import annotations

import asyncio

from deploy.doctor.broker import look_at_broker
from deploy.doctor.databases import look_at_databases
from deploy.doctor.findings import Finding
from deploy.doctor.machine import look_at_machine
from deploy.doctor.suite import look_at_suite, replicas_say
from deploy.local.backends import Backends
from deploy.local.prepare import Preparation
from deploy.local.servers import SERVICES
from deploy.local.settings import RunSettings
from shared.settings import ServiceSettings


async def examine(settings: RunSettings) -> list[Finding]:
    """All findings, those about the machine first. Takes some seconds at most, whatever is dead."""
    found = list(look_at_machine(settings))
    if not (settings.data / "secrets").is_dir():
        return found  # never started here: there is nothing to ask, and nothing may be made by asking
    backends = Backends(settings, list(SERVICES))
    sizes = Preparation({}, "", None, settings.site, backends.bus.max_file_store).sizes
    wanted = ServiceSettings.model_validate({"site": settings.site, **sizes})
    databases, broker, suite = await asyncio.gather(
        look_at_databases({name: backends.database.url(name) for name in SERVICES}),
        look_at_broker(backends.bus.url, backends.seed("operator"), wanted, SERVICES),
        look_at_suite(settings.url),
    )
    told, seen = databases
    replicas = replicas_say(seen)
    known = {finding.check for finding in told}
    # What the database says itself need not be said by its replicas again.
    return [*found, *told, *broker, *suite, *(one for one in replicas if one.check.removeprefix("trouble_") not in known)]
