"""What each user of the bus can and cannot do on the real server."""

import asyncio

import nats
import pytest
from nats.aio.client import Client
from nats.js.api import ConsumerConfig

from deploy.local.credentials import new_seed
from deploy.local.errors import LocalError
from deploy.local.servers import SERVICES, LocalServers
from tests.deploy.local.bus import connect, refusals_of, settle
from tests.deploy.local.conftest import SITE


@pytest.fixture(scope="module", autouse=True)
def streams(servers: LocalServers) -> None:
    """The two streams, as the operator declares them."""

    async def declare() -> None:
        client = await connect(servers, "operator")
        js = client.jetstream()
        await js.add_stream(name="EVENTS", subjects=[f"lx.{SITE}.>"], allow_direct=True)
        await js.add_stream(name="DEAD", subjects=[f"dead.{SITE}.>"])
        await client.close()

    asyncio.run(declare())


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_publishes_and_pulls_and_acknowledges_through_its_own_consumers(servers: LocalServers, service: str) -> None:
    refusals: list[str] = []

    async def work() -> None:
        client = await connect(servers, service, refusals)
        js = client.jetstream()
        await js.publish(f"lx.{SITE}.{service}.tried.v1.core", b"1")
        await js.publish(f"dead.{SITE}.{service}.tried", b"1")
        await client.publish(f"live.{SITE}.{service}.changed", b"1")
        await js.stream_info("EVENTS")
        await js.stream_info("DEAD")
        await js.account_info()
        for name in (service, f"{service}_backfill"):
            await js.add_consumer("EVENTS", ConsumerConfig(durable_name=name, filter_subject=f"lx.{SITE}.{service}.>"))
            pull = await js.pull_subscribe_bind(name, "EVENTS")
            for message in await pull.fetch(1, timeout=5):
                await message.ack_sync(timeout=2)
            assert (await js.consumer_info("EVENTS", name)).ack_floor.stream_seq > 0
            assert await js.consumer_info("EVENTS", name)
        await js.delete_consumer("EVENTS", f"{service}_backfill")
        await settle(client)
        await client.close()

    asyncio.run(work())
    assert refusals == []


@pytest.mark.parametrize(
    "subject",
    [
        f"lx.{SITE}.routing.x.v1.core",
        "lx.999999.intake.x.v1.core",
        f"dead.{SITE}.routing.x",
        "$JS.API.STREAM.DELETE.EVENTS",
        "$JS.API.STREAM.PURGE.EVENTS",
        "$JS.API.STREAM.UPDATE.EVENTS",
        "$JS.API.STREAM.CREATE.MINE",
        "$JS.API.STREAM.MSG.GET.EVENTS",
        "$JS.API.STREAM.MSG.DELETE.EVENTS",
        "$JS.API.DIRECT.GET.EVENTS.lx.x",
        "$JS.API.CONSUMER.DELETE.EVENTS.intake",
        "$JS.API.CONSUMER.DELETE.EVENTS.routing",
        "$JS.API.CONSUMER.CREATE.EVENTS",
        "$JS.API.CONSUMER.CREATE.EVENTS.routing",
        "$JS.API.CONSUMER.DURABLE.CREATE.EVENTS.routing",
        "$JS.API.CONSUMER.MSG.NEXT.EVENTS.routing",
        "$JS.ACK.EVENTS.routing.1.1.1.1.1",
        "_INBOX.routing.forged",
        "$SYS.REQ.SERVER.PING",
    ],
)
def test_intake_is_refused_what_is_not_its_own(servers: LocalServers, subject: str) -> None:
    async def publish(client: Client) -> None:
        await client.publish(subject, b"")

    refusals = refusals_of(servers, "intake", publish)
    assert len(refusals) == 1
    assert "permissions violation for publish" in refusals[0].lower()


@pytest.mark.parametrize("subject", ["lx.>", f"lx.{SITE}.intake.>", ">", "_INBOX.>", "_INBOX.routing.>", "$JS.>"])
def test_a_service_cannot_listen_past_its_consumers(servers: LocalServers, subject: str) -> None:
    async def subscribe(client: Client) -> None:
        await client.subscribe(subject)

    refusals = refusals_of(servers, "intake", subscribe)
    assert len(refusals) == 1
    assert "permissions violation for subscription" in refusals[0].lower()


def test_the_gateway_reads_the_signing_keys_and_nothing_else_and_writes_nothing(servers: LocalServers) -> None:
    keys = f"lx.{SITE}.directory.signing_keys_published"

    async def read(client: Client) -> None:
        await client.subscribe(f"{keys}.>")
        await client.publish(f"$JS.API.DIRECT.GET.EVENTS.{keys}.v1.core", b"")

    async def read_a_resident(client: Client) -> None:
        await client.publish(f"$JS.API.DIRECT.GET.EVENTS.lx.{SITE}.intake.opinion_classified.v1.core", b"")

    async def write(client: Client) -> None:
        await client.publish(f"{keys}.v1.core", b"forged")

    asyncio.run(publish_as_directory(servers))
    assert refusals_of(servers, "gateway", read) == []
    assert len(refusals_of(servers, "gateway", read_a_resident)) == 1
    assert len(refusals_of(servers, "gateway", write)) == 1


async def publish_as_directory(servers: LocalServers) -> None:
    """One event of directory in the stream."""
    client = await connect(servers, "directory")
    await client.jetstream().publish(f"lx.{SITE}.directory.tried.v1.core", b"1")
    await client.close()


def test_nobody_enters_without_a_key_of_the_list(servers: LocalServers) -> None:
    async def enter(**options: str) -> None:
        await nats.connect(servers.nats_url, allow_reconnect=False, **options)

    with pytest.raises(Exception, match=r"(?i)authorization"):
        asyncio.run(enter())
    with pytest.raises(Exception, match=r"(?i)authorization"):
        asyncio.run(enter(nkeys_seed_str=new_seed()))


def test_the_store_is_capped_and_synchronous(servers: LocalServers) -> None:
    config = (servers.data / "run" / "nats.conf").read_text()
    assert '"sync_interval": "always"' in config
    assert 0 < servers.nats.max_file_store <= 2 * 1024**3


def test_a_port_taken_by_another_program_is_named(servers: LocalServers, own_servers: LocalServers) -> None:
    other = LocalServers(own_servers.data, SITE, nats_port=servers.nats.port)
    with pytest.raises(LocalError, match=str(servers.nats.port)):
        other.start()
