"""A hundred thousand cases, or a million, that are there before a run: rows as a life leaves them, in every service that keeps some.

Written by COPY and INSERT … SELECT past the services, because a year cannot be lived in a benchmark; texts, numbers, ids,
search entries (the product's own `grams`) and inbox rows are what the services would have written. The report holds how
many rows each table has afterwards (`preloaded`). All is vacuumed and analysed, as autovacuum would have done over the year.
Left out is what the services purge within days: stored answers, the outbox, failures.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg

from deploy.local.backends import Backends
from deploy.local.servers import SERVICES
from services.routing.search import grams
from shared.events import derived_id
from tests.bench.place import Place
from tests.bench.texts import REPLY, words

YEAR = timedelta(days=360)
_PART = 10_000
_OPINION = (
    "id number lookup_salt lookup_hash channel code_id target_id region title text category confidence category_source "
    "profile_version submitted_at status round replied_round status_version status_at case_id"
)
_CASE = (
    "id site opinion_id number matter channel target_id region title text category proposed_category confidence source status version "
    "round lead co_handlers handed_over_at clock_from reply_due_at due_is_provisional overdue_round result_class opened_at profile_version"
)

ROUTING = (
    """
    INSERT INTO case_history (case_id, version, action, from_status, to_status, round, by_role, by_organisation, at, profile_version)
    SELECT c.id, s.version, s.action, s.before, s.after, 1, s.role, CASE s.role WHEN 'department' THEN c.lead END,
           c.opened_at + s.version * interval '1 day', c.profile_version
    FROM cases c CROSS JOIN (VALUES (1, 'open', NULL, 'to_assign', 'rule'), (2, 'assign', 'to_assign', 'assigned', 'desk'),
        (3, 'accept', 'assigned', 'accepted', 'department'), (4, 'reply', 'accepted', 'replied', 'department'))
        AS s (version, action, before, after, role)
    WHERE s.version <= c.version AND c.profile_version = 'preloaded'
    """,
    """
    INSERT INTO part (id, case_id, organisation, part, round, current, opened_at)
    SELECT gen_random_uuid(), id, lead, 'lead', 1, true, opened_at FROM cases WHERE profile_version = 'preloaded'
    """,
    """
    INSERT INTO reply (case_id, round, department, result_class, counts_as_done, counts_as_promise, text, signer, replied_at, on_time)
    SELECT id, 1, lead, 'A', true, false, $1, '承办人', opened_at + interval '4 days', true
    FROM cases WHERE status = 'replied' AND profile_version = 'preloaded'
    """,
    """
    INSERT INTO kit_inbox (event_id, consumer, at)
    SELECT gen_random_uuid(), 'routing', opened_at FROM cases WHERE profile_version = 'preloaded'
    """,
)
INTAKE = (
    """
    INSERT INTO timeline_entry (id, opinion_id, at, kind, round, case_version, department, text, result_class)
    SELECT gen_random_uuid(), o.id, o.submitted_at + s.version * interval '1 day', s.kind, 1, s.version,
           CASE WHEN s.version > 1 THEN 'housing' END, CASE s.version WHEN 4 THEN $1 END, CASE s.version WHEN 4 THEN 'A' END
    FROM opinion o CROSS JOIN (VALUES (1, 'classified'), (2, 'assigned'), (3, 'in_handling'), (4, 'replied')) AS s (version, kind)
    WHERE s.version <= o.status_version AND o.profile_version = 'preloaded'
    """,
    """
    INSERT INTO kit_inbox (event_id, consumer, at)
    SELECT gen_random_uuid(), 'intake', o.submitted_at FROM opinion o CROSS JOIN generate_series(1, 4) AS s (version)
    WHERE s.version <= o.status_version AND o.profile_version = 'preloaded'
    """,
)
NOTIFY = (
    """
    INSERT INTO notice (id, site, notice_class, audience_kind, audience, params, cause, occurred_at)
    SELECT gen_random_uuid(), n.site, n.notice_class, n.audience_kind, n.audience, n.params, gen_random_uuid(), n.occurred_at
    FROM (SELECT * FROM notice ORDER BY position DESC LIMIT 8) n CROSS JOIN generate_series(1, $1 / 8)
    """,
    "INSERT INTO kit_inbox (event_id, consumer, at) SELECT gen_random_uuid(), 'notify', now() FROM generate_series(1, $1)",
)
SCORING = (
    """
    INSERT INTO ledger_line (id, site, item, points, earner_kind, earner_id, evidence, occurred_at, day, period, rule_version)
    SELECT gen_random_uuid(), n.site, n.item, n.points, n.earner_kind, n.earner_id, gen_random_uuid(), n.occurred_at, n.day, n.period,
           n.rule_version
    FROM (SELECT * FROM ledger_line ORDER BY occurred_at DESC LIMIT 8) n CROSS JOIN generate_series(1, $1 / 8)
    """,
    "INSERT INTO kit_inbox (event_id, consumer, at) SELECT gen_random_uuid(), 'scoring', now() FROM generate_series(1, $1)",
)


_INDEXES = """
    SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS definition
    FROM pg_index JOIN pg_class ON pg_class.oid = indrelid
    WHERE relnamespace = 'public'::regnamespace AND relname = ANY($1) AND NOT indisprimary AND NOT indisunique
