"""Places run on their own rules, and a change of rules rewrites nothing that was decided."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
import yaml

from services.routing import main
from services.routing.settings import Settings
from shared.profile import PROFILES, whole
from tests import kit
from tests.routing import golden
from tests.routing.conftest import LONG_AGO, REPLY, answering, ok, refused
from tests.routing.reports.test_report import act, report


def changed(folder: Path) -> Path:
    """The national rules of another version: two classes that count differently, a longer clock, other leads, more places."""
    said = whole(PROFILES / "national.yaml") | {"profile": "national", "version": 2}
    said["routing"]["result_classes"] = [
        {"code": "A", "label": {"zh": "办结", "en": "Done"}, "counts_as_done": False, "counts_as_promise": True},
        {"code": "Z", "label": {"zh": "其他", "en": "Other"}, "counts_as_done": True, "counts_as_promise": False},
    ]
    said["routing"]["clocks"]["reply"]["opinion"]["n"] = 20
    said["routing"]["categories"] = [{"code": c["code"], "lead": "transport"} for c in said["routing"]["categories"]]
    said["routing"]["reports"]["decimals"] = 3
    path = folder / "changed.yaml"
    path.write_text(yaml.safe_dump(said, allow_unicode=True), "utf-8")
    return path


async def answered(service: kit.Running, name: str, code: str) -> None:
    await service.deliver(golden.opinion(0, name, occurred_at=datetime.now(UTC)))
    ok(await act(service, name, "accept", 2))
    ok(await act(service, name, "reply", 3, answering(service.database.policy, code)))


async def test_a_change_of_rules_rewrites_no_decided_case_and_holds_for_new_ones(running, servers, tmp_path):
    old = await running("routing", profile=PROFILES / "national.yaml")
    await old.deliver(*(golden.organisation(0, name, occurred_at=LONG_AGO) for name in ("housing", "transport")))
    await answered(old, "a", "A")
    await answered(old, "d", "D")
    await old.deliver(golden.opinion(0, "open", occurred_at=datetime.now(UTC)))
    before = await old.rows()
    app = main.build(Settings(database_url=servers.database_url("routing"), site=kit.SITE, profile=changed(tmp_path)))
    client = httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://service")
    new = kit.Running("routing", app, client)
    try:
        assert await new.rows() == before
        await new.deliver(golden.rating(0, "a", 1, "satisfied"), golden.opinion(0, "new", occurred_at=datetime.now(UTC)))
        rows = await new.rows()
        assert rows["reply"] == before["reply"]  # with what their classes counted as when they were given
        cases = {row["id"]: row for row in map(json.loads, rows["cases"])}
        kept, fresh = (cases[str(golden.case_id(name))] for name in ("open", "new"))
        assert (kept["lead"], kept["profile_version"]) == ("housing", "national@1")
        assert (fresh["lead"], fresh["profile_version"]) == ("transport", "national@2")
        assert kept["reply_due_at"] < fresh["reply_due_at"]
        classes = (await report(new))["total"]["classes"]
        shown = [(c["code"], c["count"], c["share"]) for c in classes["items"]]
        assert shown == [("A", 1, "50.000"), ("Z", 0, "0.000"), ("D", 1, "50.000")]
        ok(await act(new, "open", "accept", 2))
        refused(await act(new, "open", "reply", 3, {**REPLY, "class": "D"}), 422, "UnknownResultClass")
    finally:
        await kit.close(new)


@pytest.mark.parametrize("place", [path.stem for path in sorted(PROFILES.glob("*.yaml"))])
async def test_a_case_goes_from_its_opinion_to_its_rating_under_the_rules_of_each_place(running, place):
    service = await running("routing", profile=PROFILES / f"{place}.yaml")
    await service.deliver(golden.organisation(0, "housing", occurred_at=LONG_AGO))
    known = [one.code for one in service.database.policy.result_classes]
    for code in known:
        await answered(service, code.lower(), code)
    await service.deliver(*(golden.rating(0, code.lower(), 1, "satisfied") for code in known))
    total = (await report(service))["total"]
    assert [(c["code"], c["count"]) for c in total["classes"]["items"]] == [(code, 1) for code in known]
    assert (total["satisfaction"]["base"], float(total["satisfaction"]["percent"])) == (len(known), 100.0)
    assert len(total["classes"]["items"][0]["share"].partition(".")[2]) == service.database.policy.reports.decimals
