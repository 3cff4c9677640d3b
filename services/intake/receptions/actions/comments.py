"""Comments on live meetings: anyone may send one while it is on, and nobody sees it before staff show it."""

from __future__ import annotations

import uuid

from services.intake.receptions import queries, rules
from services.intake.receptions.errors import CommentsNotOpen, CommentUnknown
from services.intake.receptions.models import Comment
from shared.clock import now
from shared.db import Tx
from shared.events import new_id
from shared.identity import Caller
from shared.live import live
from shared.masking import mask


async def send(tx: Tx, reception_id: uuid.UUID, text: str) -> Comment:
    """Keeps a viewer's comment, pending. Raises ReceptionUnknown, CommentsNotOpen."""
    reception = await queries.reception(tx, reception_id, None)
    kind = tx.policy.receptions.kind(reception.kind)
    if kind is None or not kind.comments or not rules.may_sign_in(reception, now(), 0):
        raise CommentsNotOpen()
    comment = Comment(id=new_id(), reception_id=reception_id, text=mask(text), sent_at=now())
    tx.add(comment)
    live(tx, "reception", str(reception_id))
    return comment


async def decide(tx: Tx, reception_id: uuid.UUID, comment_id: uuid.UUID, caller: Caller, *, show: bool) -> Comment:
    """Staff show or hide a comment; either may be taken back. Raises ReceptionUnknown, CommentUnknown."""
    await queries.reception(tx, reception_id, caller)
    comment = await tx.get(Comment, comment_id, with_for_update=True)
    if comment is None or comment.reception_id != reception_id:
        raise CommentUnknown()
    comment.state, comment.decided_by = "shown" if show else "hidden", caller.account_id
    live(tx, "reception", str(reception_id))
    return comment
