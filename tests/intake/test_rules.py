from __future__ import annotations

import csv
import gzip

import pytest

from services.intake import rules
from services.intake.consumers import consumers
from services.intake.errors import AlreadyRated, NothingToRate
from services.intake.settings import IntakePolicy
from shared import profile
from shared.events.routing import CaseEvent, CategoryCorrected
from shared.settings import ROOT
from tests.intake import golden

POLICY = profile.load(ROOT / "deploy" / "profiles" / "wujin.yaml", "intake", IntakePolicy)
MESSAGES = ROOT.parent / "shared" / "data" / "messages_labelled.csv.gz"
CODES = {c.label.zh: c.code for c in POLICY.categories}


def test_the_sender_s_choice_counts_when_the_place_knows_it() -> None:
    assert rules.classify(POLICY, "health", "路灯不亮", "小区门口的路灯坏了") == rules.Classified("health", 1.0, "sender")


@pytest.mark.parametrize("chosen", [None, "", "no_such_category"])
def test_without_a_known_choice_the_keywords_decide(chosen: str | None) -> None:
    found = rules.classify(POLICY, chosen, "路灯不亮", "小区门口的路灯坏了一个月")
    assert (found.category, found.source) == ("construction", "rule")
    assert POLICY.certain.share <= found.confidence <= 1


@pytest.mark.parametrize(
    ("title", "text", "category"),
    [
        ("补课收费", "学校老师在暑假有偿补课", "education"),
        ("工资被拖欠", "公司没有签劳动合同，也不缴社保", "labour"),
        ("夜间有刺鼻气味", "附近工厂直排废水", "environment"),
        ("出租车拒载", "司机不打表", "transport"),
        ("电梯故障无人修", "电梯维保单位不来，也没有年检", "commerce"),
        ("村卫生室没有医生", "看病要去镇上的医院", "health"),
        ("派出所不立案", "报案后没有回音", "justice"),
    ],
)
def test_clear_words_give_a_category(title: str, text: str, category: str) -> None:
    assert rules.classify(POLICY, None, title, text).category == category


@pytest.mark.parametrize(("title", "text"), [("建议", "希望领导重视"), ("学校旁的出租车", "老师和司机"), ("a", "b")])
def test_unclear_words_leave_it_to_the_desk(title: str, text: str) -> None:
    found = rules.classify(POLICY, None, title, text)
    assert (found.category, found.source) == (None, "none")
    assert 0 <= found.confidence <= 1


def test_a_word_in_the_title_weighs_more_than_in_the_text() -> None:
    assert rules.classify(POLICY, None, "司机", "物业费 业主").category != "transport"
    assert rules.classify(POLICY, None, "出租车", "业主").category == "transport"


@pytest.mark.skipif(not MESSAGES.is_file(), reason="the labelled messages are not on this machine")
def test_on_real_messages_most_are_certain_and_of_those_few_are_wrong() -> None:
    with gzip.open(MESSAGES, "rt", encoding="utf-8-sig") as file:
        # the weights were drawn from the even rows
        rows = [row for i, row in enumerate(csv.DictReader(file)) if i % 2 == 1][::5]
    found = [(CODES[row["category"]], rules.classify(POLICY, None, row["title"], row["detail"]).category) for row in rows]
    certain = [(label, category) for label, category in found if category is not None]
    assert len(certain) / len(found) >= 0.6
    assert sum(label == category for label, category in certain) / len(certain) >= 0.88


def test_each_case_event_that_is_heard_can_be_told() -> None:
    heard = {h.event for h in consumers.handlers.values() if issubclass(h.event, CaseEvent)}
    told = {type(e): rules.told(e) for e in [*golden.case_events(golden.OPINION), *golden.promises(golden.OPINION)]}
    assert set(told) == heard - {CategoryCorrected}


def test_an_objection_is_told_without_its_reason_and_department() -> None:
    event = golden.objected(golden.OPINION)
    assert event.reason
    assert rules.told(event) == rules.Told("reassigning", "reassigning", 1)


def test_a_reply_is_told_with_department_class_and_text() -> None:
    event = golden.replied(golden.OPINION)
    assert rules.told(event) == rules.Told("replied", "replied", 1, event.department, event.text, event.result_class)


def test_a_case_without_a_category_waits_for_the_desk_and_tells_nothing_new() -> None:
    event = golden.opened(golden.OPINION).model_copy(update={"category": None})
    assert rules.told(event) == rules.Told(None, "accepted", 1)


@pytest.mark.parametrize(
    ("status", "round_", "replied_round", "rated", "refusal"),
    [
        ("accepted", 1, 0, set(), NothingToRate),
        ("in_handling", 1, 0, set(), NothingToRate),
        ("replied", 1, 1, set(), None),
        ("replied", 1, 1, {1}, AlreadyRated),
        ("reopened", 2, 1, {1}, NothingToRate),
        ("reopened", 2, 1, set(), NothingToRate),
        ("replied", 2, 2, {1}, None),
        ("replied", 2, 2, {1, 2}, AlreadyRated),
        ("closed", 1, 1, {1}, AlreadyRated),
        ("closed", 1, 1, set(), NothingToRate),
    ],
)
def test_a_reply_is_rated_once_in_its_round(
    status: str, round_: int, replied_round: int, rated: set[int], refusal: type[Exception] | None
) -> None:
    assert rules.can_rate(status, round_, replied_round, rated) == (refusal is None)
    if refusal is None:
        rules.check_ratable(status, round_, replied_round, rated)
    else:
        with pytest.raises(refusal):
            rules.check_ratable(status, round_, replied_round, rated)
