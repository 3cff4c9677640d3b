"""A running suite with the demo place in it, and who may do what there."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from rich.console import Console

from deploy.local import demo
from tests.bench.client import Client
from tests.bench.processes import Meter, memory, pss_mb
from tests.e2e.suite import Suite


class Place:
    """The suite, started as `make run` does, with the demo's accounts and codes; `started` are seconds each start took."""

    def __init__(self, name: str) -> None:
        self.suite = Suite(f"bench-{name}")
        self.started: list[float] = []
        self.demo: dict[str, Any] = {}

    @property
    def url(self) -> str:
        """The gateway."""
        return self.suite.url

    def start(self) -> float:
        """Starts the suite; seconds until it is ready. The demo place is loaded at the first start."""
        before = time.perf_counter()
        self.suite.start()
        took = time.perf_counter() - before
        self.started.append(took)
        if not self.demo:
            with open(os.devnull, "w") as nowhere:
                demo.NUMBER = 0
                asyncio.run(demo.load(self.suite.settings, Console(file=nowhere)))
            self.demo = json.loads((self.suite.data / "demo.json").read_text("utf-8"))
        return took

    def teach(self, labelled: Path) -> bool:
        """Trains intake's classifier and starts the suite anew with it; False, and nothing done, without the labelled messages."""
        if not labelled.is_file():
            return False
        environment = {**os.environ, "LIANXIN_DATA": str(self.suite.data)}
        subprocess.run([sys.executable, "-m", "deploy.cli", "train", str(labelled)], env=environment, check=True, stdout=subprocess.DEVNULL)
        self.stop()
        self.start()
        return True

    def stop(self) -> None:
        """Stops the suite; its data stay."""
        self.suite.stop()

    def remove(self) -> None:
        """Stops it and takes its data away."""
        self.suite.remove()

    def processes(self) -> dict[str, list[int]]:
        """Name → main pids of all that runs for this suite."""
        state = self.suite.state()
        found = {name: self.suite.pids(name) for name in state["services"]}
        return {**found, "nats": [state["nats_pid"]], "postgres": [state["postgres_pid"]]}

    def meter(self) -> Meter:
        """Begins to count CPU time."""
        return Meter(self.processes())

    def memory(self) -> dict[str, float]:
        """PSS in MB; `supervisor` is the parent that forked the services, without them."""
        return {**memory(self.processes()), "supervisor": round(pss_mb(self.suite.state()["pid"]), 1)}

    async def sign_in(self, role: str, organisation: str | None = None) -> dict[str, str]:
        """Headers of an account of that role; good for 15 minutes."""
        account = next(a for a in self.demo["accounts"] if a["role"] == role and organisation in (None, a["organisation"]))
        client = Client(self.url)
        answer = await client.call("POST", "/api/directory/login", {k: account[k] for k in ("username", "password")})
        client.close()
        assert answer.status == 200, answer.body
        return {"authorization": f"Bearer {answer.json()['access_token']}"}

    def codes(self) -> list[str]:
        """Codes of stations and deputies."""
        return [code["code"] for code in self.demo["codes"]]

    def departments(self) -> list[str]:
        """Organisations that can sign in as a department."""
        return [a["organisation"] for a in self.demo["accounts"] if a["role"] == "department"]
