"""What will be done to the suite and when: all of it follows from the seed, so that a run can be repeated."""

from __future__ import annotations

import random
from dataclasses import dataclass

MINUTE = 60.0

KILLED = {"intake": 4, "routing": 4, "gateway": 2, "scoring": 2, "notify": 2, "supervision": 1, "directory": 1}
"""Which service a kill hits, by weight: most where most of the work is."""

POINTS = {
    "intake": ("before_commit", "after_commit", "before_publish", "after_publish", "after_effect", "before_ack", "before_answer"),
    "routing": ("before_commit", "after_commit", "before_publish", "after_publish", "after_effect", "before_ack", "before_answer"),
    "scoring": ("after_commit", "before_publish", "after_publish", "after_effect", "before_ack"),
    "notify": ("after_commit", "before_publish", "after_publish", "after_effect", "before_ack"),
    "supervision": ("after_effect", "before_ack"),
}
"""The crash points that a service passes while messages go through the loop."""

EACH_MINUTE = {
    "kill": 16,
    "crash": 6,
    "kill_all": 1,
    "kill_broker": 2,
    "kill_database": 1,
    "kill_connection": 1,
    "terminate": 2,
    "pause": 3,
    "pause_broker": 1,
    "pause_database": 1,
    "cut_connections": 2,
    "delete_consumer": 2,
    "duplicate": 3,
    "stale": 1,
    "poison": 1,
}
"""How many of each fault in a minute. Kills (the first six) are 26 a minute, so that 20 count although some find nothing to hit."""

POISONS = ("bytes", "schema", "raises")
CONSUMERS = ("intake", "routing", "scoring", "notify", "supervision", "directory")


@dataclass(frozen=True, slots=True)
class Step:
    """One fault: `at` and `seconds` (how long a pause lasts) in seconds, `pick` chooses among what is there at that moment."""

    at: float
    fault: str
    target: str
    seconds: float
    pick: int


def make(seed: int, minutes: float) -> list[Step]:
    """The faults of a run, in order. A part of a minute has its part of them."""
    chance = random.Random(seed)
    steps: list[Step] = []
    begins = 0.0
    while begins < minutes * MINUTE:
        length = min(MINUTE, minutes * MINUTE - begins)
        bag = [fault for fault, number in EACH_MINUTE.items() for _ in range(number)]
        chance.shuffle(bag)
        bag = bag[: max(1, round(len(bag) * length / MINUTE))]
        apart = length / len(bag)
        steps += [_step(chance, fault, begins + apart * (n + chance.random())) for n, fault in enumerate(bag)]
        begins += length
    # The last seconds are for faults whose effects are still under way when the load ends.
    return sorted(steps, key=lambda step: step.at)


def _step(chance: random.Random, fault: str, at: float) -> Step:
    return Step(round(at, 3), fault, _target(chance, fault), round(chance.uniform(1.5, 5.0), 2), chance.randrange(1 << 30))


def _target(chance: random.Random, fault: str) -> str:
    if fault in ("kill", "kill_all", "terminate", "pause"):
        return chance.choices(list(KILLED), list(KILLED.values()))[0]
    if fault == "crash":
        service = chance.choices(list(POINTS), [4, 4, 2, 2, 1])[0]
        return f"{service}:{chance.choice(POINTS[service])}"
    if fault in ("cut_connections", "delete_consumer"):
        return chance.choice(CONSUMERS)
    if fault == "poison":
        return chance.choice(POISONS)
    return {"kill_broker": "broker", "pause_broker": "broker"}.get(
        fault, "database" if "database" in fault or "connection" in fault else "stream"
    )


def crash_points() -> list[str]:
    """All points that a plan can name, as the environment of the services lists them."""
    return [f"{service}:{point}" for service, points in POINTS.items() for point in points]
