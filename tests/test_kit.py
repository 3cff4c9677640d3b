"""That tests which share servers, routing tables and engines share nothing else."""

from __future__ import annotations

from sqlalchemy import text

from deploy.local.servers import LocalServers
from tests import kit
from tests.conftest import Build
from tests.scoring import golden
from tests.shared import service as tiny

_TABLES = text("SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename NOT IN ('migration', 'kit_migration')")
_COUNTED = text("SELECT count(*) FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL")


async def _left(service: kit.Running) -> dict[str, int]:
    async with service.tx() as tx:
        tables = (await tx.execute(_TABLES)).scalars().all()
        counts = {table: (await tx.execute(text(f'SELECT count(*) FROM "{table}"'))).scalar_one() for table in tables}
        counts["sequences"] = (await tx.execute(_COUNTED)).scalar_one()
    return {name: count for name, count in counts.items() if count}


async def test_an_emptied_database_holds_the_test_keys_and_counts_from_one_again(running: Build) -> None:
    service = await running("scoring")
    await service.deliver(*golden.EVENTS)
    async with service.tx() as tx:
        await tx.execute(text("SELECT nextval(pg_get_serial_sequence('kit_audit_waiting', 'id'))"))
    assert {"ledger_line", "kit_outbox", "sequences"} <= set(await _left(service))
    await kit.wipe(service.database)
    assert await _left(service) == {"kit_key": 2}


async def test_applications_that_share_a_routing_table_share_no_state_and_no_engine_while_they_live(running: Build) -> None:
    one, two = await running("scoring"), await running("scoring")
    assert one.app.router.routes is two.app.router.routes
    assert one.app.state is not two.app.state and one.database.engine is not two.database.engine
    one.app.state.service = "one"
    names = [(await service.client.get("/health/live")).json()["service"] for service in (one, two)]
    assert names == ["one", "scoring"]


async def test_what_business_has_written_is_seen_whole_and_empty_tables_are_named(running: Build) -> None:
    service = await running("scoring")
    empty = await service.rows()
    assert empty and not any(empty.values()) and not any(name.startswith("kit_") for name in empty)
    await service.deliver(*golden.EVENTS)
    async with service.tx() as tx:
        lines = (await tx.execute(text("SELECT count(*) FROM ledger_line"))).scalar_one()
    assert len((await service.rows())["ledger_line"]) == lines > 0


async def test_the_tiny_service_that_stands_in_scoring_s_place_has_routes_of_its_own(running: Build, servers: LocalServers) -> None:
    scoring, stand_in = await running("scoring"), tiny.build(tiny.settings_for(servers))
    assert scoring.app.state.service == stand_in.state.service
    assert scoring.app.router.routes is not stand_in.router.routes
    await stand_in.state.database.close()
