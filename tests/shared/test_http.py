"""The HTTP edge on a real database: permissions, problems, idempotency, versions, and that refusals leave no trace."""

from __future__ import annotations

import asyncio
import base64
import json
import uuid
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import text

from shared.app import RouteWithoutPermission, create_app
from shared.errors import CursorNotReadable, Refused
from shared.http import PageQuery, decode_cursor, encode_cursor, service_router
from shared.outbox import emit
from shared.settings import ServiceSettings
from shared.texts import LANGUAGES, catalogue, folder_of
from tests.kit import token
from tests.shared import service as tiny


@pytest_asyncio.fixture
async def service(settings: ServiceSettings) -> AsyncIterator[tiny.Service]:
    """The tiny service without its background loops."""
    app = tiny.build(settings)
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
        yield tiny.Service(app, client, tiny.Behaviour())
    await app.state.database.close()


async def test_what_only_reads_has_nothing_to_tell(service: tiny.Service) -> None:
    with pytest.raises(RuntimeError, match="only reads"):
        async with service.app.state.database.transaction(reading=True) as tx:
            emit(tx, tiny.MarkCounted(mark="a"))
    assert not await service.scalar("SELECT count(*) FROM kit_outbox")


async def test_a_write_reads_keys_that_have_grown_old_on_the_connection_it_has(settings: ServiceSettings) -> None:
    app = tiny.build(settings.model_copy(update={"pool_size": 1, "pool_overflow": 0, "pool_wait": 1.0}))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://service") as client:
        made = (await client.post("/marks", json={"mark": "a"})).json()
        headers = {**token(permissions=["mark.bump"]), "If-Match": str(made["version"]), "Idempotency-Key": "a-key-of-mine"}
        assert (await client.post("/marks/a/bump", headers=headers)).status_code == 200
    await app.state.database.close()


async def counts(service: tiny.Service) -> tuple[object, ...]:
    return tuple([await service.scalar(f"SELECT count(*) FROM {t}") for t in ("mark", "kit_outbox", "kit_answer")])


def assert_problem(response: object, status: int, code: str) -> dict[str, object]:
    assert response.status_code == status, response.text  # type: ignore[attr-defined]
    assert response.headers["content-type"] == "application/problem+json"  # type: ignore[attr-defined]
    body: dict[str, object] = response.json()  # type: ignore[attr-defined]
    assert body["code"] == code and body["type"] == f"urn:lianxin:problem:{code}" and body["status"] == status
    assert body["title"] and body["detail"] and body["request_id"]
    return body


async def test_a_double_submit_takes_effect_once_and_gets_the_same_answer(service: tiny.Service) -> None:
    key = {"Idempotency-Key": "a-key-of-mine"}
    first = await service.client.post("/marks", json={"mark": "a"}, headers=key)
    again = await service.client.post("/marks", json={"mark": "a"}, headers=key)
    assert (first.status_code, first.json()) == (again.status_code, again.json()) == (201, {"mark": "a", "version": 1})
    assert again.headers["idempotency-replayed"] == "true"
    assert await counts(service) == (1, 1, 1)


async def test_fifty_simultaneous_submits_with_one_key_take_effect_once(service: tiny.Service) -> None:
    posts = (service.client.post("/marks", json={"mark": "a"}, headers={"Idempotency-Key": "a-key-of-mine"}) for _ in range(50))
    answers = await asyncio.gather(*posts)
    assert {r.status_code for r in answers} <= {201, 409, 503} and any(r.status_code == 201 for r in answers)
    assert await counts(service) == (1, 1, 1)


async def test_a_key_used_for_another_body_is_refused_and_nothing_changes(service: tiny.Service) -> None:
    key = {"Idempotency-Key": "a-key-of-mine"}
    await service.client.post("/marks", json={"mark": "a"}, headers=key)
    before = await counts(service)
    assert_problem(await service.client.post("/marks", json={"mark": "b"}, headers=key), 422, "KeyUsedForAnotherRequest")
    assert await counts(service) == before


async def test_the_key_belongs_to_its_caller(service: tiny.Service) -> None:
    key = {"Idempotency-Key": "a-key-of-mine"}
    await service.client.post("/marks", json={"mark": "a"}, headers=key)
    other = await service.client.post("/marks", json={"mark": "b"}, headers={**key, **token("desk")})
    assert other.status_code == 201


