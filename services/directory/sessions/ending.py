"""Ending sign-ins: what logging out, a stolen token, a changed password and a changed account have in common."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal
from uuid import UUID

from sqlalchemy import delete, update
from sqlmodel import col

from services.directory.models import Session
from shared.clock import now
from shared.db import Tx

Reason = Literal["logged_out", "token_reused", "password_changed", "password_reset", "account_changed"]


async def end_sessions_of(tx: Tx, account_id: UUID, reason: Reason) -> None:
    """Ends every sign-in of an account: none of its refresh tokens works any more."""
    await tx.execute(
        update(Session)
        .where(col(Session.account_id) == account_id, col(Session.revoked_at).is_(None))
        .values(revoked_at=now(), revoked_for=reason)
    )


async def forget_ended(tx: Tx) -> int:
    """Deletes the sign-ins that ended long ago, with their tokens. Returns how many."""
    old = now() - timedelta(days=tx.settings.session_keep_days)
    gone = await tx.execute(delete(Session).where(col(Session.ends_at) < old))
    return int(gone.rowcount)  # type: ignore[attr-defined]
