"""What the running suite says of itself: the gateway, each service, and each replica as it last told its database."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from deploy.cli.status import fetch
from deploy.doctor.databases import Seen
from deploy.doctor.findings import Finding, finding
from shared.health import troubles
from shared.settings import ServiceSettings

ANEW = 900.0
"""Seconds for which a consumer that was made anew is told; as in deploy/monitoring/alerts.yaml."""


async def look_at_suite(url: str) -> list[Finding]:
    """Whether the gateway answers and every service behind it can serve."""
    try:
        report = await fetch(url)
    except (OSError, ValueError) as error:
        return [finding("wrong", "gateway_silent", url=url, why=type(error).__name__)]
    down = [name for name, told in report["services"].items() if not told.get("live")]
    unready = [name for name, told in report["services"].items() if told.get("live") and not told.get("ready")]
    found = []
    if down:
        found.append(finding("wrong", "service_down", names=", ".join(down)))
    if unready:
        found.append(finding("wrong", "service_unready", names=", ".join(unready)))
    if not report["gateway"]["bus"]:
        found.append(finding("wrong", "gateway_bus"))
    return found or [finding("ok", "suite", number=len(report["services"]), url=url)]


def replicas_say(seen: Mapping[str, Seen]) -> list[Finding]:
    """Each trouble once, with the services whose replicas told it within the last 15 seconds."""
    limit = float(ServiceSettings.model_fields["flow_limit"].default)
    told: dict[str, set[str]] = {}
    silent = [name for name, one in seen.items() if one.kit and not one.replicas]
    for service, one in seen.items():
        for row in one.replicas:
            for trouble in _troubles(row.facts, limit):
                told.setdefault(trouble, set()).add(service)
    found = [finding("wrong", f"trouble_{trouble}", names=", ".join(sorted(names))) for trouble, names in sorted(told.items())]
    if silent:
        found.append(finding("wrong", "no_replica", names=", ".join(silent)))
    anew = [name for name, one in seen.items() if any(row.facts.get("recreated_at", 0) > time.time() - ANEW for row in one.replicas)]
    if anew:
        found.append(finding("warning", "consumer_made_anew", names=", ".join(anew)))
    return found or [finding("ok", "replicas", number=sum(len(one.replicas) for one in seen.values()))]


def _troubles(facts: dict[str, Any], limit: float) -> list[str]:
    contradicted = ["audit_contradicted"] if facts.get("audit_contradicted") else []
    try:
        return [*troubles(facts, limit), *contradicted]
    except KeyError:  # a replica of an older version
        return contradicted
