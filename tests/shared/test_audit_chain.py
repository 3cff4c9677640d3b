"""Whatever a database's owner does to the audit's rows is found, by `lianxin audit verify` and by the stand-alone verifier (F35, I8)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from deploy.cli import audit
from deploy.verify_audit import Bad, Walk, read_checkpoints, read_keys
from shared.audit_chain import genesis, link, stamp
from shared.db import Tx
from shared.settings import ROOT
from tests.shared import service as tiny
from tests.shared.chains import ORIGIN, ROWS, Chain, Tampering, rewritten, run, sql


async def inserted(tx: Tx) -> None:
    """A row put in between 4 and 5, with a fitting hash, and the later ones moved on."""
    await tx.execute(text("UPDATE kit_audit SET seq = -seq - 1 WHERE seq > 4"))
    await tx.execute(text("UPDATE kit_audit SET seq = -seq WHERE seq < 0"))
    row = (await tx.execute(text("SELECT * FROM kit_audit WHERE seq = 4"))).one()
    content: tuple[Any, ...] = (5, stamp(row.at), "anyone", row.action, [], "done", None, None, None)
    await tx.execute(
        text(
            "INSERT INTO kit_audit (seq, at, actor, action, object, outcome, prev, hash) SELECT 5, :at, 'anyone', :v, '{}', 'done', :p, :h"
        ),
        {"at": row.at, "v": row.action, "p": row.hash, "h": link(row.hash, content)},
    )


TAMPERINGS: dict[str, tuple[Tampering, int, str]] = {
    "a row changed": (sql("UPDATE kit_audit SET outcome = 'done' WHERE seq = 5"), 5, "changed"),
    "a row deleted": (sql("DELETE FROM kit_audit WHERE seq = 5"), 5, "missing"),
    "the first row deleted": (sql("DELETE FROM kit_audit WHERE seq = 1"), 1, "missing"),
    "a row deleted and the gap closed": (
        sql(
            "DELETE FROM kit_audit WHERE seq = 5",
            "UPDATE kit_audit SET seq = -seq WHERE seq > 5",
            "UPDATE kit_audit SET seq = -seq - 1 WHERE seq < 0",
        ),
        5,
        "changed",
    ),
    "a row put in between": (inserted, 5, "put in"),
    "a row changed with its hash": (rewritten(5, 5), 5, "together with its hash"),
    "the tail cut off": (sql("DELETE FROM kit_audit WHERE seq > 9"), 10, "missing, with all up to 12"),
    "everything deleted": (sql("DELETE FROM kit_audit"), 1, "missing, with all up to 12"),
    "a row changed and the whole chain computed anew": (rewritten(9), 7, "written anew"),
    "an old row changed and the whole chain computed anew": (rewritten(3), 1, "written anew"),
    "rows taken out and the whole chain computed anew": (rewritten(0, delete=(8, 9)), 11, "missing, with all up to 12"),
}


async def test_whatever_an_owner_does_to_the_rows_both_verifiers_name_the_first_bad_one(chain: Chain, tmp_path: Path) -> None:
    verdict = await chain.verdict()
    assert verdict.clean and (verdict.rows, verdict.covered) == (ROWS, ROWS)
    signed, _ = read_checkpoints((await audit.published(chain.run)).notes, read_keys(chain.keys))
    sound = await chain.standalone(tmp_path)
    assert sound == (0, "12 rows fit; checkpoints cover 12\n")
    # with the standard library and `cryptography` alone, as an outsider has it: the suite is not on its path
    outside = [str(tmp_path / name) for name in ("rows", "checkpoints", "keys")]
    assert await run("-I", str(ROOT / "deploy" / "verify_audit.py"), *outside) == sound
    await chain.tamper(sql("CREATE TABLE kit_audit_saved AS TABLE kit_audit"))
    try:
        for what, (change, seq, word) in TAMPERINGS.items():
            await chain.tamper(change)
            verdict, alone = await audit.walk(chain.run, tiny.NAME, signed, []), await chain.standalone(tmp_path)
            assert verdict.bad is not None and verdict.bad.seq == seq and word in verdict.bad.what, (what, verdict)
            assert alone == (1, f"{verdict.bad}\n"), what
            await chain.tamper(sql("DELETE FROM kit_audit", "INSERT INTO kit_audit SELECT * FROM kit_audit_saved"))
        assert (await chain.verdict()).clean
    finally:
        await chain.tamper(sql("DROP TABLE kit_audit_saved"))


async def test_a_guard_that_was_taken_away_or_switched_off_is_reported(chain: Chain) -> None:
    async with chain.database.transaction() as tx:
        await tx.execute(text("ALTER TABLE kit_audit DISABLE TRIGGER kit_audit_rows"))
    try:
        verdict = await chain.verdict()
        assert not verdict.clean and verdict.bad is None and "triggers" in verdict.warnings[0]
    finally:
        await chain.tamper(sql())


def content_of(n: int) -> list[Any]:
    at = stamp(datetime(2026, 3, 2, tzinfo=UTC) + timedelta(seconds=n))
    return [n, at, "anyone", "POST /opinions", [f"id-{n}"], "done", f"request-{n}", "0" * 32, "ab" * 32]


def walked(rows: Sequence[tuple[list[Any], bytes, bytes]]) -> int | None:
    """The number of the first bad row, if there is one."""
    walk = Walk(ORIGIN, [])
    try:
        for row in rows:
            walk.take(*row)
        walk.end()
    except Bad as bad:
        return bad.seq
    return None


@given(seq=st.integers(1, 8), column=st.integers(0, 10), data=st.data())
def test_any_single_value_that_is_changed_is_found_at_its_row(seq: int, column: int, data: st.DataObject) -> None:
    rows: list[tuple[list[Any], bytes, bytes]] = []
    prev = genesis(ORIGIN)
    for n in range(1, 9):
        content = content_of(n)
        rows.append((content, prev, link(prev, content)))
        prev = rows[-1][2]
    assert walked(rows) is None
    content, before, own = rows[seq - 1]
    if column < 9:
        old = content[column]
        fresh = st.lists(st.text(max_size=5)) if isinstance(old, list) else st.integers() if isinstance(old, int) else st.none() | st.text()
        content = [data.draw(fresh.filter(lambda v: v != old)) if n == column else v for n, v in enumerate(content)]
    elif column == 9:
        before = data.draw(st.binary(min_size=32, max_size=32).filter(lambda v: v != rows[seq - 1][1]))
    else:
        own = data.draw(st.binary(min_size=32, max_size=32).filter(lambda v: v != rows[seq - 1][2]))
    rows[seq - 1] = (content, before, own)
    assert walked(rows) == seq
