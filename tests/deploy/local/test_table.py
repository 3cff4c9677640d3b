"""What the parent imports must not start threads: a fork takes only the forking one along."""

import subprocess
import sys

from deploy.local.table import SUITE
from deploy.nats.permissions import SERVICES
from tests.deploy.folders import PROJECT

SCRIPT = """
import os, threading
from deploy.local.replica import preload
from deploy.local.table import PRELOAD
preload(PRELOAD)
print(threading.active_count(), len(os.listdir("/proc/self/task")))
"""


def test_preloading_starts_no_thread() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1", "1"]


def test_the_suite_is_the_six_services_with_a_database_and_the_gateway() -> None:
    assert [spec.name for spec in SUITE if spec.database] == list(SERVICES)
    assert [spec.name for spec in SUITE if not spec.database] == ["gateway"]
