"""Names, subjects and ids of events."""

from __future__ import annotations

import uuid
from itertools import pairwise

from shared.events import derived_id, new_id
from shared.events.routing import AssignmentMade


def test_an_events_subject_names_site_producer_event_version_and_audience() -> None:
    assert AssignmentMade.subject("320412", "housing") == "lx.320412.routing.assignment_made.v1.housing"
    assert AssignmentMade.type_name() == "routing.assignment_made.v1"


def test_ids_are_version_seven_distinct_and_grow_with_time() -> None:
    ids = [new_id() for _ in range(2000)]
    assert {(i.version, i.variant) for i in ids} == {(7, uuid.RFC_4122)}
    assert len(set(ids)) == len(ids)
    assert sum(earlier < later for earlier, later in pairwise(ids)) > 1900, "within a quarter of a microsecond the order is by chance"


def test_what_an_event_gives_rise_to_has_the_same_id_each_time_and_another_in_each_role() -> None:
    cause = new_id()
    assert derived_id(cause, "case") == derived_id(cause, "case") != derived_id(cause, "line")
