"""What can be chosen for the local suite: environment variables with the prefix `LIANXIN_`, and the scale."""

import hashlib
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from deploy.local.accounts import closed_parent
from deploy.local.errors import LocalError
from deploy.local.nats_server import DEFAULT_FILE_STORE, SMALLEST_STORE

LONGEST_PAUSE = 10.0

PROJECT = Path(__file__).resolve().parents[2]
MAX_REPLICAS = 16


def default_data() -> Path:
    """`.data` in the project; when root runs a project inside a closed folder (a home), a folder in /var/lib.

    PostgreSQL does not run as root, and its own user has no way into such a folder.
    """
    if os.geteuid() == 0 and closed_parent(PROJECT / ".data") is not None:
        digest = hashlib.sha256(os.fsencode(PROJECT)).hexdigest()[:8]
        return Path("/var/lib") / f"lianxin-{digest}"
    return PROJECT / ".data"


class RunSettings(BaseSettings):
    """Settings of one run of the suite. Sizes are bytes."""

    model_config = SettingsConfigDict(env_prefix="LIANXIN_", extra="ignore", frozen=True)

    data: Path = Field(default_factory=default_data, description="everything the suite keeps")
    site: str = Field(default="320412", pattern=r"^[0-9a-z]{2,24}$", description="region code of this deployment")
    profile: Path = PROJECT / "deploy" / "profiles" / "wujin.yaml"
    host: str = Field(default="127.0.0.1", description="address the gateway listens on")
    port: int = Field(default=8080, ge=1, le=65535, description="port of the gateway")
    public_url: str = Field(default="", description="what QR codes say; made from host and port if empty")
    database_url: str = Field(default="", description="an external PostgreSQL instead of the embedded one")
    postgres_tools: Path | None = Field(default=None, description="folder of pg_dump and pg_restore, if the server is newer than ours")
    nats_url: str = Field(default="", description="an external NATS instead of the embedded one")
    nats_port: int = Field(default=0, ge=0, le=65535, description="port of the embedded NATS; 0: a free one, kept")
    nats_store: int = Field(default=DEFAULT_FILE_STORE, ge=SMALLEST_STORE, description="JetStream's share of the disk")
    restart_longest: float = Field(default=LONGEST_PAUSE, gt=0, description="longest pause before a dead service starts again, s")
    demo: bool = Field(default=True, description="load the demo place on first start")

    @property
    def url(self) -> str:
        """The gateway as seen from this machine."""
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(self.host, self.host)
        return f"http://{host}:{self.port}"

    @property
    def shown_url(self) -> str:
        """The gateway as people outside are told."""
        return (self.public_url or self.url).rstrip("/")


def read_settings() -> RunSettings:
    """The settings from the environment. Raises LocalError that names the variable."""
    try:
        settings = RunSettings()
    except ValidationError as error:
        wrong = error.errors()[0]
        name = f"LIANXIN_{str(wrong['loc'][0]).upper()}"
        raise LocalError(f"{name}: {wrong['msg']}.", f"{name} 的值不正确。") from None
    return settings.model_copy(update={"data": settings.data.expanduser().absolute()})


def parse_scale(text: str, services: Iterable[str]) -> Mapping[str, int]:
    """Replicas per service from e.g. `routing=3,intake=2` (comma or blank); 1 where nothing is said."""
    scale = dict.fromkeys(services, 1)
    for part in re.split(r"[,\s]+", text.strip()):
        if not part:
            continue
        name, _, count = part.partition("=")
        if name not in scale or not count.isdigit() or not 1 <= int(count) <= MAX_REPLICAS:
            raise LocalError(
                f'SCALE="{part}" is not understood: <service>=<1 to {MAX_REPLICAS}>, services: {", ".join(scale)}.',
                f'SCALE="{part}" 无法识别；格式为 <服务>=<1 至 {MAX_REPLICAS}>。',
            )
        scale[name] = int(count)
    return scale
