"""Every fault of the handbook's table that the suite must survive here: what it does, for how long, and where its short form is shown."""

from __future__ import annotations

from dataclasses import dataclass

from tests.faults import broker, database, messages, processes
from tests.faults.processes import Act, killed_at


@dataclass(frozen=True, slots=True)
class Fault:
    """A named fault. `real` and `short` are what its act takes: seconds, or rounds where the act says so.

    `limit` is the most seconds of recovery that the long form may show. `shown_by` names tests in which the short form is shown
    already; a fault without any is acted out in `test_faults.py`.
    """

    number: str
    title: str
    act: Act
    real: float
    short: float
    limit: float = 60.0
    shown_by: tuple[str, ...] = ()


_DIES = "tests/shared/test_outages.py::test_a_process_killed_at_any_point_loses_and_doubles_nothing"
_LOOP = "tests/e2e/test_kills.py::test_a_kill_at_every_crash_point_of_every_service_loses_and_doubles_nothing"
_KILLED = "tests/shared/test_outages.py::test_events_decided_while_the_broker_is_killed_all_arrive_once"
_PAUSED = "tests/shared/test_outages.py::test_a_paused_broker_freezes_nobody_and_doubles_nothing"
_SHUFFLED = "tests/shared/test_delivery.py::test_two_replicas_and_a_shuffled_flood_leave_each_effect_once"
_REPLAYED = "tests/routing/test_replay.py"
_COPIES = "tests/shared/test_delivery.py::test_an_event_takes_effect_once_however_often_the_stream_holds_it"
_POISON = "tests/shared/test_delivery.py::test_poison_in_a_batch_of_100_goes_to_the_dead_stream_alone"
_DEFECT = "tests/shared/test_delivery.py::test_a_defect_is_retried_then_buried_and_a_replay_after_the_fix_heals_it"
_DELETED = "tests/shared/test_delivery.py::test_a_deleted_consumer_is_made_anew_where_it_stood"

FAULTS = (
    Fault("F1", "gateway killed between commit and answer", processes.gateway_killed_before_the_answer, real=10, short=1),
    Fault("F2", "killed after commit, before publishing", killed_at("after_commit", "intake", "routing"), 10, 1, shown_by=(_DIES, _LOOP)),
    Fault(
        "F3",
        "relay killed after publishing, before marking sent",
        killed_at("after_publish", "intake", "routing", "scoring", "notify"),
        real=5,
        short=1,
        shown_by=(_DIES, _LOOP),
    ),
    Fault(
        "F4",
        "relay down for longer than the duplicate window",
        processes.relay_down_past_the_window,
        real=10,
        short=0.5,
        shown_by=(_COPIES,),
    ),
    Fault(
        "F5",
        "consumer killed after its effect, before the ack",
        killed_at("before_ack", "routing", "intake", "scoring", "notify"),
        real=5,
        short=1,
        shown_by=(_DIES, _LOOP),
    ),
    Fault("F6", "acks lost", broker.acks_lost, real=60, short=1),
    Fault("F7", "broker killed again and again", broker.killed_while_publishing, real=20, short=2, limit=10, shown_by=(_KILLED,)),
    Fault("F8", "broker frozen", broker.frozen, real=120, short=3, shown_by=(_PAUSED,)),
    Fault("F9", "broker down", broker.away, real=300, short=3, shown_by=(_KILLED, _PAUSED)),
    Fault("F19", "database locked, frozen, connections cut", database.locked_frozen_and_cut, real=60, short=1),
    Fault("F20", "deadlocks and serialization failures", database.deadlocks, real=10, short=1),
    Fault("F22", "events out of order", messages.out_of_order, real=60, short=2, shown_by=(_SHUFFLED, _REPLAYED)),
    Fault("F23", "poison messages and a defect", messages.poison, real=1, short=1, shown_by=(_POISON, _DEFECT)),
    Fault("F24", "handler longer than ack_wait", messages.slow_handler, real=4, short=1),
    Fault("F25", "consumers deleted, stream purged", broker.consumers_deleted, real=3, short=1, limit=15, shown_by=(_DELETED,)),
    Fault("F30", "a replica frozen and resumed", processes.replica_frozen, real=60, short=1.5),
    Fault("F31", "stopped under load", processes.stopped_under_load, real=60, short=2, limit=30),
    Fault("F39", "out of memory", processes.out_of_memory, real=3, short=1, shown_by=(_DIES, _LOOP)),
)