async def test_the_stored_answer_is_not_readable_in_the_database(service: tiny.Service) -> None:
    await service.client.post("/marks", json={"mark": "unmistakable"}, headers={"Idempotency-Key": "a-key-of-mine"})
    assert b"unmistakable" not in bytes(await service.scalar("SELECT box FROM kit_answer"))
    assert b"a-key-of-mine" not in bytes(await service.scalar("SELECT key_hash FROM kit_answer"))


@pytest.mark.parametrize(("mark", "status", "code"), [("refused", 404, "NotFound"), ("defect", 500, "InternalError")])
async def test_a_refusal_and_a_defect_leave_nothing_behind(service: tiny.Service, mark: str, status: int, code: str) -> None:
    response = await service.client.post("/refuse", json={"mark": mark}, headers={"Idempotency-Key": "a-key-of-mine"})
    assert_problem(response, status, code)
    assert await counts(service) == (0, 0, 0)


async def test_malformed_and_misfit_bodies_are_clear_problems_that_repeat_nothing(service: tiny.Service) -> None:
    headers = {"Content-Type": "application/json"}
    assert_problem(await service.client.post("/marks", content=b'{"mark": ', headers=headers), 400, "MalformedJson")
    problem = assert_problem(await service.client.post("/marks", json={"mark": "a", "phone": "13812345678"}), 422, "InvalidRequest")
    assert "13812345678" not in json.dumps(problem) and problem["where"] == "body.phone"
    assert_problem(await service.client.post("/marks", json={"mark": "nul\u0000"}), 422, "InvalidRequest")
    assert_problem(
        await service.client.post("/marks", content=b'{"mark": "' + b"x" * 1_100_000 + b'"}', headers=headers), 413, "BodyTooLarge"
    )
    assert await counts(service) == (0, 0, 0)


async def test_refusals_speak_chinese_first_and_english_on_request(service: tiny.Service) -> None:
    zh = await service.client.get("/nowhere")
    en = await service.client.get("/nowhere", headers={"Accept-Language": "en-GB,en;q=0.9"})
    assert assert_problem(zh, 404, "NotFound")["title"] == "没有找到"
    assert assert_problem(en, 404, "NotFound")["title"] == "Not found"
    assert_problem(await service.client.get("/marks"), 405, "MethodNotAllowed")


async def test_a_stale_version_is_a_409_with_the_current_one(service: tiny.Service) -> None:
    await service.client.post("/marks", json={"mark": "a"})
    headers = token(permissions=["mark.bump"])
    assert_problem(await service.client.post("/marks/a/bump", headers=headers), 428, "VersionMissing")
    assert_problem(await service.client.post("/marks/a/bump", headers={**headers, "If-Match": "x"}), 400, "VersionNotReadable")
    assert (await service.client.post("/marks/a/bump", headers={**headers, "If-Match": '"1"'})).json() == {"version": 2}
    stale = await service.client.post("/marks/a/bump", headers={**headers, "If-Match": "1"})
    assert assert_problem(stale, 409, "StaleVersion")["current"] == 2


async def test_only_a_genuine_token_with_the_permission_opens_a_route(service: tiny.Service) -> None:
    await service.client.post("/marks", json={"mark": "a"})
    url, version = "/marks/a/bump", {"If-Match": "1"}
    assert_problem(await service.client.post(url, headers=version), 401, "NotSignedIn")
    assert_problem(await service.client.post(url, headers={**version, **token(permissions=["mark.other"])}), 403, "NotPermitted")
    bad = [
        token(permissions=["mark.bump"], expires_in=-60),
        token(permissions=["mark.bump"], kid="unknown"),
        token(permissions=["mark.bump"], aud="other"),
        token(permissions=["mark.bump"], iss="other"),
        token(permissions=["mark.bump"], kid="test-code"),
        {"Authorization": "Bearer x.y.z"},
        {"Authorization": "Basic abc"},
        {"Authorization": "Bearer " + _unsigned()},
    ]
    for headers in bad:
        assert_problem(await service.client.post(url, headers={**version, **headers}), 401, "TokenNotValid")
    tampered = token(permissions=["mark.bump"])["Authorization"][:-4] + "AAAA"
    assert_problem(await service.client.post(url, headers={**version, "Authorization": tampered}), 401, "TokenNotValid")
    assert (await service.client.post(url, headers={**version, **token(permissions=["mark.own"])})).status_code == 200


