"""Reconcile names what is missing, doubled or there without a cause. Its statements meet the real schemas in tests/e2e/test_kills.py."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from deploy.reconcile.facts import _SEEN_BY_SENDER, AGREEMENTS, NEVERS, Agreement
from deploy.reconcile.history import History, Told
from deploy.reconcile.report import Finding, Report
from deploy.reconcile.run import _agree, _delivered
from services.intake.consumers import consumers
from shared.events.base import all_events
from shared.events.routing import CaseEvent, CaseOpened, CategoryCorrected

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
TODAY = datetime(2026, 11, 22, tzinfo=UTC)
OPINIONS = Agreement("opinions are told", "I1", "intake", "", ("intake.opinion_submitted.v1",), ("opinion_id",))
REGIONS = Agreement("regions are told", "I1", "directory", "", ("directory.region_changed.v1",), ("code", "version_no"), newest=True)


def history(kind: str, *events: dict[str, Any], first_at: datetime | None = None) -> History:
    found = History(first_at=first_at)
    for number, data in enumerate(events, 1):
        told = Told(str(data.pop("id", f"event-{number}")), number, TODAY, data)
        found.events[kind].append(told)
        found.seen.add(told.id)
    return found


def test_a_row_without_its_event_is_missing_and_an_event_without_its_row_is_orphaned() -> None:
    finding = _agree(
        OPINIONS, [("a", TODAY), ("b", TODAY)], history("intake.opinion_submitted.v1", {"opinion_id": "b"}, {"opinion_id": "c"})
    )
    assert (finding.missing, finding.orphaned, finding.doubled) == ({"a"}, {"c"}, set())


def test_two_events_with_different_ids_about_one_row_are_a_doubled_effect() -> None:
    finding = _agree(OPINIONS, [("a", TODAY)], history("intake.opinion_submitted.v1", {"opinion_id": "a"}, {"opinion_id": "a"}))
    assert finding.doubled == {"a"}
    assert not finding.clean


def test_a_row_that_is_rewritten_agrees_with_the_newest_of_its_events() -> None:
    told = history("directory.region_changed.v1", {"code": "x", "version_no": 9}, {"code": "x", "version_no": 10})
    assert _agree(REGIONS, [("x:10", None)], told).clean
    assert _agree(REGIONS, [("x:9", None)], told).missing == {"x:9"}


def test_a_row_older_than_what_the_stream_remembers_is_not_missed() -> None:
    told = history("intake.opinion_submitted.v1", {"opinion_id": "b"}, first_at=TODAY)
    assert _agree(OPINIONS, [("a", LONG_AGO), ("b", TODAY + timedelta(1))], told).clean
    assert _agree(OPINIONS, [("a", TODAY + timedelta(1)), ("b", TODAY)], told).missing == {"a"}


def test_a_delivered_event_is_in_the_inbox_or_a_dead_letter() -> None:
    told = history("intake.opinion_rated.v1", {"id": "1"}, {"id": "2"}, {"id": "3"}, {"id": "4"})
    told.dead["routing"].append("3")
    listening = [("intake.opinion_rated.v1", 1)]
    assert _delivered("routing", listening, {"2"}, told, LONG_AGO).missing == {"4"}
    assert _delivered("routing", listening, {"2", "4"}, told, LONG_AGO).clean
    assert _delivered("routing", listening, {"2", "4", "never told"}, told, LONG_AGO).orphaned == {"never told"}


def test_an_event_older_than_the_inboxes_memory_is_not_missed() -> None:
    told = history("intake.opinion_rated.v1", {"id": "1"})
    assert _delivered("routing", [("intake.opinion_rated.v1", 0)], set(), told, TODAY + timedelta(1)).clean


def test_on_a_suite_at_work_only_what_is_wrong_twice_is_reported() -> None:
    first = Finding("c", "I1", "intake", missing={"on its way", "lost"})
    later = Finding("c", "I1", "intake", missing={"lost", "just now"})
    assert first.still(later).missing == {"lost"}


def test_the_report_names_check_service_and_ids() -> None:
    report = Report([Finding("opinions are told", "I1", "intake", missing={"a"}, doubled={"b"})], {}, {}, {}, 0)
    assert not report.clean
    assert (report.lost, report.doubled) == (1, 1)
    assert report.wrong() == ["I1 intake: opinions are told: 1 missing (a)", "I1 intake: opinions are told: 1 doubled (b)"]


def test_every_agreement_names_real_events_with_the_fields_it_compares() -> None:
    fields = {kind.type_name(): set(kind.model_fields) for kind in all_events()}
    for agreement in AGREEMENTS:
        for name in agreement.events:
            assert set(agreement.fields) <= fields[name], f"{agreement.name}: {name}"
    names = [(check.name, check.service) for check in (*AGREEMENTS, *NEVERS)]
    assert len(names) == len(set(names))


def test_an_event_about_something_else_is_not_compared() -> None:
    only = Agreement("senders see it", "I2", "intake", "", ("a.b.v1",), about=(("matter", "opinion"), ("part_of", None)))
    of_an_opinion, of_a_part, of_a_suggestion = (
        {"matter": matter, "part_of": part} for matter, part in (("opinion", None), ("opinion", "x"), ("suggestion", None))
    )
    told = history("a.b.v1", {"id": "old"}, {"id": "new", **of_an_opinion}, {"id": "part", **of_a_part}, {"id": "paper", **of_a_suggestion})
    assert _agree(only, [("old", TODAY), ("new", TODAY)], told).clean
    assert _agree(only, [("old", TODAY)], told).orphaned == {"new"}


def test_all_that_intake_tells_senders_of_is_compared() -> None:
    told = {h.event.type_name() for h in consumers.handlers.values() if issubclass(h.event, CaseEvent)}
    assert set(_SEEN_BY_SENDER) == told - {CaseOpened.type_name(), CategoryCorrected.type_name()}
