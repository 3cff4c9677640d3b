"""One run of the suite in the foreground: checks, servers, tables, services, demo; then watching until told to stop."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import psutil
from rich.console import Console

from deploy.local import accounts, checks, demo_data, replica
from deploy.local.backends import Backends
from deploy.local.environment import Environment
from deploy.local.errors import LocalError
from deploy.local.fleet import Fleet
from deploy.local.prepare import Preparation, prepare
from deploy.local.probes import Probes
from deploy.local.processes import tail, trim_log
from deploy.local.progress import Progress, show_error
from deploy.local.settings import RunSettings, parse_scale
from deploy.local.signals import Signals
from deploy.local.sockets import open_gateway, open_services, port_of
from deploy.local.state import SuiteState, remove_state, running, write_state
from deploy.local.table import GATEWAY, PRELOAD, SUITE, ServiceSpec

READY_SECONDS = 60.0
STOP_SECONDS = 10.0
TOO_MANY_RESTARTS = 5
DEMO_SECONDS = 600.0
TICK_SECONDS = 1.0


@dataclass(frozen=True)
class Suite:
    """What is run; the tests put small services in place of the real ones."""

    specs: Sequence[ServiceSpec] = SUITE
    preload: Sequence[str] = PRELOAD
    prepare: Callable[[Preparation], None] = prepare


TABLES = "tables and streams 建表"


class Stopped(Exception):
    """Somebody asked to stop while the suite was still starting."""


def run(settings: RunSettings, scale: str, console: Console, suite: Suite | None = None) -> int:
    """Run until SIGINT or SIGTERM. The exit code: 0 after a stop or if it already runs, 2 with a message."""
    suite = suite or Suite()
    try:
        accounts.make_data_folder(settings.data, passage=not settings.database_url)
        lock = checks.RunLock(settings.data)
        if not lock.take():
            found = running(settings.data)
            console.print(f"Already running at 已在运行: {found.url if found else settings.url}", highlight=False)
            return 0
        try:
            remove_state(settings.data)
            Run(settings, scale, console, suite).execute()
        finally:
            remove_state(settings.data)
            lock.release()
    except LocalError as error:
        show_error(console, error)
        return 2
    return 0


class Run:
    """The run itself, from the checks to the end of the last process."""

    def __init__(self, settings: RunSettings, scale: str, console: Console, suite: Suite) -> None:
        checks.check_layout(settings.data)
        checks.check_whole(settings.data)
        checks.check_disk(settings.data)
        self._settings = settings
        self._console = console
        self._suite = suite
        self._logs = settings.data / "logs"
        names = [spec.name for spec in suite.specs]
        counts = parse_scale(scale, names)
        with_database = [spec.name for spec in suite.specs if spec.database]
        self._backends = Backends(settings, with_database)
        gateway = open_gateway(settings.host, settings.port)
        inner = [name for name in names if name != GATEWAY]
        sockets = {**open_services(inner, settings.data / "run" / "ports.json"), GATEWAY: gateway}
        ports = {name: port_of(sock) for name, sock in sockets.items()}
        replicas_with_database = sum(counts[name] for name in with_database)
        environment = Environment(settings, self._backends, ports, replicas_with_database)
        self._fleet = Fleet(suite.specs, counts, sockets, environment.of, self._logs, settings.restart_longest)
        self._with_database = with_database
        self._signals = Signals()
        self._state: SuiteState | None = None
        self._demo: subprocess.Popen[bytes] | None = None
        self._reported = ""

    def execute(self) -> None:
        """Start, watch, stop. Raises LocalError if it cannot start."""
        names = [spec.name for spec in self._suite.specs]
        first = demo_data.demo_is_due(self._settings)
        try:
            with Progress(self._console, ["NATS", "PostgreSQL", TABLES, *names]) as progress:
                self._start_backends(progress)
                self._start_services(progress)
            self._announce(first and self._load_demo())
            while not self._signals.stops:
                self._watch(TICK_SECONDS)
        except Stopped:
            pass
        finally:
            self._stop()

    def _start_backends(self, progress: Progress) -> None:
        with progress.step("NATS"):
            self._backends.bus.start(tied=True)
        self._unless_stopped()
        with progress.step("PostgreSQL"):
            self._backends.database.start(tied=True)
        self._unless_stopped()
        self._write_state()
        replica.preload(self._suite.preload)
        self._fleet.tick()  # the services import what they need while the tables are made, and wait at the gate
        with progress.step(TABLES):
            self._prepare()

    def _prepare(self) -> None:
        database, bus = self._backends.database, self._backends.bus
        what = Preparation(
            databases={name: database.url(name) for name in self._with_database},
            nats_url=bus.url,
            operator_seed=self._backends.seed("operator"),
            site=self._settings.site,
            store=bus.max_file_store,
        )
        log = self._logs / "prepare.log"
        log.unlink(missing_ok=True)
        pid = replica.fork(lambda: self._suite.prepare(what), log)
        while True:
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                break
            self._signals.wait(0.5)
            if self._signals.stops:
                os.kill(pid, signal.SIGKILL)
        self._unless_stopped()
        if status:
            raise LocalError(
                f"The tables or streams could not be made. The end of {log}:\n{tail(log)}",
                f"建表或建立消息流失败，请查看 {log}",
            )

    def _start_services(self, progress: Progress) -> None:
        deadline = time.monotonic() + READY_SECONDS
        self._fleet.gate.open()
        probes = Probes(self._fleet.addresses())
        while probes.waiting:
            for name in probes.wait(0.2):
                progress.done(name)
            self._fleet.tick()
            self._unless_stopped()
            for name in probes.waiting:
                if self._fleet.restarts(name) >= TOO_MANY_RESTARTS or time.monotonic() > deadline:
                    raise self._does_not_start(name)
        self._write_state(ready=True)

    def _does_not_start(self, name: str) -> LocalError:
        log = self._fleet.log(name)
        return LocalError(
            f"The service {name} does not start. The end of {log}:\n{tail(log)}",
            f"服务 {name} 无法启动，请查看 {log}",
        )

    def _load_demo(self) -> bool:
        """Whether the demo has been loaded; the suite runs without it, and the next start tries again."""
        self._demo = demo_data.start_demo(self._settings)
        deadline = time.monotonic() + DEMO_SECONDS
        while self._demo.poll() is None and time.monotonic() < deadline:
            self._watch(0.5)
            self._unless_stopped()
        if self._demo.poll() == 0:
            return True
        self._report("The demo could not be loaded; the next start tries again. 演示数据未能载入，下次启动时会再试。")
        return False

    def _announce(self, first: bool) -> None:
        settings = self._settings
        demo_data.show_demo(self._console, settings.data, first=first)
        self._console.print(f"\nLianxin 连心  {settings.url}", style="bold", highlight=False)
        outside = [("public 公开地址", settings.shown_url)] if settings.shown_url != settings.url else []
        for label, shown in (*outside, ("data 数据", settings.data), ("logs 日志", self._logs)):
            self._console.print(f"  {label}  {shown}", highlight=False, soft_wrap=True)
        self._console.print("Ctrl-C stops 停止", style="dim", highlight=False)

    def _watch(self, seconds: float) -> None:
        """Sleep a little, then see to what has died and to logs that have grown too long."""
        self._signals.wait(min(seconds, self._fleet.next_due()))
        if self._signals.stops:
            return
        try:
            for name in self._backends.revive():
                self._report(f"{name} had ended and was started again")
        except (LocalError, OSError) as error:  # the services wait for it meanwhile, and so do we
            self._report(str(error))
        for line in self._fleet.tick():
            self._report(line)
        try:
            self._write_state(ready=True)
            for log in self._logs.glob("*.log"):
                trim_log(log)
        except OSError as error:  # a full disk: what runs goes on, and this is tried again
            self._report(str(error))

    def _report(self, line: str) -> None:
        if line == self._reported:
            return
        self._reported = line
        with contextlib.suppress(OSError):  # where this goes may be on a full disk, too
            self._console.print(f"{time.strftime('%H:%M:%S')} {line}", highlight=False, markup=False, soft_wrap=True)

    def _write_state(self, ready: bool = False) -> None:
        me = psutil.Process()
        database, bus = self._backends.database, self._backends.bus
        state = SuiteState(
            pid=me.pid,
            created=me.create_time(),
            started_at=self._state.started_at if self._state else time.time(),
            site=self._settings.site,
            url=self._settings.url,
            public_url=self._settings.shown_url,
            nats_url=bus.url,
            postgres_pid=database.pid,
            nats_pid=bus.pid,
            ready=ready,
            services=self._fleet.state(),
        )
        if state != self._state:
            write_state(self._settings.data, state)
            self._state = state

    def _unless_stopped(self) -> None:
        if self._signals.stops:
            raise Stopped

    def _stop(self) -> None:
        self._console.print("Stopping 正在停止 …", style="dim", highlight=False)
        before = self._signals.stops
        if self._demo and self._demo.poll() is None:
            self._demo.kill()
        self._fleet.stop(STOP_SECONDS, self._signals.wait, lambda: self._signals.stops > before)
        self._backends.stop()
        self._console.print("Stopped 已停止", style="dim", highlight=False)
