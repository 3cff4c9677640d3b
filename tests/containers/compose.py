"""deploy/compose.yaml brought up for a test, under a name and a port of its own, and seen from outside."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

from deploy.local.processes import wait_until
from deploy.local.settings import default_data
from shared.settings import ROOT
from tests.e2e.suite import free_port

HEALTHY_WITHIN = 240.0
SERVICES = ("directory", "intake", "routing", "supervision", "scoring", "notify", "gateway")


def run(*command: str, check: bool = True, **environment: str) -> subprocess.CompletedProcess[str]:
    """A command that ends; AssertionError with what it printed when it fails."""
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, check=False)
    assert not check or done.returncode == 0, f"{' '.join(command)}: {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-3000:]}"
    return done


def build(tag: str) -> None:
    """The image, built on the spot. Without the newer builder's plug-in the older one is asked for."""
    has_buildx = run("docker", "buildx", "version", check=False).returncode == 0
    run("docker", "build", "-f", "deploy/Dockerfile", "-t", tag, ".", DOCKER_BUILDKIT="1" if has_buildx else "0")


def program() -> tuple[str, ...]:
    """Compose as this machine has it: the plug-in, or the program of before."""
    if run("docker", "compose", "version", check=False).returncode == 0:
        return "docker", "compose"
    assert shutil.which("docker-compose"), "there is neither `docker compose` nor `docker-compose` on this machine"
    return ("docker-compose",)


class Compose:
    """The suite in containers. `data` holds the demo's file only, where the tests' world looks for it."""

    def __init__(self, name: str, image: str, data: Path, **environment: str) -> None:
        port = free_port()
        self.url, self.data = f"http://127.0.0.1:{port}", data
        self._name = f"lianxin-test-{name}-{os.getpid()}"
        self._environment = {"LIANXIN_IMAGE": image, "LIANXIN_PORT": str(port), "LIANXIN_PUBLIC_URL": self.url, **environment}
        self._command = (*program(), "-f", "deploy/compose.yaml", "-p", self._name)

    def __call__(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """`compose("up", "-d")`."""
        return run(*self._command, *arguments, check=check, **self._environment)

    def up(self, *arguments: str) -> None:
        """Brings it up and waits until every service is healthy."""
        self("up", "-d", *arguments)
        assert wait_until(self.is_healthy, HEALTHY_WITHIN, interval=2), self("ps").stdout

    def down(self) -> None:
        """Takes everything away, volumes included."""
        self("down", "-v", "--remove-orphans", "-t", "5")

    def is_healthy(self) -> bool:
        """Whether every container of every service says so."""
        listed = run("docker", "ps", "-f", f"name={self._name}", "--format", "{{.Names}} {{.Status}}").stdout.splitlines()
        checked = [line for line in listed if re.search(rf"[-_]({'|'.join(SERVICES)})[-_]\d+ ", line)]
        return len(checked) >= len(SERVICES) and all("(healthy)" in line for line in checked)

    def containers(self, service: str) -> list[str]:
        """The ids of a service's running containers."""
        return self("ps", "-q", service).stdout.split()

    def operator(self, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """What an operator types: a command of `lianxin` in a container of its own."""
        return self("run", "--rm", "-T", "operator", *command, check=check)

    def load_demo(self) -> None:
        """Loads the demo place and fetches its accounts and codes."""
        self("run", "--rm", "-T", "demo")
        self.data.mkdir(parents=True, exist_ok=True)
        job = run("docker", "ps", "-aqf", f"name={self._name}[-_]credentials").stdout.split()[0]
        run("docker", "cp", f"{job}:/var/lib/lianxin/suite/demo.json", str(self.data / "demo.json"))

    def query(self, service: str, sql: str) -> list[str]:
        """Rows of a service's database, as lines of text."""
        return self("exec", "-T", "postgres", "psql", "-XqAt", "-U", "postgres", "-d", service, "-c", sql).stdout.split()


def inspect(container: str) -> dict[str, Any]:
    """What the engine knows of a container."""
    found: dict[str, Any] = json.loads(run("docker", "inspect", container).stdout)[0]
    return found


def inside(container: str, script: str) -> subprocess.CompletedProcess[str]:
    """A shell script in a running container, as its own user."""
    return run("docker", "exec", container, "sh", "-c", script, check=False)


def data_folder() -> Path:
    """A folder of this process for what a test fetches."""
    return default_data().with_name(f".data-test-containers-{os.getpid()}")
