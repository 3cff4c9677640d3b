"""What may be read of evaluation: forms by whoever may, and where the two channels say different things."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from services.routing.evaluation.models import OpinionForm
from services.routing.evaluation.rules import FormState
from services.routing.queries import EVERYWHERE
from shared.db import Tx
from shared.http import PageQuery
from shared.identity import Caller

_FORM = "SELECT * FROM opinion_form WHERE case_id = $1 AND round = $2"
_NEWEST = "SELECT * FROM opinion_form WHERE case_id = $1 ORDER BY round DESC LIMIT 1"
_FORMS = "SELECT * FROM opinion_form WHERE case_id = $1 ORDER BY round"
_RATINGS = "SELECT * FROM deputy_rating WHERE case_id = $1 ORDER BY round, channel"
_COMMENTS = "SELECT round, deputy_id, comment, at FROM signer_comment WHERE case_id = $1 ORDER BY at, id"
_LIST = """
    SELECT f.case_id, c.number, c.title, c.version, f.round, f.deputy_id, f.channels, f.sent_at, f.reminded_at, f.due_at,
        f.due_is_provisional, f.state,
        ARRAY(SELECT channel FROM deputy_rating r WHERE r.case_id = f.case_id AND r.round = f.round ORDER BY channel) AS returned_by
    FROM opinion_form f JOIN cases c ON c.id = f.case_id
    WHERE {whose} AND ($2::text IS NULL OR f.state = $2)
        AND ($3::timestamptz IS NULL OR (f.sent_at, f.case_id) < ($3, $4::uuid))
    ORDER BY f.sent_at DESC, f.case_id DESC LIMIT $5
    """
_PAIRS = """
    FROM opinion_form f JOIN cases c ON c.id = f.case_id
        LEFT JOIN deputy_rating n ON n.case_id = f.case_id AND n.round = f.round AND n.channel = 'net'
        LEFT JOIN deputy_rating p ON p.case_id = f.case_id AND p.round = f.round AND p.channel = 'paper'
    WHERE starts_with(f.region, $1) AND f.sent_at >= $2 AND f.sent_at < $3 AND ($4::text IS NULL OR c.lead = $4)
    """
_DIFFER = "(n.result <> p.result OR n.attitude <> p.attitude)"
_COUNT = f"""
    SELECT count(*) AS sent, count(*) FILTER (WHERE n.case_id IS NOT NULL AND p.case_id IS NOT NULL) AS both,
        count(*) FILTER (WHERE {_DIFFER}) AS differing {_PAIRS}
    """
_MISMATCHES = f"""
    SELECT f.case_id, c.number, c.title, c.lead AS department, f.round, f.deputy_id, f.decides, f.sent_at,
        n.attitude AS net_attitude, n.result AS net_result, p.attitude AS paper_attitude, p.result AS paper_result {_PAIRS}
        AND {_DIFFER} AND ($5::timestamptz IS NULL OR (f.sent_at, f.case_id) < ($5, $6::uuid))
    ORDER BY f.sent_at DESC, f.case_id DESC LIMIT $7
    """


async def form_of(tx: Tx, case_id: uuid.UUID, round_: int) -> OpinionForm | None:
    """The form of a round. Its writers hold the case locked."""
    rows = await tx.run(_FORM, case_id, round_)
    return OpinionForm(**dict(rows[0])) if rows else None


async def ratings_of(tx: Tx, case_id: uuid.UUID, round_: int | None = None) -> list[dict[str, Any]]:
    """What came back on a case's forms, of one round or of all, by rounds and channels."""
    return [dict(row) for row in await tx.run(_RATINGS, case_id) if round_ in (None, row["round"])]


async def evaluation_of(tx: Tx, case_id: uuid.UUID) -> dict[str, Any]:
    """All forms of a case with what came back, and what signers said besides."""
    ratings = await ratings_of(tx, case_id)
    forms = [{**dict(row), "ratings": [one for one in ratings if one["round"] == row["round"]]} for row in await tx.run(_FORMS, case_id)]
    return {"forms": forms, "comments": [dict(row) for row in await tx.run(_COMMENTS, case_id)]}


async def list_forms(tx: Tx, caller: Caller, state: FormState | None, page: PageQuery) -> Sequence[Mapping[str, Any]]:
    """Up to `limit + 1` forms, the newest first: those of the caller's region, or a deputy's own. Raises CursorNotReadable."""
    after = page.after(datetime, uuid.UUID) or (None, None)
    everywhere = caller.may(EVERYWHERE)
    whose = "starts_with(f.region, $1)" if everywhere else "f.deputy_id = $1"
    return await tx.run(_LIST.format(whose=whose), caller.region if everywhere else caller.deputy_id, state, *after, page.limit + 1)


async def count_mismatches(tx: Tx, caller: Caller, since: datetime, until: datetime, department: str | None) -> Mapping[str, int]:
    """Of the forms sent within a time: how many, how many came back by both channels, and how many of these differ."""
    (row,) = await tx.run(_COUNT, caller.region, since, until, department)
    return dict(row)


async def list_mismatches(
    tx: Tx, caller: Caller, since: datetime, until: datetime, department: str | None, page: PageQuery
) -> Sequence[Mapping[str, Any]]:
    """Up to `limit + 1` forms whose two channels say different things, the newest first. Raises CursorNotReadable."""
    after = page.after(datetime, uuid.UUID) or (None, None)
    return await tx.run(_MISMATCHES, caller.region, since, until, department, *after, page.limit + 1)


async def newest_form(tx: Tx, case_id: uuid.UUID) -> OpinionForm | None:
    """The form of the newest reply."""
    rows = await tx.run(_NEWEST, case_id)
    return OpinionForm(**dict(rows[0])) if rows else None
