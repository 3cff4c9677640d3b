"""Knobs that every service has. A service adds its own in `settings.py` of its folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar

from pydantic import BaseModel, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parent.parent


class ServiceSettings(BaseSettings):
    """Settings from the environment with the prefix `LIANXIN_`. Durations are in seconds, sizes in bytes.

    `policy` names the model of the service's section of the policy profile, if it has one.
    """

    model_config = SettingsConfigDict(env_prefix="LIANXIN_", extra="ignore", frozen=True)

    policy: ClassVar[type[BaseModel] | None] = None

    site: str = Field(default="320412", pattern=r"^[0-9a-z]{2,24}$", description="region code of this deployment")
    profile: Path = ROOT / "deploy" / "profiles" / "wujin.yaml"
    public_url: str = "http://127.0.0.1:8080"
    debug_docs: bool = False

    database_url: str = ""
    pool_size: int = 6
    pool_overflow: int = 4
    pool_wait: float = 5.0
    statement_timeout: float = 15.0
    transaction_idle: float = Field(default=10.0, description="how long an open transaction may do nothing before it is ended")

    nats_url: str = "nats://127.0.0.1:4222"
    nats_seed: SecretStr | None = None

    relay_window: int = Field(default=500, ge=1, le=1000, description="an atomic batch holds 1,000 at most (server error 10199)")
    relay_poll: float = 0.5
    relay_lease: float = Field(default=10.0, description="how long the rows of a killed relay wait; a late ack after it costs a duplicate")
    publish_timeout: float = 5.0

    fetch_batch: int = Field(default=500, ge=1)
    fetch_expires: float = 5.0
    gather: float = Field(default=0.0, description="how long a fetched event waits for others: one transaction for all (record 0015)")
    ack_wait: float = 10.0
    max_ack_pending: int = 4000
    attempts: int = Field(default=5, ge=1, description="tries of a handler that raises, before the dead letters")
    retry_delay: float = Field(default=1.0, description="first delay of a retry; each further one is 4 times longer")
    park_retry: float = 30.0
    park_days: float = 1.0
    watchdog_every: float = 2.0
    flow_limit: float = Field(default=30.0, description="age of fetch, outbox or standstill at which /health/flow turns red")
    events_max_age_days: float = 90.0
    events_max_bytes: int = 4 * 1024**3
    objects_max_bytes: int = Field(default=1024**3, description="what the files of a service that keeps some may take in the broker")
    duplicate_window: float = 120.0

    body_limit: int = 1024 * 1024
    idempotency_hours: float = 48.0
    inbox_days: float = Field(default=180.0, description="must outlive the stream's age and any replay of dead letters")

    failure_days: float = Field(default=30.0, description="counts of failed attempts, which matter for minutes only")
    purge_every: float = 60.0
    purge_pause: float = Field(default=1.0, description="between two batches when there is more than one")
    purge_batch: int = Field(default=5000, ge=1, description="rows of a kind that one transaction deletes")

    data: Path | None = Field(default=None, description="the data folder, where it is on this machine: its disk is watched")

    audit_seal_after: float = Field(default=0.5, description="how long audit rows wait for others before they get their place in the chain")
    audit_poll: float = Field(default=5.0, description="how often the rows of a replica that died are looked for")
    audit_checkpoint_every: float = 3600.0
    audit_witness_every: float = Field(default=60.0, description="how often the newest checkpoints of the other services are kept")
    audit_salt_days: float = Field(default=180.0, description="after which the hash of a request's body fits no body any more")

    log_level: str = "INFO"
    trace_sample: float = Field(default=0.01, ge=0, le=1)
    otlp_endpoint: str | None = None

    @model_validator(mode="after")
    def _inbox_outlives_the_stream(self) -> ServiceSettings:
        if self.inbox_days <= self.events_max_age_days:
            raise ValueError("inbox_days must be more than events_max_age_days: a redelivered event would take effect twice")
        return self

    def describe(self) -> dict[str, Any]:
        """The settings for a start-up log line, secrets masked and credentials cut out of URLs."""
        plain: dict[str, Any] = json.loads(self.model_dump_json())
        return {k: v.rpartition("@")[2] if isinstance(v, str) and k.endswith("_url") else v for k, v in plain.items()}
