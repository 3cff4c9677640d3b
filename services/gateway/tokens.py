"""Access tokens at the door: refused early when they do not hold. Every service verifies again, so nothing rests on this alone."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from contextlib import suppress
from datetime import UTC, datetime
from hashlib import sha256
from typing import cast

import structlog
from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from services.gateway.settings import Settings
from shared import codec
from shared.bus import EVENTS, Bus, BusAway
from shared.errors import TokenNotValid
from shared.events.directory import SigningKeysPublished
from shared.identity import verify
from shared.tables import KnownKey

log = structlog.get_logger("lianxin.tokens")

_LEEWAY = 5.0


class PublishedKeys:
    """The public keys of directory's last `SigningKeysPublished`: read from the stream, and heard as they are published."""

    def __init__(self, bus: Bus, settings: Settings) -> None:
        self._bus, self._settings = bus, settings
        self._subject = SigningKeysPublished.subject(settings.site)
        self._keys: dict[str, KnownKey] = {}
        self._asked_at = float("-inf")
        self.set_no = -1

    @property
    def are_known(self) -> bool:
        """Whether any set has been learned; until then tokens are left to the services."""
        return self.set_no >= 0

    @property
    def is_connected(self) -> bool:
        """Whether the bus is there."""
        return self._bus.is_connected

    async def run(self) -> None:
        """Connects and listens until cancelled: the door opens whether or not the bus is there."""
        try:
            client = await self._bus.connect()
            while True:
                try:
                    # Subscribed first and read second, so that no set falls between.
                    await client.subscribe(self._subject, cb=self._hear)
                    break
                except (NatsError, OSError) as error:
                    log.warning("keys_not_subscribed", error=type(error).__name__)
                    await asyncio.sleep(1.0)
            while True:
                # Read again at times: a core subscription may miss one.
                await self.ask()
                await asyncio.sleep(self._settings.keys_refresh if self.are_known else 1.0)
        finally:
            # On the way out only: a client that never connected may fail to close in ways of its own.
            with suppress(Exception):
                await asyncio.wait_for(self._bus.close(), 3)

    async def _hear(self, message: Msg) -> None:
        self.learn(message)

    async def ask(self) -> bool:
        """Reads the last set from the stream; False when it could not be asked for."""
        self._asked_at = time.monotonic()
        try:
            message = await self._bus.client.request(f"$JS.API.DIRECT.GET.{EVENTS}.{self._subject}", timeout=1.0)
        except (BusAway, NatsError, OSError, TimeoutError) as error:
            log.info("keys_not_read", error=type(error).__name__)
            return False
        if "ce-id" in (message.headers or {}):
            self.learn(message)
        return True

    def learn(self, message: Msg) -> None:
        """Takes over the set of a message, unless it is older than the one known."""
        try:
            event = cast(SigningKeysPublished, codec.read(SigningKeysPublished, message.headers or {}, message.data))
        except codec.NotReadable as error:
            log.warning("keys_not_readable", error=str(error))
            return
        if event.set_no > self.set_no:
            self.set_no = event.set_no
            self._keys = {
                k.kid: KnownKey(kid=k.kid, use=k.use, public=k.public, not_after=k.not_after, set_no=event.set_no) for k in event.keys
            }
            log.info("keys_learned", set_no=event.set_no, keys=len(event.keys))

    async def find(self, kid: str, tx: object = None) -> KnownKey | None:
        """The key of that id. An unknown one is asked for once a second at most. Raises BusAway when it could not be asked for."""
        if kid not in self._keys and time.monotonic() > self._asked_at + 1.0 and not await self.ask():
            raise BusAway
        key = self._keys.get(kid)
        return key if key and (key.not_after is None or key.not_after > datetime.now(UTC)) else None


class Tokens:
    """Verifies each token once and remembers the outcome until it expires, under its hash."""

    def __init__(self, keys: PublishedKeys, capacity: int) -> None:
        self._keys, self._capacity = keys, capacity
        self._verified: OrderedDict[bytes, tuple[float, str, int]] = OrderedDict()

    async def account_of(self, authorization: bytes) -> str:
        """The account that a header names, for the limits. Raises TokenNotValid.

        While no keys are known the token passes, and stands for itself: the service verifies it.
        """
        scheme, _, token = authorization.partition(b" ")
        if scheme.lower() != b"bearer" or not token:
            raise TokenNotValid(where="Authorization")
        digest = sha256(token).digest()
        if not self._keys.are_known:
            return digest.hex()
        if found := self._verified.get(digest):
            expires, account, set_no = found
            if set_no == self._keys.set_no:
                if expires < time.time():
                    raise TokenNotValid(where="Authorization")
                self._verified.move_to_end(digest)
                return account
        try:
            caller = await verify(self._keys, token.decode("ascii", "replace"))
        except BusAway:
            return digest.hex()
        if len(self._verified) >= self._capacity:
            self._verified.popitem(last=False)
        account = str(caller.account_id)
        self._verified[digest] = (caller.expires_at.timestamp() + _LEEWAY, account, self._keys.set_no)
        return account
