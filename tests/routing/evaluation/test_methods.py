"""Methods of places as rules and labels over the one engine: 132 of Tongzhou, 选分督评 of Chongchuan."""

from __future__ import annotations

from datetime import datetime

from shared.events.routing import CaseClosed
from shared.events.routing_evaluation import SuggestionRated
from shared.workdays import CHINA
from tests import kit
from tests.routing import golden
from tests.routing.conftest import LONG_AGO, REPLY, Routing, made, ok, refused
from tests.routing.evaluation.stories import at_place, evaluation, paper, rate, rating
from tests.routing.suggestions.test_opening import checked
from tests.routing.supervising.test_key_cases import HEAD, LEADER, key

YEAR = datetime.now(CHINA).year


async def test_in_132_a_key_case_goes_one_to_one_through_three_contacts_to_two_ratings(running):
    routing = await at_place(running, "tongzhou")
    await routing.service.deliver(checked("a", occurred_at=datetime.now(CHINA)))
    case = ok(await routing.act("a", "assign", 1, {"lead": "housing"}))
    refused(await key(routing, "a", led_by=[LEADER, HEAD]), 422, "NotOneToOne")
    supervision = ok(await key(routing, "a"))
    assert (len(supervision["led_by"]), len(supervision["supervised_by"])) == (1, 1)
    version = case["version"]
    for phase, step in (("before", "accept"), ("during", "reply"), ("after", None)):
        said = {"phase": phase, "how": "visit", "held_at": datetime.now(CHINA).isoformat(), "summary": "当面听取意见"}
        ok(await routing.act("a", "contact", version, said))
        version += 1
        if step:
            version = ok(await routing.act("a", step, version, REPLY if step == "reply" else None))["version"]
    contacts = ok(await routing.get(f"/cases/{case['id']}/contacts"))["contacts"]
    assert [contact["label"] for contact in contacts] == ["事前沟通", "事中协调", "事后督办"]
    ok(await rate(routing, "a", rating()))
    ok(await paper(routing, "a", rating()))
    (form,) = (await evaluation(routing))["forms"]
    assert [one["channel"] for one in form["ratings"]] == ["net", "paper"]
    assert len(await routing.told(SuggestionRated)) == 2 and len(await routing.told(CaseClosed)) == 1


async def test_the_four_phases_of_chongchuan_are_yaml_over_the_same_engine(running, tmp_path):
    whole = kit.wujin()
    names = {"select": "选", "sort": "分", "supervise": "督", "evaluate": "评"}
    states = {
        "select": ["to_assign"],
        "sort": ["assigned", "objected"],
        "supervise": ["accepted"],
        "evaluate": ["replied", "closed", "withdrawn"],
    }
    whole["routing"]["phases"] = [{"code": code, "label": {"zh": zh, "en": code}, "of": states[code]} for code, zh in names.items()]
    service = await running("routing", profile=kit.profile_file(tmp_path, whole))
    await service.deliver(golden.organisation(0, "housing", occurred_at=LONG_AGO))
    routing = Routing(service)
    await routing.opened("w", None)  # 选: waits to be sorted
    await routing.opened("s")  # 分: sorted by its category
    await routing.handled("h", until="accepted")  # 督
    case = await routing.handled("r")  # 评
    await routing.rate("r", 1, "satisfied")
    made(await routing.post(f"/cases/{case['id']}/notes", {"kind": "follow_up", "text": "跟踪督查：现场已整改"}))
    report = ok(await routing.get("/reports/handling", year=YEAR))
    assert [(phase["code"], phase["count"]) for phase in report["phases"]] == [(code, 1) for code in names]
