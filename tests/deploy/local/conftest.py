"""Real servers, one pair for all tests that do not stop or break them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.servers import LocalServers
from tests.deploy.folders import data_folder

SITE = "320412"


@pytest.fixture(scope="session")
def servers() -> Iterator[LocalServers]:
    """Started servers that must be left running and intact."""
    with data_folder("shared") as folder:
        servers = LocalServers(folder, SITE)
        try:
            servers.start()
            yield servers
        finally:
            servers.stop()


@pytest.fixture(scope="session")
def template() -> Iterator[Path]:
    """A data folder after a first start and a stop: copying it is much faster than making another."""
    with data_folder("template") as folder:
        servers = LocalServers(folder, SITE)
        try:
            servers.start()
        finally:
            servers.stop()
        yield folder


@pytest.fixture
def own_servers(template: Path) -> Iterator[LocalServers]:
    """Servers of one test, not started yet, to be stopped and broken at will."""
    with data_folder("own", template) as folder:
        servers = LocalServers(folder, SITE)
        try:
            yield servers
        finally:
            servers.stop()
