"""Asking whether services are ready: no answer is missed, and a busy or broken one is asked again."""

import socket
import threading
from collections.abc import Iterator

import pytest

from deploy.local.probes import Probes
from deploy.local.processes import wait_until


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A listening socket that nobody accepts from yet."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen()
        yield sock


def answer(listener: socket.socket, *answers: bytes) -> threading.Thread:
    """Answer the next questions like that, one connection each."""

    def serve() -> None:
        for said in answers:
            connection, _ = listener.accept()
            with connection:
                connection.recv(1024)
                connection.sendall(said)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    return thread


def test_a_question_waits_in_the_queue_until_its_service_is_up(listener: socket.socket) -> None:
    probes = Probes({"routing": listener.getsockname()})
    assert probes.wait(0.01) == []
    answer(listener, b"HTTP/1.1 200 OK\r\n\r\n")
    assert probes.wait(5) == ["routing"]
    assert probes.waiting == []


def test_a_service_that_is_not_ready_or_dies_is_asked_again(listener: socket.socket) -> None:
    probes = Probes({"routing": listener.getsockname()})
    answer(listener, b"HTTP/1.1 503 Service Unavailable\r\n\r\n", b"", b"HTTP/1.1 200 OK\r\n\r\n")
    assert wait_until(lambda: probes.wait(0.1) == ["routing"], 5)


def test_a_port_where_nobody_listens_is_not_ready(listener: socket.socket) -> None:
    address = listener.getsockname()
    listener.close()
    probes = Probes({"routing": address})
    assert probes.wait(0.05) == []
    assert probes.waiting == ["routing"]
    probes.close()
