"""The two paces of every fault: the settings of the suite and the load, as short as a test may take or as in production."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pace:
    """How long things take: `short` for `make test`, `real` for `make faults`. `settings` are environment variables of the suite."""

    name: str
    settings: dict[str, str]
    rate: float
    handlers: int
    patience: float

    def __getitem__(self, setting: str) -> float:
        return float(self.settings[f"LIANXIN_{setting.upper()}"])


_COMMON = {"LIANXIN_EVENTS_MAX_BYTES": str(512 * 1024**2), "LIANXIN_LOG_LEVEL": "INFO"}

REAL = Pace(
    "real",
    # The defaults, named because faults are measured by them.
    {**_COMMON, "LIANXIN_ACK_WAIT": "10", "LIANXIN_DUPLICATE_WINDOW": "120", "LIANXIN_RELAY_LEASE": "10", "LIANXIN_FLOW_LIMIT": "30"},
    rate=5.0,
    handlers=3,
    patience=180.0,
)
SHORT = Pace(
    "short",
    {
        **_COMMON,
        "LIANXIN_ACK_WAIT": "1.2",
        "LIANXIN_DUPLICATE_WINDOW": "0.5",
        "LIANXIN_RELAY_LEASE": "1.2",
        "LIANXIN_FLOW_LIMIT": "2",
        "LIANXIN_FETCH_EXPIRES": "1",
        "LIANXIN_WATCHDOG_EVERY": "0.3",
        "LIANXIN_PUBLISH_TIMEOUT": "2",
        "LIANXIN_RETRY_DELAY": "0.05",
        "LIANXIN_PARK_RETRY": "0.5",
        "LIANXIN_RESTART_LONGEST": "0.5",
        "LIANXIN_TRANSACTION_IDLE": "2",
    },
    rate=3.0,
    handlers=1,
    patience=40.0,
)
