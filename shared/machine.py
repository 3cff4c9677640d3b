"""The machine under the data folder, for Prometheus: room on its disk, and when it was last backed up.

Only where the service and the data share a machine (`LIANXIN_DATA`, set by the suite on one machine). In containers the
volumes' disks are node-exporter's business.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector


class Machine(Collector):
    """Looked at when it is scraped."""

    def __init__(self, data: Path) -> None:
        self._data = data

    def collect(self) -> Iterator[GaugeMetricFamily]:
        try:
            disk = os.statvfs(self._data)
        except OSError:
            return  # the folder is away, and the service's other metrics must not go with it
        yield GaugeMetricFamily("lianxin_disk_free_bytes", "Room where the data folder lies", value=disk.f_bavail * disk.f_frsize)
        yield GaugeMetricFamily("lianxin_disk_size_bytes", "Size of that disk", value=disk.f_blocks * disk.f_frsize)
        # A file system without a fixed number of inodes says 0.
        free = disk.f_favail / disk.f_files if disk.f_files else 1.0
        yield GaugeMetricFamily("lianxin_disk_free_inodes_ratio", "Share of inodes that are free", value=free)
        yield GaugeMetricFamily("lianxin_backup_timestamp_seconds", "When the last backup was made, 0 for never", value=self._backed_up())

    def _backed_up(self) -> float:
        try:
            return float(json.loads((self._data / "run" / "backup.json").read_text("utf-8"))["at"])
        except (OSError, ValueError, KeyError, TypeError):
            return 0.0
