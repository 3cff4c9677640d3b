"""What routing tells of a suggestion's case is not taken for an opinion's: nothing is changed, nothing waits for an opinion to come."""

from __future__ import annotations

import uuid

from sqlalchemy import text

from tests import kit
from tests.intake import golden

SUGGESTION = uuid.UUID("01970000-0000-7000-8000-0000000000aa")


async def test_cases_of_suggestions_pass_by_the_opinions(running):
    service: kit.Running = await running("intake")
    told = [
        golden.opened(SUGGESTION), golden.assigned(SUGGESTION), golden.objected(SUGGESTION), golden.accepted(SUGGESTION),
        golden.overdue(SUGGESTION), golden.replied(SUGGESTION), golden.corrected(SUGGESTION),
    ]  # fmt: skip
    before = await service.rows()
    await service.deliver(*(event.model_copy(update={"matter": "suggestion"}) for event in told))
    assert await service.rows() == before
    async with service.tx() as tx:
        assert (await tx.execute(text("SELECT count(*) FROM kit_parked"))).scalar_one() == 0
