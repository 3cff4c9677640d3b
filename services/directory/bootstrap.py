"""The very first two administrators of a site, made on the server itself: `python -m services.directory.bootstrap`.

Names come from LIANXIN_SYSADMIN and LIANXIN_SECADMIN, passwords from LIANXIN_SYSADMIN_PASSWORD and
LIANXIN_SECADMIN_PASSWORD or, where these are not set, from lines of standard input in that order; never from arguments.
"""

from __future__ import annotations

import asyncio
import os
import sys

from sqlalchemy import func, select

from services.directory.accounts import passwords, rules
from services.directory.accounts.actions import tell
from services.directory.locks import alone
from services.directory.models import Account
from services.directory.settings import Settings
from shared.clock import now
from shared.db import Database
from shared.events.base import new_id


async def bootstrap(
    database_url: str, username: str, password: str, *, secadmin: str, secadmin_password: str, settings: Settings | None = None
) -> bool:
    """Opens the first system administrator (`username`) and the first security administrator.

    Only where there is no account at all; returns whether it did. Raises PasswordTooWeak.
    """
    chosen = (settings or Settings()).model_copy(update={"database_url": database_url, "pool_size": 1})
    wanted = [("sysadmin", username, password), ("secadmin", secadmin, secadmin_password)]
    for _, name, secret in wanted:
        rules.check_password(secret, name, chosen.password_min_length)
    # Before the transaction: on a machine that is out of breath this takes longer than a transaction may do nothing.
    hashes = [await passwords.hashed(secret, chosen) for _, _, secret in wanted]
    database = Database("directory", chosen)
    try:
        async with database.transaction() as tx:
            await alone(tx, "accounts")
            if await tx.scalar(select(func.count()).select_from(Account)):
                return False
            for (role, name, _), password_hash in zip(wanted, hashes, strict=True):
                row = Account(
                    id=new_id(),
                    username=rules.folded(name),
                    password_hash=password_hash,
                    must_change=False,
                    role=role,
                    region=tx.site,
                    active=True,
                    awaits_grant=False,
                    failures=0,
                    created_at=now(),
                    version_no=1,
                )
                tx.add(row)
                tell(tx, row)
            return True
    finally:
        await database.close()


def _secret(variable: str) -> str:
    return os.environ.get(variable) or sys.stdin.readline().strip()


async def _main() -> None:
    settings = Settings()
    made = await bootstrap(
        settings.database_url,
        os.environ.get("LIANXIN_SYSADMIN", "sysadmin"),
        _secret("LIANXIN_SYSADMIN_PASSWORD"),
        secadmin=os.environ.get("LIANXIN_SECADMIN", "secadmin"),
        secadmin_password=_secret("LIANXIN_SECADMIN_PASSWORD"),
        settings=settings,
    )
    sys.stdout.write("first administrators opened\n" if made else "there are accounts already: nothing done\n")


if __name__ == "__main__":
    asyncio.run(_main())
