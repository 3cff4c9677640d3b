"""Forked children: a replica of a service, or a short job. The parent has no thread and no event loop before a fork."""

import contextlib
import ctypes
import gc
import importlib
import os
import pkgutil
import signal
import socket
import sys
import traceback
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from deploy.local.processes import die_with_parent, open_log
from deploy.local.table import ServiceSpec

GRACEFUL_SECONDS = 5
"""What open requests and event streams are given at a stop, before they are cut."""

M_ARENA_MAX = -8
M_MMAP_THRESHOLD = -3
"""The parameter's number in glibc's malloc.h."""

HANDLED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD)


def preload(modules: Iterable[str]) -> None:
    """Import what all children need, and take it out of the garbage collector's sight so that pages stay shared.

    The collector is off meanwhile: what it freed would leave holes in pages, to be filled by each child for itself.
    """
    gc.disable()
    for name in modules:
        package, star, _ = name.partition(".*")
        found = importlib.import_module(package)
        if star:
            for module in pkgutil.iter_modules(found.__path__, f"{package}."):
                importlib.import_module(module.name)
    gc.freeze()
    gc.enable()


def fork(job: Callable[[], None], log: Path) -> int:
    """Run `job` in a child whose output goes to `log`, and return its pid. The child never returns from here."""
    with contextlib.suppress(OSError):  # on a full disk what was printed stays where it is
        sys.stdout.flush()
        sys.stderr.flush()
    parent = os.getpid()
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        _become_child(parent, log)
        job()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)  # without unwinding the stack of the parent, whose clean-up is not ours to do


def _become_child(parent: int, log: Path) -> None:
    signal.set_wakeup_fd(-1)
    for number in HANDLED:
        signal.signal(number, signal.SIG_DFL)
    os.setsid()  # Ctrl-C in the terminal is for the parent, which then stops the children in order
    die_with_parent(parent, signal.SIGKILL)
    descriptor = open_log(log)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.close(descriptor)
    with contextlib.suppress(AttributeError, OSError):  # glibc: threads share two arenas, instead of two for each core
        libc = ctypes.CDLL(None)
        libc.mallopt(M_ARENA_MAX, 2)
        # Large blocks go back to the system when freed: each password hash takes 19 MiB, and directory would keep several.
        libc.mallopt(M_MMAP_THRESHOLD, 1024 * 1024)


class Gate:
    """Holds children back until the parent opens it, once and for good."""

    def __init__(self) -> None:
        self._read, self._write = os.pipe()
        self._closed = True

    def open(self) -> None:
        """Let everyone through, also those who come later."""
        if self._closed:
            self._closed = False
            os.close(self._write)

    def pass_through(self) -> None:
        """In a child: wait until the gate is open. A read ends when the last copy of the other end is closed."""
        if self._closed:
            os.close(self._write)
            os.read(self._read, 1)


def serve(spec: ServiceSpec, own: socket.socket, others: Iterable[socket.socket], env: Mapping[str, str], gate: Gate) -> None:
    """Serve one service on its socket until SIGTERM; runs in a child. Importing is done before the gate."""
    import uvicorn

    for other in others:
        other.close()
    os.environ.clear()
    os.environ.update(env)
    module, _, function = spec.factory.partition(":")
    gc.disable()  # nothing that is imported and built here is garbage
    main = importlib.import_module(module)
    gate.pass_through()
    app = getattr(main, function)()
    gc.enable()
    options = {
        "loop": "uvloop",
        "http": "httptools",
        "ws": "none",
        "lifespan": "on",
        "log_config": None,
        "access_log": False,
        "server_header": False,
        "proxy_headers": False,
        "timeout_graceful_shutdown": GRACEFUL_SECONDS,
    }
    # A service may ask for more of its server: the gateway's caps headers and time before the application is called.
    config = uvicorn.Config(app, **options | getattr(main, "SERVER", {}))
    server = uvicorn.Server(config)
    server.run(sockets=[own])
    if not server.started:
        raise SystemExit(3)
