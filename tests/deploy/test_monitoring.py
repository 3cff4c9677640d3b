"""Alarms and dashboard hang on metrics that exist, every alarm has its page in the runbook, and each fires on its situation alone."""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.doctor import findings
from shared.metrics import Metrics
from shared.settings import ROOT
from shared.texts import catalogue

FOLDER = ROOT / "deploy" / "monitoring"
ALERTS = yaml.safe_load((FOLDER / "alerts.yaml").read_text("utf-8"))
RULES: list[dict[str, Any]] = [rule for group in ALERTS["groups"] for rule in group["rules"]]
DASHBOARD = json.loads((FOLDER / "grafana.json").read_text("utf-8"))
RUNBOOK = (ROOT / "docs" / "operating.md").read_text("utf-8")

_METRIC = re.compile(r"\b(?:lianxin|process)_[a-z0-9_]+")

needs_promtool = pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not here: apt-get install prometheus")


def expressions() -> Iterator[str]:
    """Every expression of the rules and of the dashboard."""
    yield from (rule["expr"] for rule in RULES)
    for panel in DASHBOARD["panels"]:
        yield from (target["expr"] for target in panel.get("targets", ()))


def named_metrics() -> set[str]:
    """The metrics that rules and dashboard name; `process_…` are those of any Python program."""
    return {name for expression in expressions() for name in _METRIC.findall(expression)}


def anchors(page: str) -> set[str]:
    """The anchors of a page's headings, as code forges make them."""
    titles = re.findall(r"^#+ (.+)$", page, re.M)
    return {re.sub(r"[^\w\- ]", "", title.strip().lower()).replace(" ", "-") for title in titles}


def test_every_alert_says_what_is_wrong_in_both_languages_and_where_to_read_on() -> None:
    assert len({rule["alert"] for rule in RULES}) == len(RULES)
    for rule in RULES:
        summary = rule["annotations"]["summary"]
        assert re.search(r"[\u4e00-\u9fff]", summary) and re.search(r"[a-z]{3,}", summary), summary
        assert rule["labels"]["severity"] in ("critical", "warning")
        assert rule["annotations"]["runbook"] == f"docs/operating.md#{rule['alert'].lower()}"


def test_the_runbook_has_a_section_for_each_alert_and_for_nothing_that_is_none() -> None:
    section = RUNBOOK.partition("\n## The alarms\n")[2].partition("\n## ")[0]
    assert re.findall(r"^### (\w+)$", section, re.M) == [rule["alert"] for rule in RULES]


def test_what_the_doctor_sends_one_to_read_is_there() -> None:
    known = anchors(RUNBOOK)
    told = (ROOT / "deploy" / "doctor" / "texts.yaml").read_text("utf-8")
    for anchor in re.findall(r"docs/operating\.md#([\w-]+)", told):
        assert anchor in known, anchor


def test_every_finding_of_the_doctor_has_its_words() -> None:
    folder = ROOT / "deploy" / "doctor"
    used: set[str] = set()
    for path in folder.glob("*.py"):
        for call in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in ("finding", "_named"):
                used |= {str(a.value) for a in call.args[1:3] if isinstance(a, ast.Constant)}
    words = catalogue(folder)
    assert len(used) > 20 and used <= set(words), used - set(words)
    for key, entry in words.items():
        assert {"zh", "en"} <= set(entry), key
    assert findings.finding("ok", "python", version="3.11.7").heal == ""


def test_alarms_and_dashboard_hang_on_metrics_that_the_kit_has() -> None:
    metrics = Metrics("scoring")
    declared = {name for names in metrics.registry._collector_to_names.values() for name in names}
    declared |= set(_METRIC.findall(metrics.render().decode()))
    machine = set(re.findall(r'"(lianxin_\w+)"', (ROOT / "shared" / "machine.py").read_text("utf-8")))
    assert len(named_metrics()) > 20
    assert named_metrics() <= declared | machine, named_metrics() - declared - machine


