"""Asking services whether they are ready, all at once: each question stays open until its service answers it."""

import select
import socket
import time
from collections.abc import Mapping

REQUEST = b"GET /health/ready HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
AGAIN_SECONDS = 0.05
PATIENCE_SECONDS = 5.0
"""After this long without an answer the question is asked anew: it may have gone to a process that hangs."""


class Probes:
    """`addresses` maps services to (host, port), where something listens already, if only the parent."""

    def __init__(self, addresses: Mapping[str, tuple[str, int]]) -> None:
        self._addresses = dict(addresses)
        self._open: dict[str, tuple[socket.socket, float]] = {}
        self._not_before: dict[str, float] = {}

    @property
    def waiting(self) -> list[str]:
        """The services that have not said yet that they are ready."""
        return list(self._addresses)

    def wait(self, seconds: float) -> list[str]:
        """Those that have become ready; returns as soon as there is an answer, or when the time is up."""
        now = time.monotonic()
        for name in self.waiting:
            if name in self._open and now - self._open[name][1] > PATIENCE_SECONDS:
                self._close(name)
            if name not in self._open and now >= self._not_before.get(name, 0.0):
                self._ask(name)
        asked = {connection: name for name, (connection, _) in self._open.items()}
        answered, _, _ = select.select(list(asked), [], [], seconds if asked else min(seconds, AGAIN_SECONDS))
        ready = [asked[connection] for connection in answered if self._says_yes(asked[connection])]
        for name in ready:
            del self._addresses[name]
        return ready

    def close(self) -> None:
        """Ask no more."""
        for name in list(self._open):
            self._close(name)

    def _ask(self, name: str) -> None:
        host, port = self._addresses[name]
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
        try:
            connection = socket.create_connection((host, port), timeout=1)
            connection.sendall(REQUEST)
        except OSError:
            self._not_before[name] = time.monotonic() + AGAIN_SECONDS
        else:
            self._open[name] = (connection, time.monotonic())

    def _says_yes(self, name: str) -> bool:
        try:
            answer = self._open[name][0].recv(64)
        except OSError:
            answer = b""
        self._close(name)
        self._not_before[name] = time.monotonic() + AGAIN_SECONDS
        return answer.split(b" ")[1:2] == [b"200"]

    def _close(self, name: str) -> None:
        connection, _ = self._open.pop(name)
        connection.close()
