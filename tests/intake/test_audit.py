"""A resident's opinion in the audit: the act is there, the resident is not."""

from __future__ import annotations

from sqlalchemy import text

from shared.events.intake import OpinionSubmitted
from tests import kit
from tests.intake.conftest import form

NAME, PHONE = "王小明", "13812345678"


async def test_a_submission_leaves_its_id_in_the_audit_and_neither_name_nor_number_nor_code(intake: kit.Running) -> None:
    contact = {"contact": {"name": NAME, "phone": PHONE}}
    receipt = (await intake.client.post("/opinions", json=form(**contact), headers={"Idempotency-Key": f"key-{PHONE}"})).json()
    await intake.client.post("/opinions", json=form(**contact, title=PHONE, unknown=NAME))
    await intake.client.post(f"/opinions/{PHONE}/rating", json={"level": "satisfied"}, headers={"X-Lookup-Code": receipt["lookup_code"]})
    submitted = next(e for e in await intake.outbox() if isinstance(e, OpinionSubmitted))
    await intake.app.state.audit.seal_all()
    async with intake.tx() as tx:
        rows = (await tx.execute(text("SELECT * FROM kit_audit ORDER BY seq"))).all()
        dumped = "".join((await tx.execute(text("SELECT CAST(a AS text) FROM kit_audit a"))).scalars())
    assert [(r.actor, r.action, r.outcome) for r in rows] == [
        ("anyone", "POST /opinions", "done"),
        ("anyone", "POST /opinions", "InvalidRequest"),
        ("anyone", "POST /opinions/{number}/rating", rows[2].outcome),
    ]
    assert rows[0].object == [str(submitted.opinion_id)] and rows[2].outcome != "done"
    for secret in (NAME, PHONE, receipt["lookup_code"], form()["text"]):
        assert secret not in dumped and secret.encode().hex() not in dumped
