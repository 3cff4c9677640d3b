"""What the run came to: the client's ledger, the effect ledger and `deploy.reconcile` against the rows, once all is at rest."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from deploy.local.servers import SERVICES
from deploy.reconcile import Report, Sources, reconcile
from deploy.reconcile.history import read_history
from tests.chaos.load import OPINIONS, Recorder
from tests.chaos.messages import Poison
from tests.chaos.watch import Watch

HUMAN = ("desk", "department")
TWICE = "event that took effect twice in"

Rows = Callable[[str], Awaitable[list[Any]]]


@dataclass
class Verdict:
    """Each reason by its name, with the ids it is about."""

    lost: dict[str, list[str]] = field(default_factory=dict)
    doubled: dict[str, list[str]] = field(default_factory=dict)
    wrong: dict[str, list[str]] = field(default_factory=dict)
    effects: int = 0
    dead_healthy: int = 0

    def add(self, kind: dict[str, list[str]], name: str, ids: Iterable[Any]) -> None:
        """Notes a reason unless it is about nothing."""
        if found := sorted(str(i) for i in ids):
            kind[name] = found

    def count(self, kind: dict[str, list[str]]) -> int:
        """How many different ids there are."""
        return len({i for ids in kind.values() for i in ids})


async def judge(watch: Watch, api: Recorder, poisons: list[Poison], prefix: str) -> Verdict:
    """Compares everything. Raises what the drivers raise: all servers are up by now."""
    verdict = Verdict()
    await _opinions(verdict, watch, api, prefix)
    await _acts(verdict, watch, api)
    await _ratings(verdict, watch, api)
    for service in SERVICES:
        await settle_accounts(verdict, service, partial(watch.rows, service))
    report = await reconcile(Sources.of(watch.suite.settings))
    _reconciled(verdict, report, poisons)
    await _leftovers(verdict, watch, report, poisons)
    return verdict


async def _opinions(verdict: Verdict, watch: Watch, api: Recorder, prefix: str) -> None:
    """A receipt is one opinion, one case, one line of points; a request is one opinion at most."""
    receipts = api.receipts()
    asked = {a.body["title"] for a in api.ledger.values() if a.path == OPINIONS}
    rows = await watch.rows("intake", f"SELECT number, title FROM opinion WHERE title LIKE '{prefix}%'")
    titles = Counter(row.title for row in rows)
    numbers = {row.number for row in rows}
    verdict.add(verdict.lost, "receipt without an opinion", set(receipts.values()) - numbers)
    verdict.add(verdict.doubled, "one request, several opinions", (t for t, n in titles.items() if n > 1))
    verdict.add(verdict.wrong, "opinion nobody sent", titles.keys() - asked)
    cases = Counter(row.number for row in await watch.rows("routing", "SELECT number FROM cases"))
    verdict.add(verdict.lost, "receipt without a case", (n for n in receipts.values() if not cases[n]))
    verdict.add(verdict.doubled, "opinion with several cases", (n for n, times in cases.items() if times > 1))
    backends = watch.backends
    history = await read_history(backends.bus.url, backends.seed("operator"))
    told = {event.id: event.data.get("number") for _, event in history.of(["intake.opinion_submitted.v1"])}
    sql = "SELECT evidence::text AS evidence FROM ledger_line WHERE item = 'opinion_taken_in'"
    lines = Counter(told.get(row.evidence, row.evidence) for row in await watch.rows("scoring", sql))
    verdict.add(verdict.lost, "receipt without points", (n for n in receipts.values() if not lines[n]))
    verdict.add(verdict.doubled, "opinion with points twice", (n for n, times in lines.items() if times > 1))


async def _acts(verdict: Verdict, watch: Watch, api: Recorder) -> None:
    """What a person was told is done stands in the history once, and nothing stands there that nobody asked for."""
    sql = "SELECT case_id::text AS case_id, version, action, by_role FROM case_history ORDER BY case_id, version"
    steps: dict[str, dict[int, tuple[str, str]]] = defaultdict(dict)
    for row in await watch.rows("routing", sql):
        steps[row.case_id][row.version] = (row.action, row.by_role)
    done: Counter[tuple[str, int]] = Counter()
    allowed: Counter[tuple[str, str]] = Counter()
    for asked in api.ledger.values():
        if not asked.path.startswith("/api/routing/cases/"):
            continue
        case_id, action = asked.path.split("/")[-2:]
        allowed[case_id, action] += 1
        if asked.answer is None:
            continue
        version = asked.answer["version"]
        done[case_id, version] += 1
        if steps[case_id].get(version, ("", ""))[0] != action:
            verdict.lost.setdefault("act that was answered and is not in the history", []).append(f"{case_id}:{version}")
    verdict.add(verdict.doubled, "two acts were answered with one version", (f"{c}:{v}" for (c, v), n in done.items() if n > 1))
    found = Counter((c, action) for c, history in steps.items() for action, role in history.values() if role in HUMAN)
    mine = {c for c, _ in allowed}
    verdict.add(
        verdict.doubled, "act more often than asked for", (f"{c}:{a}" for (c, a), n in found.items() if c in mine and n > allowed[c, a])
    )
    ruled = Counter(c for c, history in steps.items() for action, role in history.values() if (action, role) == ("assign", "rule"))
    verdict.add(verdict.doubled, "assigned by rule twice", (c for c, n in ruled.items() if n > 1))


async def _ratings(verdict: Verdict, watch: Watch, api: Recorder) -> None:
    """A rating that was taken is in intake, and has closed or reopened its case once."""
    sql = "SELECT o.number || ':' || r.round AS key FROM rating r JOIN opinion o ON o.id = r.opinion_id"
    taken = {row.key for row in await watch.rows("intake", sql)}
    sql = "SELECT c.number || ':' || r.round AS key FROM rating r JOIN cases c ON c.id = r.case_id"
    counted = {row.key for row in await watch.rows("routing", sql)}
    sql = (
        "SELECT c.number || ':' || count(*) AS key FROM case_history h JOIN cases c ON c.id = h.case_id "
        "WHERE h.action IN ('rate', 'reopen') GROUP BY c.number"
    )
    moved = {row.key for row in await watch.rows("routing", sql)}
    rounds = Counter(key.partition(":")[0] for key in counted)
    answered = {
        f"{a.path.split('/')[-2]}:{key.rpartition('-')[2]}" for key, a in api.ledger.items() if a.path.endswith("/rating") and a.answer
    }
    verdict.add(verdict.lost, "rating that was answered and is not kept", answered - taken)
    verdict.add(verdict.lost, "rating without its step of the case", taken - counted)
    verdict.add(verdict.wrong, "ratings and steps do not agree", {f"{number}:{n}" for number, n in rounds.items()} ^ moved)


async def settle_accounts(verdict: Verdict, service: str, rows: Rows) -> None:
    """The effect ledger of a service: each event that it claimed was handled to a commit, once."""
    verdict.effects += (await rows("SELECT count(DISTINCT (event_id, handler)) AS n FROM chaos_effect"))[0].n
    twice = await rows("SELECT event_id FROM chaos_effect GROUP BY event_id, handler HAVING count(*) > 1")
    verdict.add(verdict.doubled, f"{TWICE} {service}", (row.event_id for row in twice))
    sql = (
        "SELECT event_id FROM kit_inbox i WHERE NOT EXISTS (SELECT FROM chaos_effect e WHERE e.event_id = i.event_id) "
        "AND NOT EXISTS (SELECT FROM kit_parked p WHERE p.event_id = i.event_id)"
    )
    verdict.add(verdict.lost, f"event claimed without effect in {service}", (row.event_id for row in await rows(sql)))


def _reconciled(verdict: Verdict, report: Report, poisons: list[Poison]) -> None:
    """The findings of `lianxin reconcile`. What a poison speaks of has no rows, as it should."""
    expected = {p.about for p in poisons} | {p.event_id for p in poisons}
    for finding in report.findings:
        name = f"{finding.invariant} {finding.service}: {finding.check}"
        verdict.add(verdict.lost, f"{name}: missing", finding.missing - expected)
        verdict.add(verdict.doubled, f"{name}: doubled", finding.doubled - expected)
        verdict.add(verdict.wrong, f"{name}: orphaned", finding.orphaned - expected)


async def _leftovers(verdict: Verdict, watch: Watch, report: Report, poisons: list[Poison]) -> None:
    """Dead letters are the poisons and nothing else; nothing is parked, blamed or stuck."""
    dead = {(service, event_id) for service, ids in report.dead.items() for event_id in ids}
    poisoned = {(p.service, p.event_id) for p in poisons}
    healthy = {f"{service}:{event_id}" for service, event_id in dead - poisoned}
    verdict.dead_healthy = len(healthy)
    verdict.add(verdict.wrong, "dead letter of a healthy event", healthy)
    verdict.add(verdict.wrong, "poison that is no dead letter", (f"{s}:{e}" for s, e in poisoned - dead))
    for service in SERVICES:
        blamed = {row.event_id for row in await watch.rows(service, "SELECT event_id FROM kit_failure")} - {e for _, e in poisoned}
        verdict.add(verdict.wrong, f"healthy event that a handler of {service} raised on", blamed)
        parked = await watch.rows(service, "SELECT event_id FROM kit_parked")
        verdict.add(verdict.lost, f"event of {service} that waits for what never came", (row.event_id for row in parked))
        stuck = await watch.rows(service, "SELECT id FROM kit_outbox")
        verdict.add(verdict.lost, f"event that never left the outbox of {service}", (row.id for row in stuck))