async def test_a_service_that_has_not_heard_of_any_key_yet_asks_for_patience_and_not_for_a_new_sign_in(service: tiny.Service) -> None:
    async with service.app.state.database.transaction() as tx:
        await tx.execute(text("DELETE FROM kit_key"))
    url, version = "/marks/a/bump", {"If-Match": "1"}
    early = await service.client.post(url, headers={**version, **token(permissions=["mark.bump"])})
    assert_problem(early, 503, "KeysNotKnownYet")
    assert early.headers["retry-after"]
    assert_problem(await service.client.post(url, headers={**version, "Authorization": "Bearer x.y.z"}), 401, "TokenNotValid")


def _unsigned() -> str:
    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    return f"{part({'alg': 'none', 'kid': 'test-token'})}.{part({'sub': str(uuid.uuid4())})}."


def test_a_route_without_a_permission_keeps_the_service_from_starting(settings: ServiceSettings) -> None:
    open_route = service_router()

    @open_route.get("/open")
    async def forgotten() -> None: ...

    with pytest.raises(RouteWithoutPermission, match="/open"):
        create_app("scoring", settings=settings, routers=[open_route])


async def test_database_outage_is_a_503_and_ready_says_so(settings: ServiceSettings) -> None:
    away = settings.model_copy(update={"database_url": "postgresql+asyncpg://x:y@127.0.0.1:1/x", "pool_wait": 0.5})
    app = tiny.build(away)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app, raise_app_exceptions=False), base_url="http://service") as client:
        problem = await client.post("/marks", json={"mark": "a"})
        assert_problem(problem, 503, "DatabaseAway")
        assert problem.headers["retry-after"]
        assert (await client.get("/health/ready")).status_code == 503
        assert (await client.get("/health/live")).status_code == 200


async def test_the_outbox_accepts_while_the_bus_is_away(service: tiny.Service) -> None:
    assert (await service.client.get("/health/ready")).status_code == 200
    assert (await service.client.post("/marks", json={"mark": "a"})).status_code == 201
    flow = await service.client.get("/health/flow")
    assert flow.status_code == 503 and "bus_away" in flow.json()["troubles"] and flow.json()["outbox"] == 1


async def test_metrics_name_routes_and_no_path(service: tiny.Service) -> None:
    await service.client.post("/marks/secret-mark/bump")
    scraped = (await service.client.get("/metrics")).text
    assert 'route="/marks/{mark}/bump"' in scraped and "secret-mark" not in scraped


@pytest.mark.parametrize("cursor", ["!", "e30", "W1sieiIsIDFdXQ", encode_cursor(["a"]) + "x"])
def test_a_cursor_nobody_gave_out_is_refused(cursor: str) -> None:
    with pytest.raises(CursorNotReadable):
        PageQuery(cursor=cursor).after(int)


def test_a_cursor_keeps_the_types_of_its_key() -> None:
    key = [uuid.UUID(int=5), 7, "七"]
    assert decode_cursor(encode_cursor(key)) == key
    assert PageQuery(cursor=encode_cursor(key)).after(uuid.UUID, int, str) == tuple(key)


def test_every_refusal_has_texts_in_both_languages() -> None:
    import importlib
    import pkgutil

    import services

    for module in pkgutil.walk_packages(services.__path__, "services."):
        if ".migrations" not in module.name:
            importlib.import_module(module.name)

    def walk(kind: type[Refused]) -> list[type[Refused]]:
        return [kind, *(k for sub in kind.__subclasses__() for k in walk(sub))]

    kinds = [k for k in walk(Refused) if k is not Refused and k.__module__.startswith(("shared", "services"))]
    assert len(kinds) > 15
    for kind in kinds:
        entry = catalogue(folder_of(kind)).get(kind.code())
        assert entry, f"{kind.__module__}.{kind.code()} has no entry in its texts.yaml"
        for language in LANGUAGES:
            assert set(entry[language]) == {"title", "advice"}, f"{kind.code()} in {language}"
        assert 400 <= kind.status < 500 or kind.code() in ("DatabaseAway", "InternalError") or kind.status in (502, 503, 504)
