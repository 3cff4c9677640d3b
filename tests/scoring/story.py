"""Random histories of stations, mandates and what they earn, for tests that compare the ledger with its replay."""

from __future__ import annotations

import random
import uuid
from datetime import date, timedelta

from shared.events import Event, derived_id
from shared.events.directory import MandateChanged, StationChanged
from tests.scoring import golden


def history(chance: random.Random, size: int) -> list[Event]:
    """Events about three deputies and two stations, in order of time; now and then a version is told again."""
    deputies = [uuid.UUID(int=chance.getrandbits(128), version=4) for _ in range(3)]
    stations = [uuid.UUID(int=chance.getrandbits(128), version=4) for _ in range(2)]
    versions: dict[uuid.UUID, int] = {}
    events: list[Event] = []

    def next_version(of: uuid.UUID) -> int:
        versions[of] = versions.get(of, 0) + 1
        return versions[of]

    for number in range(size):
        hours = number * 5 + chance.random()
        deputy, station = chance.choice(deputies), chance.choice(stations)
        if number and chance.random() < 0.1:
            retold = chance.choice(events)
            if isinstance(retold, MandateChanged | StationChanged):
                moment = golden.START + timedelta(hours=hours)
                events.append(retold.model_copy(update={"id": derived_id(retold.id, str(hours)), "occurred_at": moment}))
        match chance.randrange(8):
            case 0:
                status = chance.choice(["active", "active", "suspended", "ended"])
                ends_on = chance.choice([None, None, date(2026, 3, 6)])
                events.append(golden.mandate(hours, next_version(deputy), deputy, status=status, ends_on=ends_on))
            case 1:
                lead = chance.choice([*deputies, None])
                events.append(golden.station(hours, next_version(station), lead, station_id=station))
            case 2:
                events.append(golden.act(hours, deputy))
            case 3:
                events.append(golden.opinion(hours, "deputy", deputy))
            case 4 | 5 | 6:
                events += what_a_deputy_did(chance, hours, deputy, [one for one in deputies if one != deputy])
            case _:
                events.append(golden.opinion(hours, "station", station))
    return events


def what_a_deputy_did(chance: random.Random, hours: float, deputy: uuid.UUID, others: list[uuid.UUID]) -> list[Event]:
    """One act of those that intake tells of; a contact is struck out again now and then."""
    match chance.randrange(4):
        case 0:
            return [golden.attendance(hours, deputy, chance.choice(["present", "leave", "absent"]))]
        case 1:
            entry = golden.contact(hours, deputy, chance.choice([("contact",), ("contact", "activity"), ("reception",)]))
            return [entry, golden.struck_out(hours + 1, entry)][: chance.randrange(1, 3)]
        case 2:
            return [golden.suggestion(hours, deputy, tuple(others[: chance.randrange(3)]))]
    return [golden.missed(hours, deputy)]
