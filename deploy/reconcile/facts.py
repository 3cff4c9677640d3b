"""What must agree between the services' rows and the events: the whole list, and nothing else is compared.

The statements name tables of all services: an operator's view from outside, with the operator's rights. A service never
reads another's tables (decision record 0001); a test runs every statement here against the real schemas.
"""

from __future__ import annotations

from dataclasses import dataclass

from services.routing.rules import TRANSITIONS

_STEPS = ("routing.case_opened.v1", *sorted({step.event.type_name() for step in TRANSITIONS}))
_ACTIONS = ", ".join(f"'{action}'" for action in ("open", *sorted({step.action for step in TRANSITIONS})))
# The opening is seen only when it gave a category; the withdrawal is the sender's own.
_SEEN_BY_SENDER = tuple(
    f"routing.{name}.v1"
    for name in (
        *("case_assigned", "case_accepted", "case_objected", "case_replied", "case_reopened", "case_closed"),
        *("case_overdue", "rating_not_counted", "promise_made", "promise_changed", "promise_kept"),
    )
)
_OF_OPINIONS = (("matter", "opinion"), ("part_of", None))
"""What happens to a suggestion, or to a part that an opinion was split into, the sender of an opinion is not told of by itself."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """Rows of a service and events that must say the same: each key on one side is on the other.

    `rows` selects (key, since when it is there; NULL where the row does not say). The events' key is the values of
    `fields` joined by colons, or the event's id where there are none. `newest` compares only the greatest last field of
    each key, for rows that are rewritten. `once` says that two events of one type with the same key are a doubled effect.
    `only_rows` where the events may have no row of their own here. `about`: only events with these values, or without the fields.
    """

    name: str
    invariant: str
    service: str
    rows: str
    events: tuple[str, ...]
    fields: tuple[str, ...] = ()
    newest: bool = False
    once: bool = True
    only_rows: bool = False
    about: tuple[tuple[str, object], ...] = ()


@dataclass(frozen=True, slots=True)
class Never:
    """Rows that must not exist. `rows` selects what names each of them."""

    name: str
    invariant: str
    service: str
    rows: str
    doubled: bool = False


AGREEMENTS = (
    Agreement(
        "opinions are told", "I1", "intake", "SELECT id, submitted_at FROM opinion", ("intake.opinion_submitted.v1",), ("opinion_id",)
    ),
    Agreement(
        "opinions are classified",
        "I1",
        "intake",
        "SELECT id, submitted_at FROM opinion",
        ("intake.opinion_classified.v1",),
        ("opinion_id",),
    ),
    Agreement(
        "ratings are told",
        "I1",
        "intake",
        "SELECT opinion_id || ':' || round, rated_at FROM rating",
        ("intake.opinion_rated.v1",),
        ("opinion_id", "round"),
    ),
    Agreement(
        "opinions have a case",
        "I2",
        "routing",
        "SELECT opinion_id, opened_at FROM cases WHERE matter = 'opinion'",
        ("intake.opinion_classified.v1",),
        ("opinion_id",),
    ),
    Agreement(
        "suggestions have a case",
        "I2",
        "routing",
        "SELECT opinion_id, opened_at FROM cases WHERE matter = 'suggestion'",
        ("intake.suggestion_checked.v1",),
        ("suggestion_id",),
        once=False,
    ),
    Agreement(
        "steps of cases are told",
        "I1",
        "routing",
        f"SELECT case_id || ':' || version, at FROM case_history WHERE action IN ({_ACTIONS})",  # noqa: S608 - names of our own
        _STEPS,
        ("case_id", "case_version"),
    ),
    Agreement(
        "assignments are told", "I1", "routing", "SELECT id, opened_at FROM part", ("routing.assignment_made.v1",), ("assignment_id",)
    ),
    Agreement(
        "senders see each step",
        "I2",
        "intake",
        "SELECT id, at FROM timeline_entry WHERE kind <> 'classified'",
        _SEEN_BY_SENDER,
        about=_OF_OPINIONS,
    ),
    Agreement(
        "dissatisfied matters are listed",
        "I2",
        "supervision",
        "SELECT case_id, opened_at FROM dissatisfied_matter WHERE opened_at IS NOT NULL",
        ("routing.case_reopened.v1",),
        ("case_id",),
        once=False,
    ),
    Agreement(
        "projects are told", "I1", "supervision", "SELECT id, entered_at FROM project", ("supervision.project_entered.v1",), ("project_id",)
    ),
    Agreement(
        "acts are told",
        "I1",
        "supervision",
        "SELECT id, logged_at FROM project_act",
        ("supervision.supervision_act_logged.v1",),
        ("act_id",),
    ),
    Agreement(
        "delays are told",
        "I10",
        "supervision",
        "SELECT project_id || ':' || stage || ':' || planned_on, found_at FROM project_stage_delay",
        ("supervision.stage_delayed.v1",),
        ("project_id", "stage", "planned_on"),
    ),
    Agreement("points are told", "I1", "scoring", "SELECT id, occurred_at FROM ledger_line", ("scoring.points_posted.v1",), ("line_id",)),
    Agreement(
        "points have evidence",
        "I6",
        "scoring",
        "SELECT DISTINCT evidence, occurred_at FROM ledger_line",
        ("intake.opinion_submitted.v1", "supervision.supervision_act_logged.v1"),
        only_rows=True,
    ),
    Agreement("notices are told", "I1", "notify", "SELECT id, occurred_at FROM notice", ("notify.notice_posted.v1",), ("notice_id",)),
    Agreement(
        "regions are told",
        "I1",
        "directory",
        "SELECT code || ':' || version_no, NULL FROM region",
        ("directory.region_changed.v1",),
        ("code", "version_no"),
        newest=True,
    ),
    Agreement(
        "organisations are told",
        "I1",
        "directory",
        "SELECT organisation || ':' || version_no, NULL FROM organisation",
        ("directory.organisation_changed.v1",),
        ("organisation", "version_no"),
        newest=True,
    ),
    Agreement(
        "mandates are told",
        "I1",
        "directory",
        "SELECT id || ':' || version_no, NULL FROM mandate",
        ("directory.mandate_changed.v1",),
        ("deputy_id", "version_no"),
        newest=True,
    ),
    Agreement(
        "stations are told",
        "I1",
        "directory",
        "SELECT id || ':' || version_no, NULL FROM station",
        ("directory.station_changed.v1",),
        ("station_id", "version_no"),
        newest=True,
    ),
    Agreement("codes are told", "I1", "directory", "SELECT id, issued_at FROM code", ("directory.code_issued.v1",), ("code_id",)),
    Agreement(
        "ended codes are told",
        "I1",
        "directory",
        "SELECT id, ended_at FROM code WHERE ended_at IS NOT NULL",
        ("directory.code_revoked.v1",),
        ("code_id",),
    ),
    Agreement(
        "ended codes are refused", "I2", "intake", "SELECT code_id, NULL FROM revoked_code", ("directory.code_revoked.v1",), ("code_id",)
    ),
)

NEVERS = (
    Never("one number is one opinion's", "I2", "routing", "SELECT number FROM cases GROUP BY number HAVING count(*) > 1", doubled=True),
    Never(
        "one matter has one case",
        "I2",
        "routing",
        "SELECT opinion_id FROM cases WHERE coalesce(part_of = id, true) GROUP BY opinion_id HAVING count(*) > 1",
        doubled=True,
    ),
    Never(
        "evidence earns an item once",
        "I2",
        "scoring",
        "SELECT evidence || ':' || item FROM ledger_line GROUP BY evidence, item HAVING count(*) > 1",
        doubled=True,
    ),
    Never(
        "an audience hears of a cause once",
        "I2",
        "notify",
        "SELECT cause || ':' || audience FROM notice GROUP BY cause, notice_class, audience_kind, audience HAVING count(*) > 1",
        doubled=True,
    ),
    Never(
        "versions have no gap",
        "I3",
        "routing",
        "SELECT c.id FROM cases c LEFT JOIN case_history h ON h.case_id = c.id GROUP BY c.id, c.version "
        "HAVING count(h.version) <> c.version OR min(h.version) <> 1 OR max(h.version) <> c.version",
    ),
    Never(
        "a step begins where the last one ended",
        "I3",
        "routing",
        "SELECT case_id || ':' || version FROM "
        "(SELECT case_id, version, from_status, "
        "lag(to_status) OVER (PARTITION BY case_id ORDER BY version) AS was FROM case_history) AS step "
        "WHERE from_status IS DISTINCT FROM was",
    ),
    Never(
        "a case stands where its last step ended",
        "I3",
        "routing",
        "SELECT c.id FROM cases c JOIN case_history h ON h.case_id = c.id AND h.version = c.version WHERE h.to_status <> c.status",
    ),
    Never(
        "a round has one reply and one rating",
        "I3",
        "routing",
        "SELECT r.case_id || ':' || r.round FROM rating r LEFT JOIN reply p USING (case_id, round) WHERE p.case_id IS NULL",
    ),
)