HEALTHY: Mapping[str, str] = {
    **{f'up{{job="lianxin", service="{service}"}}': "1x130" for service in ("gateway", "intake")},
    'lianxin_http_requests_total{service="gateway", status="200"}': "0+100x130",
    'lianxin_http_requests_total{service="gateway", status="500"}': "0x130",
    'lianxin_database_up{service="intake"}': "1x130",
    'lianxin_database_full{service="intake"}': "0x130",
    'lianxin_bus_up{service="intake"}': "1x130",
    'lianxin_publish_refused{service="intake"}': "0x130",
    'lianxin_outbox_oldest_seconds{service="intake"}': "1x130",
    'lianxin_outbox_parked_rows{service="intake"}': "0x130",
    'lianxin_consumer_standstill_seconds{service="intake"}': "0x130",
    'lianxin_consumer_fetch_age_seconds{service="intake"}': "2x130",
    'lianxin_consumer_recreated_timestamp_seconds{service="intake"}': "-100000x130",
    'lianxin_dead_letters{service="intake"}': "0x130",
    'lianxin_parked_oldest_seconds{service="intake"}': "20x130",
    'lianxin_loop_lag_seconds{service="intake"}': "0.01x130",
    'lianxin_disk_free_bytes{service="intake"}': "60000000000x130",
    'lianxin_disk_size_bytes{service="intake"}': "100000000000x130",
    'lianxin_disk_free_inodes_ratio{service="intake"}': "0.9x130",
    'lianxin_stream_bytes{service="intake", stream="EVENTS"}': "100x130",
    'lianxin_stream_limit_bytes{service="intake", stream="EVENTS"}': "1000x130",
    'lianxin_sweep_success_timestamp_seconds{service="intake", sweep="purge"}': "0+10x130",
    'lianxin_sweep_every_seconds{service="intake", sweep="purge"}': "60x130",
    'lianxin_backup_timestamp_seconds{service="intake"}': "0x130",
    'lianxin_audit_waiting_seconds{service="intake"}': "0.4x130",
    'lianxin_audit_contradicted{service="intake"}': "0x130",
}
"""A value every ten seconds for twenty minutes; what a healthy suite says."""

_INTAKE = '{service="intake"}'
SITUATIONS: tuple[tuple[str, Mapping[str, str], tuple[str, ...]], ...] = (
    ("healthy", {}, ()),
    ("a service that is down", {'up{job="lianxin", service="intake"}': "1x14 0x30"}, ("ServiceDown",)),
    ("a service that starts again and again", {'up{job="lianxin", service="intake"}': " ".join(["0 0 1"] * 15)}, ("ServiceDown",)),
    ("nobody to ask where the services are", {'up{job="lianxin", service="gateway"}': "1x14 stale"}, ("ServiceDown",)),
    (
        "a dead database hides what follows from it",
        {f"lianxin_database_up{_INTAKE}": "0x130", f"lianxin_outbox_oldest_seconds{_INTAKE}": "500x130"},
        ("DatabaseAway",),
    ),
    ("a full disk of the database", {f"lianxin_database_full{_INTAKE}": "1x130"}, ("DatabaseFull",)),
    (
        "no broker, and events that wait for it",
        {f"lianxin_bus_up{_INTAKE}": "0x130", f"lianxin_outbox_oldest_seconds{_INTAKE}": "500x130"},
        ("BusAway",),
    ),
    (
        "a full stream, and events that wait for it",
        {f"lianxin_publish_refused{_INTAKE}": "1x130", f"lianxin_outbox_oldest_seconds{_INTAKE}": "500x130"},
        ("StreamFull",),
    ),
    ("events that wait though nothing is away", {f"lianxin_outbox_oldest_seconds{_INTAKE}": "31x130"}, ("OutboxWaits",)),
    ("a parked outbox row", {f"lianxin_outbox_parked_rows{_INTAKE}": "1x130"}, ("OutboxRowParked",)),
    ("a standstill", {f"lianxin_consumer_standstill_seconds{_INTAKE}": "31x130"}, ("ConsumerStands",)),
    ("a loop that fetches no more", {f"lianxin_consumer_fetch_age_seconds{_INTAKE}": "31x130"}, ("ConsumerStands",)),
    ("a consumer made anew", {f"lianxin_consumer_recreated_timestamp_seconds{_INTAKE}": "1000x130"}, ("ConsumerMadeAnew",)),
    ("dead letters", {f"lianxin_dead_letters{_INTAKE}": "2x130"}, ("DeadLetters",)),
    ("an event that waits for another too long", {f"lianxin_parked_oldest_seconds{_INTAKE}": "3700x130"}, ("EventsParked",)),
    ("requests that fail", {'lianxin_http_requests_total{service="gateway", status="500"}': "0+3x130"}, ("RequestsFail",)),
    ("a process that cannot follow", {f"lianxin_loop_lag_seconds{_INTAKE}": "1.5x130"}, ("ProcessOverloaded",)),
    ("a disk with little room", {f"lianxin_disk_free_bytes{_INTAKE}": "1000000000x130"}, ("DiskNearlyFull",)),
    ("a large disk with a small share of room", {f"lianxin_disk_size_bytes{_INTAKE}": "2000000000000x130"}, ("DiskNearlyFull",)),
    ("no inodes", {f"lianxin_disk_free_inodes_ratio{_INTAKE}": "0.01x130"}, ("DiskNearlyFull",)),
    ("a stream that fills", {'lianxin_stream_bytes{service="intake", stream="EVENTS"}': "810x130"}, ("StreamNearlyFull",)),
    (
        "a sweep that stands",
        {'lianxin_sweep_success_timestamp_seconds{service="intake", sweep="purge"}': "0x130"},
        ("SweepStands",),
    ),
    ("a backup of the day before yesterday", {f"lianxin_backup_timestamp_seconds{_INTAKE}": "-100000x130"}, ("BackupTooOld",)),
    ("audit rows out of the chain", {f"lianxin_audit_waiting_seconds{_INTAKE}": "400x130"}, ("AuditStands",)),
    ("an altered audit", {f"lianxin_audit_contradicted{_INTAKE}": "1x130"}, ("AuditContradicted",)),
)


