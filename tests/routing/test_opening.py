"""Cases from classified opinions, and handing over by rule whichever of opinion and department is heard of first."""

from __future__ import annotations

from datetime import datetime, timedelta

from services.routing.actions.opening import assign_waiting
from shared.events.routing import AssignmentMade, CaseAssigned, CaseOpened
from tests.routing import golden
from tests.routing.conftest import ago, ok


async def test_a_certain_opinion_becomes_an_assigned_case_and_both_are_told(routing):
    case = await routing.opened("a", "construction")
    assert (case["status"], case["version"], case["department"], case["round"]) == ("assigned", 2, "housing", 1)
    assert [(h["version"], h["action"], h["from"], h["to"], h["by_role"]) for h in case["history"]] == [
        (1, "open", None, "to_assign", "rule"),
        (2, "assign", "to_assign", "assigned", "rule"),
    ]
    (opened,), (assigned,), (made,) = [await routing.told(kind) for kind in (CaseOpened, CaseAssigned, AssignmentMade)]
    assert (opened.case_version, opened.category, opened.opinion_id) == (1, "construction", golden.opinion_id("a"))
    assert (assigned.case_version, assigned.by, assigned.lead, assigned.co_handlers) == (2, "rule", "housing", ())
    assert (made.organisation, made.part, made.round, made.due_at) == ("housing", "lead", 1, assigned.reply_due_at)
    assert datetime.fromisoformat(case["reply_due_at"]) == made.due_at
    assert not case["overdue"]


async def test_what_is_not_certain_or_has_no_active_department_waits_for_the_desk(routing):
    await routing.service.deliver(
        golden.opinion(0, "unsure", source="rule", confidence=0.5),
        golden.opinion(0, "by_model", source="model", confidence=0.7),
        golden.opinion(0, "none", None),
        golden.opinion(0, "unknown_department", "health"),
    )
    for name in ("unsure", "by_model", "none", "unknown_department"):
        case = await routing.case(name)
        assert (case["status"], case["version"], case["department"], case["reply_due_at"]) == ("to_assign", 1, None, None), name
    assert await routing.told(AssignmentMade) == []
    assert len(await routing.told(CaseOpened)) == 4


async def test_a_waiting_case_is_handed_over_when_its_department_arrives_with_the_opinions_own_time(routing):
    for name, hours in (("early", 2), ("late", 0)):
        await routing.service.deliver(golden.opinion(0, name, "health", occurred_at=ago(hours=hours)))
    await routing.service.deliver(golden.organisation(0, "health", occurred_at=ago(hours=1)))
    for name in ("early", "late"):
        case = await routing.case(name)
        assert (case["status"], case["version"], case["department"]) == ("assigned", 2, "health")
        assert case["history"][1]["at"] == case["opened_at"]
    assert {e.organisation for e in await routing.told(AssignmentMade)} == {"health"}


async def test_a_case_that_the_desk_has_touched_is_left_alone_when_its_proposed_department_arrives(routing):
    case = await routing.opened("a", "health")
    ok(await routing.act("a", "assign", case["version"], {"lead": "transport"}))
    await routing.service.deliver(golden.organisation(0, "health", occurred_at=ago(hours=1)))
    assert (await routing.case("a"))["department"] == "transport"


async def test_a_department_takes_what_arose_while_it_was_active_and_nothing_after(routing):
    for version_no, days in ((1, 9), (2, 1)):
        await routing.service.deliver(golden.organisation(0, "health", version_no, active=version_no == 1, occurred_at=ago(days=days)))
    for name, days in (("before", 2), ("after", 0)):
        await routing.service.deliver(golden.opinion(0, name, "health", occurred_at=ago(days=days)))
    assert [(await routing.case(name))["status"] for name in ("before", "after")] == ["assigned", "to_assign"]
    async with routing.service.tx() as tx:
        assert await assign_waiting(tx) == 0


async def test_the_sweep_hands_over_what_a_full_transaction_left_waiting(running):
    service = await running("routing", waiting_batch=3)
    await service.deliver(*[golden.opinion(n, f"c{n}") for n in range(7)])
    await service.deliver(golden.organisation(0, "housing"))
    done = []
    while not done or done[-1]:
        async with service.tx() as tx:
            done.append(await assign_waiting(tx))
    assert done == [3, 1, 0]
    assert len([e for e in await service.outbox() if isinstance(e, AssignmentMade)]) == 7


async def test_one_batch_may_hold_an_opinion_twice_and_opens_one_case(routing):
    event = golden.opinion(0, "a")
    again = event.model_copy(update={"id": golden.case_id("other"), "occurred_at": event.occurred_at + timedelta(hours=1)})
    await routing.service.deliver(event, again, event)
    await routing.service.deliver(again)
    assert len(await routing.told(CaseOpened)) == 1
    assert len((await routing.service.rows())["cases"]) == 1


async def test_a_case_records_the_profile_it_was_decided_under(routing):
    await routing.opened("a")
    rows = await routing.service.rows()
    assert all('"profile_version": "wujin@1+national@1"' in row for row in rows["cases"] + rows["case_history"])
    assert '"due_calendar": "chinesecalendar-' in rows["cases"][0]
