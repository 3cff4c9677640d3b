"""The doors of the public board: the sender's agreement, the desk's decision, and what anybody sees, likes, follows and appraises."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

from fastapi import Header, Path, Query
from pydantic import BaseModel, Field

from services.intake.board import actions, queries, rules
from services.intake.board.errors import NotOnTheBoard
from services.intake.board.models import Publication
from services.intake.settings import Status
from shared.db import Tx
from shared.events.intake import RatingLevel
from shared.http import Blank, IfMatch, InTx, Lang, Page, Paging, RequestModel, page_of, service_router
from shared.identity import Caller, public, requires
from shared.masking import mask

router = service_router(tags=["board"])

Anyone = Annotated[Caller | None, public()]
Desk = Annotated[Caller, requires("opinion.publish")]
Device = Annotated[str, Header(alias="X-Device", max_length=64, description="an id that the page drew and keeps; not needed with a token")]
LookupCode = Annotated[str, Header(alias="X-Lookup-Code", max_length=64, description="the code that came with the number")]


class AgreementIn(RequestModel):
    """Whether the sender agrees to the opinion being published after the desk has masked it."""

    agreed: bool


class StateOut(BaseModel):
    """Where the publication of an opinion stands."""

    state: rules.State | None
    version: int | None


class WordsIn(RequestModel):
    """The words for the public, without anything by which a person is known."""

    title: str = Field(min_length=1, max_length=200)
    text: str = Field(min_length=1, max_length=20_000)


class ReplyIn(RequestModel):
    """The reply in words for the public."""

    text: str = Field(min_length=1, max_length=20_000)


class OfferedOut(BaseModel):
    """An opinion that waits for the desk. Telephone and identity numbers are masked; names are the desk's to find."""

    opinion_id: uuid.UUID
    number: str
    region: str
    title: str
    text: str
    agreed_at: datetime
    version: int


class PublishedReplyOut(BaseModel):
    """A published reply, and how the public appraised it: each level's votes, and all votes as their base."""

    round: int
    text: str
    published_at: datetime
    votes: dict[str, int]
    base: int


class BoardOut(BaseModel):
    """An opinion on the board."""

    opinion_id: uuid.UUID
    title: str
    text: str
    region: str
    region_name: str | None
    category: str | None
    category_label: str | None
    status: Status
    status_label: str
    likes: int
    published_at: datetime


class BoardDetail(BoardOut):
    """An opinion on the board with its published replies."""

    replies: list[PublishedReplyOut]


class LikesOut(BaseModel):
    """How many likes there are."""

    likes: int


class AppraisalIn(RequestModel):
    """A vote on a published reply."""

    level: RatingLevel


@router.put("/opinions/{number}/publication")
async def agree(
    number: Annotated[str, Path(max_length=64)], body: AgreementIn, tx: InTx, caller: Anyone, lookup_code: LookupCode = ""
) -> StateOut:
    """The sender agrees to publication, or takes that back at any time."""
    return _state(await actions.agree(tx, number, lookup_code, agreed=body.agreed))


@router.get("/publications")
async def offered(tx: InTx, paging: Paging, caller: Desk) -> Page[OfferedOut]:
    """What waits for the desk, the oldest first."""
    after = paging.after(datetime, uuid.UUID)
    rows = await queries.offered_to(tx, caller, (after[0], after[1]) if after else None, paging.limit)
    found, cursor = page_of(rows, paging.limit, key=lambda row: (row[0].agreed_at, row[0].opinion_id))
    items = [
        OfferedOut(
            opinion_id=one.opinion_id,
            number=opinion.number,
            region=one.region,
            title=mask(opinion.title),
            text=mask(opinion.text),
            agreed_at=one.agreed_at,
            version=one.version,
        )
        for one, opinion in found
    ]
    return Page(items=items, next_cursor=cursor)


@router.post("/publications/{opinion_id}/publish")
async def publish(opinion_id: uuid.UUID, body: WordsIn, tx: InTx, version: IfMatch, caller: Desk) -> StateOut:
    """Puts an opinion on the board in the desk's words."""
    return _state(await actions.publish(tx, caller, opinion_id, version, title=body.title, body=body.text))


@router.post("/publications/{opinion_id}/decline")
async def decline(opinion_id: uuid.UUID, tx: InTx, version: IfMatch, caller: Desk) -> StateOut:
    """Does not publish it."""
    return _state(await actions.decline(tx, caller, opinion_id, version))


@router.post("/publications/{opinion_id}/take-down")
async def take_down(opinion_id: uuid.UUID, tx: InTx, version: IfMatch, caller: Desk) -> StateOut:
    """Takes it off the board."""
    return _state(await actions.take_down(tx, caller, opinion_id, version))