_OF_THE_SITE = {"RequestsFail", "DiskNearlyFull", "StreamNearlyFull", "BackupTooOld", "AuditContradicted"}
"""Alerts about the site as a whole: their situations are tried one by one, all others side by side, each on a service of its own."""


def _promtool_test(name: str, series: Mapping[str, str], fired: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """A test for promtool: exactly these (alert, service) fire; the service is empty for an alert about the site."""
    samples = [
        {"labels": "{" + f'alertname="{alert}"' + (f', service="{service}"' if service else "") + "}", "value": 1}
        for alert, service in fired
    ]
    firing = 'count by (alertname, service) (ALERTS{alertstate="firing"})'
    return {
        "name": name,
        "interval": "30s",
        "input_series": [{"series": key, "values": values} for key, values in series.items()],
        "promql_expr_test": [{"expr": firing, "eval_time": "20m", "exp_samples": samples}],
    }


@needs_promtool
def test_each_alert_fires_on_its_situation_and_no_other_does(tmp_path: Path) -> None:
    assert {alert for _, _, fired in SITUATIONS for alert in fired} == {rule["alert"] for rule in RULES}
    tests, side_by_side, expected = [], dict(HEALTHY), []
    for number, (name, series, fired) in enumerate(SITUATIONS):
        told = {**HEALTHY, **series}
        if _OF_THE_SITE & set(fired) or any("gateway" in key for key in series):
            tests.append(_promtool_test(name, told, [(alert, "gateway" if alert == "ServiceDown" else "") for alert in fired]))
        else:
            own = f"intake{number}"
            side_by_side |= {key.replace("intake", own): values for key, values in told.items()}
            expected += [(alert, own) for alert in fired]
    tests.append(_promtool_test("side by side", side_by_side, expected))
    written = tmp_path / "situations.yaml"
    written.write_text(yaml.safe_dump({"rule_files": [str(FOLDER / "alerts.yaml")], "evaluation_interval": "30s", "tests": tests}))
    done = subprocess.run(["promtool", "test", "rules", str(written)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@needs_promtool
@pytest.mark.parametrize("check", [("rules", "alerts.yaml"), ("config", "prometheus.yml")])
def test_promtool_finds_nothing_wrong_with(check: tuple[str, str]) -> None:
    what, name = check
    done = subprocess.run(["promtool", "check", what, str(FOLDER / name)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_panel_of_the_dashboard_has_a_title_in_both_languages_and_says_its_unit() -> None:
    assert DASHBOARD["uid"] and len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
    for panel in DASHBOARD["panels"]:
        assert re.search(r"[\u4e00-\u9fff]", panel["title"]) and re.search(r"[a-z]{3,}", panel["title"])
        if panel["type"] != "row":
            assert panel["targets"] and panel["fieldConfig"]["defaults"]["unit"]
