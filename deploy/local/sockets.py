"""The listening sockets, opened by the parent before any fork: all replicas of a service accept from the same one."""

import contextlib
import errno
import json
import socket
from collections.abc import Iterable
from pathlib import Path

import psutil

from deploy.local.credentials import write_private
from deploy.local.errors import LocalError

HOST = "127.0.0.1"
BACKLOG = 2048


def open_gateway(host: str, port: int) -> socket.socket:
    """The socket the outside comes in by. Raises LocalError that says which setting to change."""
    try:
        return _listen(host, port)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            by_en, by_zh = _owner(port)
            raise LocalError(
                f"Port {port} (gateway) is taken{by_en}. Stop that program, or choose another port: LIANXIN_PORT={port + 1} make run",
                f"端口 {port}（网关）已被占用{by_zh}；请停掉该程序，或换一个端口：LIANXIN_PORT={port + 1} make run",
            ) from None
        if error.errno in (errno.EACCES, errno.EPERM):
            raise LocalError(
                f"Port {port} may not be opened by this user; set LIANXIN_PORT to one above 1023.",
                f"当前用户无权使用端口 {port}；请把 LIANXIN_PORT 设为 1023 以上。",
            ) from None
        raise LocalError(
            f"The gateway cannot listen on {host}: {error}. Set LIANXIN_HOST to an address of this machine.",
            f"网关无法监听 {host}；请把 LIANXIN_HOST 设为本机地址。",
        ) from None


def open_services(names: Iterable[str], remembered: Path) -> dict[str, socket.socket]:
    """A socket on this machine for each service, on the port of last time where that is still free."""
    ports: dict[str, int] = {}
    with contextlib.suppress(OSError, ValueError):
        ports = json.loads(remembered.read_text())
    opened: dict[str, socket.socket] = {}
    for name in names:
        try:
            opened[name] = _listen(HOST, int(ports.get(name, 0)))
        except OSError:
            opened[name] = _listen(HOST, 0)
    write_private(remembered, json.dumps({name: port_of(sock) for name, sock in opened.items()}))
    return opened


def port_of(sock: socket.socket) -> int:
    """The TCP port a socket is bound to."""
    return int(sock.getsockname()[1])


def _listen(host: str, port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
        sock.listen(BACKLOG)
        sock.setblocking(False)
    except OSError:
        sock.close()
        raise
    return sock


def _owner(port: int) -> tuple[str, str]:
    """Who listens on the port, as far as this user may know."""
    with contextlib.suppress(psutil.Error, OSError):
        for found in psutil.net_connections("tcp"):
            if found.status == psutil.CONN_LISTEN and found.pid and found.laddr and found.laddr.port == port:
                name = psutil.Process(found.pid).name()
                return f" by {name} (pid {found.pid})", f"（{name}，进程号 {found.pid}）"
    return "", ""
