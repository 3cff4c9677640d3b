"""Real servers, one pair for all tests that do not stop or break them."""

from collections.abc import Iterator

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


@pytest.fixture
def own_servers() -> Iterator[LocalServers]:
    """Servers of one test, not started yet, to be stopped and broken at will."""
    with data_folder("own") as folder:
        servers = LocalServers(folder, SITE)
        try:
            yield servers
        finally:
            servers.stop()