"""
_FILLED = {"intake": ["opinion", "timeline_entry"], "routing": ["cases", "case_search", "case_history", "part", "reply"]}


async def preload(place: Place, cases: int, seed: str) -> None:
    """Puts `cases` cases into the suite's databases. A few lives must have been lived there before: notices and points are like theirs.

    Indexes are taken away and built anew at the end, as a restore does: entry by entry they take most of the time.
    """
    backends = Backends(place.suite.settings, list(SERVICES))
    open_: dict[str, asyncpg.Connection] = {
        name: await asyncpg.connect(backends.database.url(name).replace("+asyncpg", ""))
        for name in ("intake", "routing", "notify", "scoring")
    }
    indexes = {service: await open_[service].fetch(_INDEXES, tables) for service, tables in _FILLED.items()}
    for service, found in indexes.items():
        await open_[service].execute("".join(f"DROP INDEX {index['name']};" for index in found))
    chance, departments = random.Random(seed), place.departments()
    for start in range(0, cases, _PART):
        part = list(_matters(chance, departments, place.suite.settings.site, min(_PART, cases - start)))
        await _copy(open_["intake"], "opinion", _OPINION, [opinion for opinion, _ in part])
        await _copy(open_["routing"], "cases", _CASE, [case for _, case in part])
        search = [{"case_id": case["id"], "grams": grams(f"{case['title']} {case['text']}")} for _, case in part]
        await _copy(open_["routing"], "case_search", "case_id grams", search)
    for service, statements, argument in (("routing", ROUTING, REPLY), ("intake", INTAKE, REPLY)):
        for statement in statements:
            await open_[service].execute(statement, *([argument] if "$1" in statement else []))
    for service, statements, rows in (("notify", NOTIFY, 2 * cases), ("scoring", SCORING, cases)):
        for statement in statements:
            done = await open_[service].execute(statement, rows)
            assert int(done.rpartition(" ")[2]) > rows // 10, f"{service}: {done} of {rows}"
    for service, found in indexes.items():
        for index in found:
            await open_[service].execute(f"SET maintenance_work_mem = '1GB'; {index['definition']}")
    for connection in open_.values():
        await connection.execute("VACUUM ANALYZE")
        await connection.close()


async def _copy(connection: asyncpg.Connection, table: str, columns: str, rows: list[dict[str, Any]]) -> None:
    names = columns.split()
    await connection.copy_records_to_table(table, columns=names, records=[[row[name] for name in names] for row in rows])


def _matters(chance: random.Random, departments: list[str], site: str, number: int) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Opinions with their cases, over the last year: 19 of 20 are replied to, the others are being handled, a tenth of these late."""
    newest = datetime.now(UTC) - timedelta(days=1)
    for _ in range(number):
        said, at = words(chance), newest - chance.random() * YEAR
        opinion_id = uuid.UUID(int=chance.getrandbits(128), version=4)
        case_id, code_id = derived_id(opinion_id, "case"), uuid.UUID(int=chance.getrandbits(128))
        is_replied, organisation = chance.random() < 0.95, chance.choice(departments)
        is_late = not is_replied and chance.random() < 0.1
        version = 4 if is_replied else 3
        both: dict[str, Any] = {
            "number": f"{site}-{at.year}-{chance.getrandbits(40):08X}",
            "channel": "station",
            "target_id": code_id,
            "region": site,
            "title": said.title,
            "text": said.text,
            "category": None,
            "confidence": 0.0,
            "round": 1,
            "profile_version": "preloaded",
        }
        opinion = {
            **both,
            "id": opinion_id,
            "lookup_salt": chance.randbytes(16),
            "lookup_hash": chance.randbytes(32),
            "code_id": code_id,
            "category_source": "none",
            "submitted_at": at,
            "status": "replied" if is_replied else "in_handling",
            "replied_round": 1 if is_replied else 0,
            "status_version": version,
            "status_at": at + version * timedelta(days=1),
            "case_id": case_id,
        }
        case = {
            **both,
            "id": case_id,
            "site": site,
            "opinion_id": opinion_id,
            "matter": "opinion",
            "proposed_category": None,
            "source": "none",
            "status": "replied" if is_replied else "accepted",
            "version": version,
            "lead": organisation,
            "co_handlers": [],
            "handed_over_at": at + timedelta(days=2),
            "clock_from": at + timedelta(days=2),
            "reply_due_at": at + timedelta(days=1 if is_late else 400),
            "due_is_provisional": False,
            "overdue_round": int(is_late),
            "result_class": "A" if is_replied else None,
            "opened_at": at,
        }
        yield opinion, case
