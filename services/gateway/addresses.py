"""Whose address it is: behind which proxies, with which privileges, and what of it logs and limits may know."""

from __future__ import annotations

import secrets
from collections.abc import Callable, MutableMapping
from functools import lru_cache
from hashlib import blake2b
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

from services.gateway.settings import Network, Settings

_SALT = secrets.token_bytes(16)


class Addresses:
    """The lists of the settings, with what was found in them remembered."""

    def __init__(self, settings: Settings) -> None:
        self.is_trusted = _membership(settings.trusted_proxies)
        self.is_operator = _membership(settings.operators)
        self.is_unmetered = _membership(settings.unmetered)

    def client_of(self, scope: MutableMapping[str, Any], forwarded: dict[bytes, bytes]) -> tuple[str, bool]:
        """The client's address and whether it came by https.

        `X-Forwarded-*` counts only from a listed proxy: the right-most address that is no listed proxy itself is the client.
        """
        client = scope.get("client")
        address: str = client[0] if client else "unknown"
        https = scope.get("scheme") == "https"
        if not self.is_trusted(address):
            return address, https
        for hop in map(str.strip, reversed(forwarded.get(b"x-forwarded-for", b"").decode("latin-1").split(","))):
            if _parsed(hop) is None:
                break
            address = hop
            if not self.is_trusted(hop):
                break
        return address, forwarded.get(b"x-forwarded-proto", b"https" if https else b"").split(b",")[-1].strip() == b"https"


def _membership(networks: tuple[Network, ...]) -> Callable[[str], bool]:
    @lru_cache(maxsize=4096)
    def within(address: str) -> bool:
        parsed = _parsed(address)
        return parsed is not None and any(parsed in network for network in networks)

    return within


def _parsed(address: str) -> IPv4Address | IPv6Address | None:
    """The address, an IPv4 one also when it is written inside IPv6; None when it is none."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return None
    return parsed.ipv4_mapped or parsed if isinstance(parsed, IPv6Address) else parsed


@lru_cache(maxsize=4096)
def subject_of(address: str) -> str:
    """What an address counts as for limits: an IPv6 client owns its whole /64."""
    parsed = _parsed(address)
    if parsed is None:
        return address
    return parsed.exploded[:19] if isinstance(parsed, IPv6Address) else parsed.compressed


@lru_cache(maxsize=4096)
def pseudonym(address: str) -> str:
    """An address for logs: the same within one run of the process, of no use outside it."""
    return blake2b(address.encode(), key=_SALT, digest_size=6).hexdigest()
