"""Stopping a run from elsewhere, and what a killed run has left behind."""

import contextlib
import signal

import psutil

from deploy.local.processes import wait_until
from deploy.local.servers import LocalServers
from deploy.local.settings import RunSettings
from deploy.local.state import parent_process, read_state, remove_state

STOP_SECONDS = 45.0
"""The parent gives services 10 s and each server a little more."""


def stop(settings: RunSettings) -> bool:
    """Stop the suite on the data folder, servers left behind included; whether anything ran."""
    state = read_state(settings.data)
    parent = parent_process(settings.data, state) if state else None
    if parent is not None:
        with contextlib.suppress(psutil.NoSuchProcess):
            parent.send_signal(signal.SIGTERM)
        if not wait_until(lambda: not _lives(parent), STOP_SECONDS, interval=0.05):
            parent.kill()  # its services end with it; the servers are seen to below
            wait_until(lambda: not _lives(parent), 5)
    servers = LocalServers(settings.data, settings.site)
    left = servers.nats_pid is not None or servers.postgres_pid is not None
    servers.stop()
    if state is not None:
        remove_state(settings.data)
    return parent is not None or left


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