@router.post("/publications/{opinion_id}/replies/{round_}", status_code=201)
async def publish_reply(opinion_id: uuid.UUID, round_: int, body: ReplyIn, tx: InTx, caller: Desk) -> PublishedReplyOut:
    """Puts the reply of a round on the board."""
    reply = await actions.publish_reply(tx, caller, opinion_id, round_, body.text)
    votes, base = rules.with_base({}, tx.policy.board.appraisal)
    return PublishedReplyOut(round=reply.round, text=reply.text, published_at=reply.published_at, votes=votes, base=base)


@router.get("/board")
async def board(
    *,
    tx: InTx,
    lang: Lang,
    paging: Paging,
    caller: Anyone,
    region: Annotated[str | None, Query(max_length=24), Blank] = None,
    category: Annotated[str | None, Query(max_length=40), Blank] = None,
    followed: bool = False,
    device: Device = "",
) -> Page[BoardOut]:
    """The public board, the newest first; `followed`: what this account or device follows."""
    voter = actions.voter_of(tx, caller, device, None) if followed else None
    after = paging.after(datetime, uuid.UUID)
    rows = await queries.page_of_board(
        tx, region=region, category=category, voter=voter, after=(after[0], after[1]) if after else None, limit=paging.limit
    )
    items, cursor = page_of(rows, paging.limit, key=lambda row: (row.publication.published_at, row.publication.opinion_id))
    return Page(items=[BoardOut(**_shown(tx, one, lang)) for one in items], next_cursor=cursor)


@router.get("/board/{opinion_id}")
async def one_of_board(opinion_id: uuid.UUID, tx: InTx, lang: Lang, caller: Anyone) -> BoardDetail:
    """One opinion on the board, with its replies and how the public appraised them."""
    rows = await queries.page_of_board(tx, region=None, category=None, voter=None, after=None, limit=1, only=opinion_id)
    if not rows:
        raise NotOnTheBoard()
    replies, counted = await queries.replies_of(tx, opinion_id), await queries.appraisals_of(tx, opinion_id)
    out = []
    for reply in replies:
        votes, base = rules.with_base(counted.get(reply.round, {}), tx.policy.board.appraisal)
        out.append(PublishedReplyOut(round=reply.round, text=reply.text, published_at=reply.published_at, votes=votes, base=base))
    return BoardDetail(**_shown(tx, rows[0], lang), replies=out)


@router.put("/board/{opinion_id}/like")
async def like(opinion_id: uuid.UUID, tx: InTx, caller: Anyone, device: Device = "") -> LikesOut:
    """Likes an opinion, once by account or device."""
    return LikesOut(likes=await actions.like(tx, caller, device, opinion_id))


@router.delete("/board/{opinion_id}/like")
async def unlike(opinion_id: uuid.UUID, tx: InTx, caller: Anyone, device: Device = "") -> LikesOut:
    """Takes a like back."""
    return LikesOut(likes=await actions.unlike(tx, caller, device, opinion_id))


@router.put("/board/{opinion_id}/follow", status_code=204)
async def follow(opinion_id: uuid.UUID, tx: InTx, caller: Anyone, device: Device = "") -> None:
    """Follows an opinion."""
    await actions.follow(tx, caller, device, opinion_id, follows=True)


@router.delete("/board/{opinion_id}/follow", status_code=204)
async def unfollow(opinion_id: uuid.UUID, tx: InTx, caller: Anyone, device: Device = "") -> None:
    """Follows it no longer."""
    await actions.follow(tx, caller, device, opinion_id, follows=False)


@router.post("/board/{opinion_id}/replies/{round_}/appraisals", status_code=204)
async def appraise(opinion_id: uuid.UUID, round_: int, body: AppraisalIn, tx: InTx, caller: Anyone, device: Device = "") -> None:
    """Appraises a published reply, once by account or device."""
    await actions.appraise(tx, caller, device, opinion_id, round_, body.level)


def _state(found: Publication | None) -> StateOut:
    return StateOut.model_validate({"state": found.state if found else None, "version": found.version if found else None})


def _shown(tx: Tx, one: queries.Shown, lang: str) -> Mapping[str, object]:
    category = next((c for c in tx.policy.categories if c.code == one.category), None)
    shown = one.publication.model_dump(include={"opinion_id", "title", "text", "region", "likes", "published_at"})
    return {
        **shown,
        "region_name": one.region_name,
        "category": one.category,
        "category_label": category.label.of(lang) if category else None,
        "status": one.status,
        "status_label": tx.policy.progress[one.status].label.of(lang),
    }
