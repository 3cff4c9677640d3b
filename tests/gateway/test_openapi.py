"""The merged document: nothing dangles, nothing collides, permissions are said."""

from __future__ import annotations

import asyncio
import importlib
import json
from typing import Annotated, Any, Literal

import pytest
from fastapi import Depends, FastAPI
from fastapi.security import HTTPBearer
from pydantic import BaseModel, Field

from deploy.nats.permissions import SERVICES
from services.gateway.openapi import merge, placed
from services.gateway.settings import Settings
from tests import kit
from tests.gateway.conftest import Suite
from tests.gateway.serving import served


class Cat(BaseModel):
    kind: Literal["cat"]
    example: str = "miau"


class Dog(BaseModel):
    kind: Literal["dog"]
    parent: Dog | None = None


class Pet(BaseModel):
    pet: Annotated[Cat | Dog, Field(discriminator="kind")]
    default: Cat | None = Field(default=None, examples=[{"$ref": "#/components/schemas/no_reference"}])


def service(title: str) -> FastAPI:
    """A service whose schemas have the names that every other has too."""
    app = FastAPI(title=title, separate_input_output_schemas=False)

    @app.post("/pets/{number}", openapi_extra={"x-permission": ["pet.write"]})
    async def keep(number: int, pet: Pet) -> Pet:
        return pet

    @app.get("/pets", openapi_extra={"x-permission": ["public"]}, dependencies=[Depends(HTTPBearer(auto_error=False))])
    async def pets() -> list[Cat]:
        return []

    @app.get("/health/live")
    async def live() -> dict[str, str]:
        return {}

    return app


def references(node: Any, inside_example: bool = False) -> set[str]:
    """All `$ref` of a document but those in examples."""
    if isinstance(node, list):
        return set().union(*(references(each, inside_example) for each in node))
    if not isinstance(node, dict):
        return set()
    found = {node["$ref"]} if isinstance(node.get("$ref"), str) and not inside_example else set()
    for key, value in node.items():
        found |= references(value, inside_example or key == "examples")
    return found | set(node.get("discriminator", {}).get("mapping", {}).values())


def resolve(document: dict[str, Any], reference: str) -> Any:
    """What a reference names. Raises KeyError."""
    node: Any = document
    for part in reference.removeprefix("#/").split("/"):
        node = node[part.replace("~1", "/").replace("~0", "~")]
    return node


@pytest.fixture
def merged() -> dict[str, Any]:
    parts = {name: placed(service(name).openapi(), name, ("/health",)) for name in ("intake", "routing")}
    return merge({"title": "t", "version": "1"}, parts)


def test_no_reference_dangles(merged: dict[str, Any]) -> None:
    found = references(merged)
    assert len(found) > 6
    for reference in found:
        resolve(merged, reference)


def test_paths_and_names_of_two_services_do_not_collide(merged: dict[str, Any]) -> None:
    assert set(merged["paths"]) == {f"/api/{s}/pets{p}" for s in ("intake", "routing") for p in ("", "/{number}")}
    assert {"intake_Pet", "routing_Pet", "intake_HTTPValidationError"} <= set(merged["components"]["schemas"])
    ids = [operation["operationId"] for item in merged["paths"].values() for operation in item.values()]
    assert len(ids) == len(set(ids)) == 4
    body = merged["paths"]["/api/routing/pets/{number}"]["post"]["requestBody"]
    assert body["content"]["application/json"]["schema"]["$ref"] == "#/components/schemas/routing_Pet"


def test_examples_stay_as_they_were_and_names_are_no_keywords(merged: dict[str, Any]) -> None:
    properties = merged["components"]["schemas"]["intake_Pet"]["properties"]
    assert properties["default"]["examples"] == [{"$ref": "#/components/schemas/no_reference"}]
    assert properties["default"]["anyOf"][0]["$ref"] == "#/components/schemas/intake_Cat"
    assert properties["pet"]["discriminator"]["mapping"]["dog"] == "#/components/schemas/intake_Dog"


def test_each_operation_says_its_permission_and_how_to_show_it(merged: dict[str, Any]) -> None:
    write = merged["paths"]["/api/intake/pets/{number}"]["post"]
    read = merged["paths"]["/api/intake/pets"]["get"]
    assert (write["x-permission"], write["security"]) == (["pet.write"], [{"bearer": []}])
    assert (read["x-permission"], read["security"]) == (["public"], [{"bearer": []}])
    assert list(merged["components"]["securitySchemes"]) == ["bearer"]


async def test_the_document_is_served_and_says_who_is_absent(suite: Suite) -> None:
    async with served(service("routing")) as routing:
        client = await suite.start(upstreams={"routing": routing, "scoring": 1})
        suite.intake.answers["/openapi.json"] = (200, [], json.dumps(service("intake").openapi()).encode())
        document = (await client.get("/api/openapi.json", headers={"Accept-Language": "en"})).json()
    assert document["openapi"] == "3.1.0"
    assert document["info"]["x-absent"] == ["scoring"]
    assert {"/api/intake/pets", "/api/routing/pets", "/api/health"} <= set(document["paths"])
    assert not [path for path in document["paths"] if "health/" in path or path == "/metrics"]
    assert all(
        "x-permission" in op
        for path, item in document["paths"].items()
        for op in item.values()
        if "pets" in path or path.startswith("/api/h")
    )
    for reference in references(document):
        resolve(document, reference)


async def test_a_service_that_was_absent_is_asked_again_and_one_that_is_away_stays_in_the_document(
    suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.gateway.openapi._ABSENT_AGAIN", 0.0)
    client = await suite.start(openapi_age=0.0)
    suite.intake.answers["/openapi.json"] = (503, [], b"{}")
    assert (await client.get("/api/openapi.json")).json()["info"]["x-absent"] == ["intake"]
    suite.intake.answers["/openapi.json"] = (200, [], json.dumps(service("intake").openapi()).encode())
    assert (await client.get("/api/openapi.json")).json()["info"]["x-absent"] == []
    suite.intake.answers["/openapi.json"] = (200, [], b"no json")
    again = (await client.get("/api/openapi.json")).json()
    assert "/api/intake/pets" in again["paths"]


async def test_many_readers_at_once_cause_one_question(suite: Suite) -> None:
    client = await suite.start()
    suite.intake.answers["/openapi.json"] = (200, [], json.dumps(service("intake").openapi()).encode())
    await asyncio.gather(*(client.get("/api/openapi.json") for _ in range(8)))
    assert len(suite.intake.requests) == 1


def test_the_documents_of_all_services_merge_and_each_operation_says_its_permission() -> None:
    parts = {}
    for name in SERVICES:
        chosen = importlib.import_module(f"services.{name}.settings").Settings(
            site=kit.SITE, database_url="postgresql+asyncpg://nobody@127.0.0.1:1/none"
        )
        parts[name] = placed(importlib.import_module(f"services.{name}.main").build(chosen).openapi(), name, Settings().private_paths)
    document = merge({"title": "t", "version": "1"}, parts)
    for reference in references(document):
        resolve(document, reference)
    operations = [(path, method, op) for path, item in document["paths"].items() for method, op in item.items()]
    assert len(operations) > 40
    assert [(path, method) for path, method, op in operations if not op.get("x-permission")] == []
    assert len({op["operationId"] for _, _, op in operations}) == len(operations)
