"""What the broker says: whether it answers, whether streams and consumers are what they should be, and what piles up."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from enum import Enum
from typing import Any

from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js.api import StreamConfig

from deploy.doctor.databases import PATIENCE, SKEW
from deploy.doctor.findings import Finding, finding
from shared.bus import DEAD, EVENTS, connect_once
from shared.settings import ServiceSettings
from shared.streams import configs

NEARLY_FULL = 0.8
"""As in deploy/monitoring/alerts.yaml."""

_NOT_FOUND = (10059, 10014)
_NANOSECONDS = ("max_age", "duplicate_window")


async def look_at_broker(url: str, seed: str | None, settings: ServiceSettings, services: Sequence[str]) -> list[Finding]:
    """Findings about NATS, with the operator's rights. `settings` say what the streams should be."""
    try:
        client = await asyncio.wait_for(connect_once(url, seed), PATIENCE)
    except (NatsError, OSError, TimeoutError) as error:
        why = error.__cause__ or error
        return [finding("wrong", "broker_away", why=f"{type(why).__name__}: {why}"[:120])]
    try:
        return await _ask(client, settings, services)
    except (NatsError, OSError, TimeoutError) as error:
        return [finding("wrong", "broker_silent", why=type(error).__name__)]
    finally:
        await client.close()


async def _ask(client: Client, settings: ServiceSettings, services: Sequence[str]) -> list[Finding]:
    version = client.connected_server_version
    found = [finding("ok", "broker", version=f"{version.major}.{version.minor}.{version.patch}")]
    for wanted in configs(settings):
        before = time.time()
        info = await _request(client, f"$JS.API.STREAM.INFO.{wanted.name}", {"subjects_filter": ">"} if wanted.name == DEAD else {})
        if info.get("error", {}).get("err_code") in _NOT_FOUND:
            found.append(finding("wrong", "stream_missing", name=wanted.name))
            continue
        if wanted.name == EVENTS:
            found.append(_clock(str(info["ts"]), (before + time.time()) / 2))
        found += _stream(wanted, info)
        if wanted.name == DEAD:
            found.append(_dead(info["state"].get("subjects") or {}))
    found += await _consumers(client, services)
    return found


async def _request(client: Client, subject: str, body: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads((await client.request(subject, json.dumps(body).encode(), timeout=5)).data)
    return answer


def _clock(told: str, here: float) -> Finding:
    skew = datetime.fromisoformat(told[:19]).replace(tzinfo=UTC).timestamp() + float(f"0{told[19:].rstrip('Z') or '.0'}") - here
    return finding("warning" if abs(skew) > SKEW else "ok", "clock", what="NATS", skew=f"{skew:+.1f}")


def _stream(wanted: StreamConfig, info: dict[str, Any]) -> Iterator[Finding]:
    name, limit, used = wanted.name, info["config"].get("max_bytes", -1), info["state"]["bytes"]
    drift = drifted(wanted, info["config"])
    yield finding("warning", "stream_drift", name=name, fields=", ".join(drift)) if drift else finding("ok", "stream", name=name)
    if limit > 0:
        share = used / limit
        # AUDIT lets its oldest go by itself.
        level = "warning" if share > NEARLY_FULL and info["config"]["discard"] == "new" else "ok"
        yield finding("wrong" if level == "warning" and share > 0.99 else level, "stream_room", name=name, share=f"{share:.0%}")  # type: ignore[arg-type]


def drifted(wanted: StreamConfig, found: dict[str, Any]) -> list[str]:
    """Settings of a stream that are not what the code declares, as `name is X instead of Y`."""
    lines = []
    for field, value in asdict(wanted).items():
        if value is None or field == "name":
            continue
        told: Any = value.value if isinstance(value, Enum) else int(value * 1e9) if field in _NANOSECONDS else value
        if found.get(field, False if told is False else None) != told:
            lines.append(f"{field} = {found.get(field)} ≠ {told}")
    return lines


def _dead(subjects: dict[str, int]) -> Finding:
    by_service: Counter[str] = Counter()
    for subject, number in subjects.items():
        by_service[subject.split(".")[2]] += number
    listed = ", ".join(f"{service} {number}" for service, number in sorted(by_service.items()))
    return finding("warning", "dead_letters", listed=listed) if listed else finding("ok", "no_dead_letters")


async def _consumers(client: Client, services: Sequence[str]) -> list[Finding]:
    missing, lags = [], {}
    for service in services:
        info = await _request(client, f"$JS.API.CONSUMER.INFO.{EVENTS}.{service}", {})
        if "error" in info:
            missing.append(service)
        else:
            lags[service] = info["num_pending"] + info["num_ack_pending"]
    found = [finding("wrong", "consumer_missing", names=", ".join(missing))] if missing else []
    if lags:
        behind = ", ".join(f"{name} {lag}" for name, lag in lags.items() if lag)
        found.append(finding("ok", "lag", listed=behind or "0"))
    return found
