"""The verbs of the public board: the sender agrees, the desk publishes in masked words, the public likes, follows, appraises."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from services.intake.board import queries, rules
from services.intake.board.errors import AlreadyAppraised, LevelUnknown, NoReplyToPublish, ReplyIsPublished, ReplyNotPublished
from services.intake.board.models import Appraisal, Follow, Like, Publication, PublishedReply
from services.intake.models import Opinion
from services.intake.places import check_region
from services.intake.queries import opinion_of
from services.intake.sealing import read_master_key
from shared.clock import now
from shared.db import Tx
from shared.events import EVERYONE, derived_id
from shared.events.intake import RatingLevel
from shared.events.intake_opinions import (
    Change,
    FollowedOpinionMoved,
    OpinionPublished,
    OpinionUnpublished,
    ReplyAppraised,
    ReplyPublished,
)
from shared.events.routing import CaseClosed, CaseReplied
from shared.http import check_version
from shared.identity import Caller
from shared.live import live
from shared.masking import mask
from shared.outbox import emit


def voter_of(tx: Tx, caller: Caller | None, device: str, about: uuid.UUID | None) -> bytes:
    """Who votes, as it is kept. Raises VoterUnknown."""
    key = read_master_key(tx.settings.master_key.get_secret_value())
    return rules.voter_of(key, caller.account_id if caller else None, device, about)


async def agree(tx: Tx, number: str, lookup_code: str, *, agreed: bool) -> Publication | None:
    """The sender agrees to publication, or takes that back, which takes the opinion down. Raises OpinionNotFound."""
    opinion = await opinion_of(tx, number, lookup_code)
    if agreed:
        offered = insert(Publication).values(
            opinion_id=opinion.id, state="offered", region=opinion.region, agreed_at=now(), likes=0, version=1
        )
        again = {"state": "offered", "agreed_at": now(), "version": col(Publication.version) + 1}
        await tx.execute(
            offered.on_conflict_do_update(index_elements=["opinion_id"], set_=again, where=col(Publication.state) == "taken_back")
        )
        return await queries.publication(tx, opinion.id)
    found = await tx.get(Publication, opinion.id, with_for_update=True, populate_existing=True)
    if found is not None and found.state != "taken_back":
        found.version += 1
        await _take_down(tx, found, "taken_back")
    return found


async def publish(tx: Tx, caller: Caller, opinion_id: uuid.UUID, version: int, *, title: str, body: str) -> Publication:
    """The desk puts an opinion on the board in its own words, masked once more.

    Raises NotOnTheBoard, RegionOutOfReach, StaleVersion, PublicationNotAgreed, PublicationIsDecided.
    """
    found = await _for_the_desk(tx, caller, opinion_id, version, "published")
    found.state, found.title, found.text = "published", mask(title), mask(body)
    found.published_at, found.published_by = now(), caller.account_id
    opinion = await tx.get_one(Opinion, opinion_id)
    emit(tx, OpinionPublished(opinion_id=opinion_id, region=found.region, category=opinion.category), audience=EVERYONE)
    live(tx, "board", str(opinion_id))
    return found


async def decline(tx: Tx, caller: Caller, opinion_id: uuid.UUID, version: int) -> Publication:
    """The desk does not publish it. Raises as `publish`."""
    found = await _for_the_desk(tx, caller, opinion_id, version, "declined")
    found.state = "declined"
    return found


async def take_down(tx: Tx, caller: Caller, opinion_id: uuid.UUID, version: int) -> Publication:
    """The desk takes a published opinion off the board. Raises as `publish`."""
    found = await _for_the_desk(tx, caller, opinion_id, version, "taken_down")
    await _take_down(tx, found, "taken_down")
    return found


async def publish_reply(tx: Tx, caller: Caller, opinion_id: uuid.UUID, round_: int, body: str) -> PublishedReply:
    """The desk puts the reply of a round on the board. Raises NotOnTheBoard, RegionOutOfReach, NoReplyToPublish, ReplyIsPublished."""
    found = await queries.published(tx, opinion_id, lock=True)
    check_region(caller, found.region)
    opinion = await tx.get_one(Opinion, opinion_id)
    if not 1 <= round_ <= opinion.replied_round:
        raise NoReplyToPublish(where="round")
    if await tx.get(PublishedReply, (opinion_id, round_)) is not None:
        raise ReplyIsPublished(where="round")
    reply = PublishedReply(opinion_id=opinion_id, round=round_, text=mask(body), published_at=now(), published_by=caller.account_id)
    tx.add(reply)
    emit(tx, ReplyPublished(opinion_id=opinion_id, round=round_), audience=EVERYONE)
    live(tx, "board", str(opinion_id))
    return reply


async def like(tx: Tx, caller: Caller | None, device: str, opinion_id: uuid.UUID) -> int:
    """Likes an opinion; a second like of one account or device changes nothing. The likes there are. Raises NotOnTheBoard, VoterUnknown."""
    voter = voter_of(tx, caller, device, opinion_id)
    await queries.published(tx, opinion_id)
    liked = insert(Like).values(opinion_id=opinion_id, voter=voter, at=now()).on_conflict_do_nothing().returning(col(Like.opinion_id))
    return await _count(tx, opinion_id, +1 if await tx.scalar(liked) else 0)


async def unlike(tx: Tx, caller: Caller | None, device: str, opinion_id: uuid.UUID) -> int:
    """Takes a like back. The likes there are. Raises NotOnTheBoard, VoterUnknown."""
    voter = voter_of(tx, caller, device, opinion_id)
    await queries.published(tx, opinion_id)
    mine = delete(Like).where(col(Like.opinion_id) == opinion_id, col(Like.voter) == voter).returning(col(Like.opinion_id))
    return await _count(tx, opinion_id, -1 if await tx.scalar(mine) else 0)


async def _count(tx: Tx, opinion_id: uuid.UUID, change: int) -> int:
    # In the database, so that likes of the same moment are all counted.
    counted = update(Publication).where(col(Publication.opinion_id) == opinion_id).values(likes=col(Publication.likes) + change)
    return int(await tx.scalar(counted.returning(col(Publication.likes))) or 0)


async def follow(tx: Tx, caller: Caller | None, device: str, opinion_id: uuid.UUID, *, follows: bool) -> None:
    """Follows an opinion on the board, or no longer. Raises NotOnTheBoard, VoterUnknown."""
    voter = voter_of(tx, caller, device, None)
    await queries.published(tx, opinion_id)
    if follows:
        account_id = caller.account_id if caller else None
        followed = insert(Follow).values(voter=voter, opinion_id=opinion_id, at=now(), account_id=account_id)
        await tx.execute(followed.on_conflict_do_update(index_elements=["voter", "opinion_id"], set_={"account_id": account_id}))
    else:
        await tx.execute(delete(Follow).where(col(Follow.voter) == voter, col(Follow.opinion_id) == opinion_id))


async def tell_followers(tx: Tx, events: Sequence[CaseReplied | CaseClosed]) -> None:
    """Tells of each account that follows an opinion on the board that it was replied to or closed; devices have no inbox."""
    events = [event for event in events if event.matter == "opinion" and event.part_of is None]
    told = {event.opinion_id for event in events}
    following = (
        select(col(Follow.opinion_id), col(Follow.account_id))
        .join(Publication, col(Publication.opinion_id) == col(Follow.opinion_id))
        .where(col(Follow.opinion_id).in_(told), col(Follow.account_id).is_not(None), col(Publication.state) == "published")
    )
    accounts: dict[uuid.UUID, list[uuid.UUID]] = {}
    for opinion_id, account_id in await tx.execute(following):
        if account_id is not None:
            accounts.setdefault(opinion_id, []).append(account_id)
    for event in events:
        change: Change = "replied" if isinstance(event, CaseReplied) else "closed"
        for account_id in sorted(accounts.get(event.opinion_id, ())):
            moved = FollowedOpinionMoved(
                id=derived_id(event.id, f"follower/{account_id}"),
                opinion_id=event.opinion_id,
                account_id=account_id,
                change=change,
                round=event.round,
            )
            emit(tx, moved, cause=event)


async def appraise(tx: Tx, caller: Caller | None, device: str, opinion_id: uuid.UUID, round_: int, level: RatingLevel) -> None:
    """One vote on a published reply. Raises NotOnTheBoard, ReplyNotPublished, AlreadyAppraised, LevelUnknown, VoterUnknown."""
    known = tx.policy.board.appraisal
    if level not in known:
        raise LevelUnknown(where="level", known=sorted(known))
    voter = voter_of(tx, caller, device, opinion_id)
    await queries.published(tx, opinion_id)
    if await tx.get(PublishedReply, (opinion_id, round_)) is None:
        raise ReplyNotPublished(where="round")
    vote = insert(Appraisal).values(opinion_id=opinion_id, round=round_, voter=voter, level=level, at=now())
    if await tx.scalar(vote.on_conflict_do_nothing().returning(col(Appraisal.round))) is None:
        raise AlreadyAppraised()
    emit(tx, ReplyAppraised(opinion_id=opinion_id, round=round_, level=level))


async def _for_the_desk(tx: Tx, caller: Caller, opinion_id: uuid.UUID, version: int, wanted: rules.State) -> Publication:
    found = await queries.publication(tx, opinion_id, lock=True)
    check_region(caller, found.region)
    check_version(found.version, version)
    rules.check_decision(found.state, wanted)
    found.version += 1
    return found


async def _take_down(tx: Tx, found: Publication, state: rules.State) -> None:
    """Off the board; the words of opinion and replies go too. The votes stay, without a name as they came."""
    was_public, found.state = found.state == "published", state
    found.title = found.text = None
    await tx.execute(delete(PublishedReply).where(col(PublishedReply.opinion_id) == found.opinion_id))
    if was_public:
        by = "sender" if state == "taken_back" else "desk"
        emit(tx, OpinionUnpublished(opinion_id=found.opinion_id, by=by), audience=EVERYONE)
        live(tx, "board", str(found.opinion_id))
