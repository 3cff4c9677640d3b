"""Old notices go with the marks of who has read them; the others stay."""

from __future__ import annotations

from sqlalchemy import text

from services.notify.clock import old_notices
from tests.notify import golden


async def test_old_notices_go_in_batches_with_their_marks_and_young_ones_stay(running, token):
    service = await running("notify", notice_batch=2)
    for event in golden.EVENTS:
        await service.deliver(event)
    housing = token("department", organisation="housing")
    items = (await service.client.get("/inbox", headers=housing)).json()["items"]
    for item in items:
        assert (await service.client.post(f"/inbox/{item['id']}/read", headers=housing)).status_code < 300
    async with service.tx() as tx:
        oldest = list((await tx.execute(text("SELECT id FROM notice ORDER BY position LIMIT 3"))).scalars())
        await tx.execute(text("UPDATE notice SET occurred_at = now() - interval '800 days' WHERE id = ANY(:ids)"), {"ids": oldest})
        whole = (await tx.execute(text("SELECT count(*) FROM notice"))).scalar_one()
    done = []
    while not done or done[-1]:
        async with service.tx() as tx:
            done.append(await old_notices(tx))
    assert done == [2, 1, 0]
    async with service.tx() as tx:
        assert (await tx.execute(text("SELECT count(*) FROM notice"))).scalar_one() == whole - 3
        assert (await tx.execute(text("SELECT count(*) FROM notice WHERE id = ANY(:ids)"), {"ids": oldest})).scalar_one() == 0
        orphans = "SELECT count(*) FROM read_mark WHERE notice_id NOT IN (SELECT id FROM notice)"
        assert (await tx.execute(text(orphans))).scalar_one() == 0
