"""Who is told of what, and how a notice reads."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

import pytest

from services.notify import rules
from services.notify.consumers import consumers
from services.notify.models import Notice
from services.notify.render import rendered
from shared.events import Event, all_events, new_id
from shared.events.directory import SigningKeysPublished
from shared.events.intake_privacy import ContactLeft, ContactSealed, MatterErased
from shared.events.routing import AssignmentMade, RatingNotCounted
from shared.identity import Caller
from tests.notify import golden


def keys(event: Event) -> list[str]:
    return [audience.key for audience in rules.told_of(event)[0]]


def test_each_event_is_told_to_those_it_concerns():
    deputy = f"deputy:{golden.DEPUTY}"
    assert [keys(event) for event in golden.EVERY] == [
        ["organisation:transport"],
        ["organisation:ecology"],
        ["role:desk"],
        ["organisation:housing"],
        ["organisation:housing", "role:leader"],
        ["role:desk"],
        ["organisation:housing", "role:leader"],
        ["role:desk"],
        ["organisation:housing"],
        ["organisation:housing", "role:leader"],
        [deputy],
        [deputy],
        [f"account:{golden.ACCOUNT}"],
        [deputy],
        [deputy],
        [deputy],
        *[["organisation:housing"]] * 15,
        *[["role:desk"]] * 6,
        ["organisation:housing", "role:desk"],
    ]


def test_an_organisation_is_told_of_every_event_of_routing_that_is_addressed_to_it():
    addressed = {one for one in all_events() if one.addressed and one.producer == "routing"}
    assert addressed == {*rules.ADDRESSED, AssignmentMade}


def test_every_event_listened_to_has_an_audience_and_is_heard_from_now_on():
    own = [handler for handler in consumers.handlers.values() if handler.event is not SigningKeysPublished]
    of_residents = {ContactLeft, ContactSealed, MatterErased}
    assert {handler.event for handler in own} == {type(event) for event in golden.EVERY} | of_residents
    assert {handler.since for handler in own} == {"now"}


def test_an_event_that_nobody_is_told_of_is_a_defect():
    with pytest.raises(LookupError):
        rules.told_of(RatingNotCounted.model_construct())


def test_an_account_hears_its_own_its_role_its_organisation_and_its_mandate():
    account, deputy = uuid.uuid4(), uuid.uuid4()
    caller = Caller(account, "deputy", None, "320412", deputy, frozenset(), datetime(2026, 1, 1, tzinfo=UTC))
    assert {a.key for a in rules.audiences_of(caller)} == {f"account:{account}", "role:deputy", f"deputy:{deputy}"}


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("event", golden.EVERY, ids=lambda event: event.event_name())
def test_every_notice_reads_whole_in_both_languages(event, language):
    audiences, params = rules.told_of(event)
    notice = Notice(
        id=new_id(),
        position=1,
        site="320412",
        notice_class=event.event_name(),
        audience_kind=audiences[0].kind,
        audience=audiences[0].id,
        params={name: str(value) for name, value in params.items()},
        cause=event.id,
        occurred_at=event.occurred_at,
    )
    shown = rendered(notice, language, read=False)
    assert shown.title
    assert "…" not in shown.text
    assert "{" not in shown.text


def test_a_deadline_is_told_in_china_time_and_points_with_their_sign():
    def reads(event: Event, language: str) -> str:
        audiences, params = rules.told_of(event)
        values = {name: value.isoformat() if isinstance(value, datetime) else str(value) for name, value in params.items()}
        notice = Notice(
            id=new_id(),
            position=1,
            site="320412",
            notice_class=event.event_name(),
            audience_kind=audiences[0].kind,
            audience=audiences[0].id,
            params=values,
            cause=event.id,
            occurred_at=event.occurred_at,
        )
        return rendered(notice, language, read=False).text

    assert reads(golden.EVERY[0], "zh") == "320412-2026-ABCDEFGH 第 1 轮已交由贵单位主办，请在 2026-06-02 23:59 前答复。"
    assert reads(golden.EVERY[10], "en") == "Your performance points: +0.5."
    assert reads(golden.EVERY[11], "zh") == "您的履职积分 -0.5 分。"
    assert reads(golden.EVERY[12], "zh") == "您关注的民意已获答复（第 1 轮）。"
    assert reads(golden.EVERY[13], "zh") == "一月一联系：截至 2026-03-31 应完成 1 次，现为 0 次。"
    assert reads(golden.EVERY[15], "zh") == "建议 320412-2026-ABCDEFGH 的征询意见表尚未返回，2026-06-02 23:59 截止。"
