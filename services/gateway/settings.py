"""Knobs of the gateway. Durations in seconds, sizes in bytes; lists and mappings are JSON in the environment."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network
from typing import Annotated, Literal

from limits import parse
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, HttpUrl, StringConstraints

from shared.settings import ServiceSettings

Network = IPv4Network | IPv6Network
ServiceName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*$")]
KeyPart = Annotated[str, StringConstraints(pattern=r"^(address|account|path|body:[a-z_]+)$")]


def _rate(text: str) -> str:
    parse(text)
    return text


class LimitRule(BaseModel):
    """So many requests per window for each distinct key.

    `per` says what the key is made of: the client's address, the account of the token (a request without one is not
    counted), the path, or a field of the JSON body. `rate` is in the notation of the library: `10/15 minutes`.
    With `failures_only` an attempt that is not answered by 4xx is given back, so that only failing ones use up the limit.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    per: tuple[KeyPart, ...]
    rate: Annotated[str, AfterValidator(_rate)]
    methods: tuple[Literal["GET", "POST", "PUT", "PATCH", "DELETE"], ...] = ()
    path: str = Field(default="", description="full path; a `*` at its end stands for any rest; empty: every path")
    failures_only: bool = False


_LOGIN = "/api/directory/login"
_OPINIONS = "/api/intake/opinions"

LIMITS = (
    # A whole village, a school or an office building is one address (architecture, section 7).
    LimitRule(name="address", per=("address",), rate="12000/minute"),
    LimitRule(name="account", per=("account",), rate="1200/minute"),
    # One address must not be able to use up a station's code for everyone else.
    LimitRule(name="code", per=("body:code", "address"), rate="600/minute", methods=("POST",), path=_OPINIONS),
    LimitRule(name="code_in_all", per=("body:code",), rate="6000/minute", methods=("POST",), path=_OPINIONS),
    # Asking whether others said a text: as often as people type, and not as often as a list of guesses is tried.
    LimitRule(name="similar", per=("address",), rate="600/minute", methods=("POST",), path=f"{_OPINIONS}/similar"),
    # Guessing one password, and one password over many accounts: only failures count.
    LimitRule(name="login", per=("address", "body:username"), rate="10/15 minutes", methods=("POST",), path=_LOGIN, failures_only=True),
    LimitRule(name="logins", per=("address",), rate="200/15 minutes", methods=("POST",), path=_LOGIN, failures_only=True),
    # Guessing the lookup code of a known tracking number.
    LimitRule(name="lookup", per=("address", "path"), rate="30/10 minutes", path=f"{_OPINIONS}/*", failures_only=True),
)


class Settings(ServiceSettings):
    """What the door lets in, how much of it, and where it goes."""

    upstreams: dict[ServiceName, HttpUrl] = Field(default={}, description="where each service is: {name: url}")
    private_paths: tuple[str, ...] = Field(
        default=("/metrics", "/health", "/openapi.json", "/docs", "/redoc"),
        description="paths of a service that are for its operator and are never proxied",
    )

    trusted_proxies: tuple[Network, ...] = Field(default=(), description="whose X-Forwarded-For and X-Forwarded-Proto count")
    operators: tuple[Network, ...] = Field(
        default=(
            IPv4Network("127.0.0.0/8"),
            IPv4Network("10.0.0.0/8"),
            IPv4Network("172.16.0.0/12"),
            IPv4Network("192.168.0.0/16"),
            IPv6Network("::1/128"),
            IPv6Network("fc00::/7"),
        ),
        description="who may read the gateway's own /metrics and /health",
    )

    body_cap: int = Field(default=256 * 1024, ge=0)
    body_caps: dict[str, int] = Field(
        default={"/api/directory/imports/": 1024 * 1024}, description="other caps by path prefix; the longest prefix counts"
    )
    header_cap: int = Field(default=16 * 1024, description="request line and headers together")
    header_count: int = 100
    header_timeout: float = Field(default=10.0, description="from the first byte of a request to the end of its headers")
    body_timeout: float = Field(default=20.0, description="for a whole buffered body; between two parts of a streamed one")

    connect_timeout: float = 2.0
    answer_timeout: float = Field(default=30.0, description="until the headers of the answer; above the services' own statement timeout")
    stall_timeout: float = Field(default=60.0, description="between two parts of an answer; an event stream may be silent for longer")
    upstream_idle: float = Field(default=4.0, description="how long a connection is kept unused; below the service's keep-alive time (5)")
    upstream_connections: int = Field(default=1000, description="to each service, open event streams included")

    upstream_in_hand: int = Field(
        default=100, ge=1, description="requests a service may have without having begun to answer; more are told at once to come again"
    )

    limits: tuple[LimitRule, ...] = LIMITS
    unmetered: tuple[Network, ...] = Field(
        default=(IPv4Network("127.0.0.0/8"), IPv6Network("::1/128")),
        description="whose volume is not limited when they come without X-Forwarded-For; failing attempts count for everyone",
    )
    limit_keys: int = Field(default=100_000, description="keys remembered; the oldest window makes room")
    token_cache: int = 10_000
    keys_refresh: float = Field(default=30.0, description="how often the signing keys are read again, should an update have been missed")

    health_timeout: float = 2.0
    openapi_age: float = Field(default=60.0, description="after which a service's document is fetched again; an absent one at once")
    access_log: bool = True
