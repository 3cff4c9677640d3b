"""`lianxin status`: what `/api/health` of the gateway says, as a table."""

from __future__ import annotations

from typing import Any

import aiohttp
from rich.table import Table


async def fetch(url: str) -> dict[str, Any]:
    """The gateway's report. Raises OSError when it does not answer."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session, session.get(f"{url}/api/health") as answer:
        report: dict[str, Any] = await answer.json(content_type=None)
        return report


def all_flows(report: dict[str, Any]) -> bool:
    """Whether every service is ready and its work flows."""
    return all(service.get("status") in ("ok", "ready", "flows") for service in report["services"].values())


def table(report: dict[str, Any]) -> Table:
    """One line a service, with its replicas."""
    shown = Table("service", "status", "replicas", "lag", "outbox", "outbox age", "parked", "dead", "troubles")
    for name, service in report["services"].items():
        flow = service.get("flow") or service
        pids = ", ".join(str(r["pid"]) for r in flow.get("replicas", []))
        shown.add_row(
            name,
            str(service.get("status", "?")),
            f"{len(flow.get('replicas', []))} ({pids})" if pids else "–",
            *(str(flow.get(key, "–")) for key in ("lag", "outbox", "outbox_age", "parked", "dead")),
            ", ".join(flow.get("troubles", [])),
        )
    return shown
