"""Generates what is written down about code: docs/events.md, docs/asyncapi.json, golden samples, docs/cases.md."""

from __future__ import annotations

import importlib
import json
import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args, get_origin

from faststream.nats import NatsBroker
from faststream.specification import AsyncAPI
from pydantic import BaseModel

from deploy.cli.cases_page import cases_page
from shared.codec import headers_of
from shared.consumers import Consumers
from shared.events import CORE, EVERYONE, Event, all_events
from shared.events.directory import SigningKeysPublished
from shared.identity import learn_keys
from shared.settings import ROOT

SERVICES = ("directory", "intake", "routing", "supervision", "scoring", "notify")
SAMPLES = ROOT / "tests" / "contract" / "samples"
EVENTS_PAGE = ROOT / "docs" / "events.md"
ASYNCAPI = ROOT / "docs" / "asyncapi.json"
CASES_PAGE = ROOT / "docs" / "cases.md"
SITE = "320412"


def registries() -> list[Consumers]:
    """What each service listens to, the kit's own handler included."""
    found = []
    for service in SERVICES:
        module = ROOT / "services" / service / "consumers.py"
        registry: Consumers = importlib.import_module(f"services.{service}.consumers").consumers if module.exists() else Consumers(service)
        if SigningKeysPublished.type_name() not in registry.handlers:
            registry.on(SigningKeysPublished, since="start")(learn_keys)
        found.append(registry)
    return found


def audience_of(event: type[Event]) -> str:
    """The last word of an event's subject, as a reader should understand it."""
    if event.addressed:
        return "<organisation>"
    return EVERYONE if event.open_to_all else CORE


def events_page() -> str:
    """`docs/events.md`: each event, who tells it, who listens, and what it carries."""
    listeners: dict[str, list[str]] = {}
    for registry in registries():
        for name, handler in registry.handlers.items():
            listeners.setdefault(name, []).append(f"{registry.service} ({handler.since})")
    lines = [
        "# Events",
        "",
        "Generated from `shared/events` by `make events`; do not edit. CloudEvents attributes `id`, `time` and `source` travel in headers.",
        "",
        "| event | subject | heard by (since) |",
        "|---|---|---|",
    ]
    events = list(all_events())
    lines += [
        f"| [{e.__name__}](#{e.__name__.lower()}) | `{e.subject('<site>', audience_of(e))}` | "
        f"{', '.join(listeners.get(e.type_name(), [])) or '–'} |"
        for e in events
    ]
    for event in events:
        lines += [
            "",
            f"## {event.__name__}",
            "",
            " ".join((event.__doc__ or "").split()),
            "",
            f"Ordered by `{event.key}`.",
            "",
            "| field | type | |",
            "|---|---|---|",
        ]
        for name, info in event.model_fields.items():
            if not info.exclude:
                lines.append(f"| `{name}` | {_type_name(info.annotation)} | {'' if info.is_required() else 'optional'} |")
    return "\n".join(lines) + "\n"


def _type_name(kind: Any) -> str:
    text = str(kind) if get_origin(kind) else getattr(kind, "__name__", str(kind))
    for prefix in ("typing.", "datetime.", "uuid.", "decimal.", "shared.events.directory."):
        text = text.replace(prefix, "")
    return "`" + text.replace("|", "or").replace("NoneType", "None") + "`"


def asyncapi() -> str:
    """`docs/asyncapi.json`: the AsyncAPI 3 document that FastStream makes of all handlers and events."""
    broker = NatsBroker(logger=None)
    for registry in registries():
        registry.describe(broker, "{site}")
    for event in all_events():
        audience = "{organisation}" if event.addressed else audience_of(event)
        broker.publisher(
            event.subject("{site}", audience),
            title=f"{event.producer}:tells:{event.type_name()}",
            schema=event,
            description=(event.__doc__ or "").strip(),
        )
    document = AsyncAPI(broker, title="Lianxin 连心", version="1", schema_version="3.0.0").to_specification().to_json()
    return json.dumps(json.loads(document), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def sample_path(event: type[Event]) -> Path:
    """Where the golden sample of an event version is kept."""
    return SAMPLES / f"{event.type_name()}.json"


def sample(event: type[Event]) -> str:
    """A golden sample: subject, headers and data of one message, the same each time it is made."""
    fields = {name: _example(name, info.annotation) for name, info in event.model_fields.items() if not info.exclude}
    told = event(
        **fields, id=uuid.uuid5(uuid.NAMESPACE_URL, event.type_name()), occurred_at=datetime(2026, 3, 2, 1, 30, tzinfo=UTC), site=SITE
    )
    audience = "housing" if event.addressed else audience_of(event)
    whole = {
        "subject": told.subject(SITE, audience),
        "headers": headers_of(told, "00-" + "a" * 32 + "-" + "b" * 16 + "-00"),
        "data": told.data(),
    }
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


def _example(name: str, kind: Any) -> Any:
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is tuple:
        return (_example(name, arguments[0]),)
    if origin is not None and type(None) in arguments:
        return _example(name, next(a for a in arguments if a is not type(None)))
    if origin is not None:
        return arguments[0]
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return {field: _example(field, info.annotation) for field, info in kind.model_fields.items()}
    simple: dict[Any, Any] = {
        uuid.UUID: uuid.uuid5(uuid.NAMESPACE_URL, name),
        datetime: datetime(2026, 6, 2, 16, 0, tzinfo=UTC),
        date: date(2026, 6, 2),
        int: 1,
        float: 0.9,
        bool: True,
        Decimal: Decimal("0.5"),
        str: f"示例-{name}",
    }
    return simple[kind]


def write_all() -> Iterator[Path]:
    """Writes the pages anew, and a sample for each event that has none: a sample once committed is never rewritten."""
    EVENTS_PAGE.write_text(events_page(), "utf-8")
    yield EVENTS_PAGE
    ASYNCAPI.write_text(asyncapi(), "utf-8")
    yield ASYNCAPI
    CASES_PAGE.write_text(cases_page(), "utf-8")
    yield CASES_PAGE
    for event in all_events():
        path = sample_path(event)
        if not path.exists():
            path.write_text(sample(event), "utf-8")
            yield path
