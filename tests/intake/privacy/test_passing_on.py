"""What notify needs goes to it in a box for its key of the matter, and nothing of an erased one."""

from __future__ import annotations

import base64
import uuid

from shared.boxes import new_pair, open_box
from shared.events import Event
from shared.events.intake_privacy import ContactLeft, ContactSealed, MatterErased
from shared.events.notify import ContactKeyMade
from tests.intake.conftest import Place
from tests.intake.people import told
from tests.intake.privacy.story import NAME, PHONE, opinion


def made(matter: uuid.UUID, public: str) -> ContactKeyMade:
    return ContactKeyMade(matter_id=matter, matter_kind="opinion", public_key=public)


async def test_that_a_number_was_left_is_told_by_id_and_the_number_goes_in_a_box(place: Place) -> None:
    private, public = new_pair()
    kept = await opinion(place)
    assert [event.matter_id for event in await told(place.service, ContactLeft)] == [kept.id]
    await place.service.deliver(made(kept.id, public))
    [sealed] = await told(place.service, ContactSealed)
    assert (sealed.matter_id, sealed.public_key) == (kept.id, public)
    assert open_box(private, sealed.box, str(kept.id)) == PHONE
    events: list[Event] = await place.service.outbox()
    everything = "".join(event.model_dump_json() for event in events) + repr(base64.b64decode(sealed.box))
    assert PHONE not in everything and NAME not in everything


async def test_who_left_no_number_is_not_told_of_and_nothing_is_passed_on(place: Place) -> None:
    _, public = new_pair()
    anonymous = await opinion(place, contact=None)
    named = await opinion(place, contact={"name": NAME, "phone": None})
    assert not await told(place.service, ContactLeft)
    await place.service.deliver(made(anonymous.id, public), made(named.id, public), made(uuid.uuid4(), public))
    assert not await told(place.service, ContactSealed)


async def test_nothing_of_an_erased_matter_is_passed_on_and_what_was_is_followed_by_its_erasure(place: Place) -> None:
    _, public = new_pair()
    early, late = await opinion(place), await opinion(place)
    await place.service.deliver(made(early.id, public))
    for kept in (early, late):
        done = await place.post("/public/erasures", {"number": kept.number}, **{"X-Lookup-Code": kept.lookup_code})
        assert done.status_code == 200, done.text
    await place.service.deliver(made(late.id, public))
    assert [event.matter_id for event in await told(place.service, ContactSealed)] == [early.id]
    assert {event.matter_id for event in await told(place.service, MatterErased)} == {early.id, late.id}
