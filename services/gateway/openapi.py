"""One OpenAPI 3.1 document of all services, merged from what each tells of itself."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from typing import Any

import orjson
import structlog

from services.gateway.connection import Broke
from services.gateway.upstream import Away, Busy, Upstream

log = structlog.get_logger("lianxin.openapi")

Document = dict[str, Any]
_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_LITERAL = ("example", "examples", "default", "const", "enum")
"""Keywords whose value may be any JSON, also one that looks like a reference."""
_NAMED = ("properties", "patternProperties", "$defs", "dependentSchemas")
_ASK_TIMEOUT = 3.0
_ABSENT_AGAIN = 2.0
BEARER = "bearer"


class Merged:
    """The merged document, each service's part kept until it is old, an absent one asked for again."""

    def __init__(self, upstreams: Iterable[Upstream], own: Document, private: tuple[str, ...], age: float) -> None:
        self._upstreams, self._own, self._private, self._age = tuple(upstreams), own, private, age
        self._parts: dict[str, Document] = {}
        self._asked: dict[str, float] = {}
        self._lock = asyncio.Lock()

    async def document(self, title: str, description: str) -> Document:
        """The whole document; `info.x-absent` names services that have not told theirs yet."""
        async with self._lock:
            await asyncio.gather(*(self._ask(upstream) for upstream in self._upstreams if self._is_due(upstream.name)))
        absent = [upstream.name for upstream in self._upstreams if upstream.name not in self._parts]
        info = {"title": title, "description": description, "version": str(self._own["info"]["version"]), "x-absent": absent}
        return merge(info, {"": self._own, **self._parts})

    def _is_due(self, name: str) -> bool:
        age = self._age if name in self._parts else _ABSENT_AGAIN
        return time.monotonic() > self._asked.get(name, float("-inf")) + age

    async def _ask(self, upstream: Upstream) -> None:
        self._asked[upstream.name] = time.monotonic()
        try:
            status, body = await upstream.fetch("/openapi.json", _ASK_TIMEOUT)
            told = orjson.loads(body)
            if status == 200 and isinstance(told, dict):
                self._parts[upstream.name] = placed(told, upstream.name, self._private)
        except (Away, Busy, Broke, TimeoutError, orjson.JSONDecodeError) as error:
            log.info("openapi_not_told", service=upstream.name, error=type(error).__name__)


def placed(told: Document, service: str, private: tuple[str, ...] = ()) -> Document:
    """A service's document as the outside sees it: paths under `/api/<service>`, names of components and operations its own."""
    schemes = told.get("components", {}).get("securitySchemes", {})
    names = {name: BEARER if _is_bearer(scheme) else f"{service}_{name}" for name, scheme in schemes.items()}
    paths = {}
    for path, item in told.get("paths", {}).items():
        if (path + "/").startswith(tuple(p + "/" for p in private)):
            continue
        paths[f"/api/{service}{path}"] = {
            key: _operation(value, service, names, told.get("security")) if key in _METHODS else _renamed(value, service)
            for key, value in item.items()
        }
    components: Document = {
        kind: {f"{service}_{name}": _renamed(part, service) for name, part in parts.items()}
        for kind, parts in told.get("components", {}).items()
        if kind != "securitySchemes"
    }
    if schemes:
        components["securitySchemes"] = {names[name]: scheme for name, scheme in schemes.items()}
    return {"paths": paths, "components": components, "info": told.get("info", {})}


def _operation(operation: Document, service: str, schemes: dict[str, str], default: Any) -> Document:
    moved: Document = _renamed(operation, service)
    if "operationId" in moved:
        moved["operationId"] = f"{service}_{moved['operationId']}"
    moved["tags"] = [service]
    permissions = moved.get("x-permission") or ["public"]
    security = moved.get("security", default)
    if security is not None:
        moved["security"] = [{schemes.get(name, f"{service}_{name}"): scopes for name, scopes in one.items()} for one in security]
    elif "public" not in permissions:
        moved["security"] = [{BEARER: []}]
    return moved


def _renamed(node: Any, service: str, *, names: bool = False) -> Any:
    """`node` with each reference to a component following that component's new name.

    `names`: the keys of this mapping are names that somebody chose, not keywords; one may well be called `example`.
    """
    if isinstance(node, list):
        return [_renamed(each, service) for each in node]
    if not isinstance(node, dict):
        return node
    renamed: Document = {}
    for key, value in node.items():
        if names:
            renamed[key] = _renamed(value, service)
        elif key == "$ref":
            renamed[key] = _reference(value, service)
        elif key == "discriminator" and "mapping" in value:
            renamed[key] = {**value, "mapping": {name: _reference(to, service) for name, to in value["mapping"].items()}}
        else:
            renamed[key] = value if key in _LITERAL else _renamed(value, service, names=key in _NAMED)
    return renamed


def _reference(to: str, service: str) -> str:
    parts = to.split("/") if "/" in to else ["#", "components", "schemas", to]  # a mapping may name a schema alone
    if parts[:2] != ["#", "components"] or len(parts) < 4:
        return to
    return "/".join((*parts[:3], f"{service}_{parts[3]}", *parts[4:]))


def _is_bearer(scheme: Document) -> bool:
    return scheme.get("type") == "http" and str(scheme.get("scheme", "")).lower() == "bearer"


def merge(info: Document, parts: dict[str, Document]) -> Document:
    """One document of parts that have been placed; the gateway's own part has the empty name."""
    components: Document = {"securitySchemes": {BEARER: {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}}
    paths: Document = {}
    tags = []
    for service, part in sorted(parts.items()):
        paths.update(part.get("paths", {}))
        for kind, members in part.get("components", {}).items():
            components.setdefault(kind, {}).update(members)
        if service:
            tags.append({"name": service, "description": part.get("info", {}).get("title", service)})
    return {"openapi": "3.1.0", "info": info, "servers": [{"url": "/"}], "tags": tags, "paths": paths, "components": components}
