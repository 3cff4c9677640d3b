from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree
from zipfile import ZipFile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.figures import rules
from services.intake.figures.errors import ExportPurposeUnknown, ExportTooLarge, WindowUpsideDown
from services.intake.settings import IntakePolicy
from shared import sheets
from shared.profile import load
from shared.settings import ROOT

POLICY = load(ROOT / "deploy" / "profiles" / "wujin.yaml", "intake", IntakePolicy).exports
DANGEROUS = ["=1+1", "+1", "-2", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1+1", '=HYPERLINK("http://evil.example")', "－1"]


async def pages_of(*pages: Sequence[Sequence[Any]]) -> AsyncIterator[Sequence[Sequence[Any]]]:
    for page in pages:
        yield page


async def whole(pieces: AsyncIterator[bytes]) -> bytes:
    return b"".join([piece async for piece in pieces])


def cells_of(workbook: bytes) -> list[str]:
    """Every string of the workbook's sheet; raises AssertionError where there is a formula or a link."""
    with ZipFile(io.BytesIO(workbook)) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
        assert not [name for name in book.namelist() if name.endswith(".rels") and "worksheets" in name]
    assert "<f>" not in sheet and "<f " not in sheet
    return [element.text or "" for element in ElementTree.fromstring(sheet).iter() if element.tag.endswith("}t")]


def test_a_window_runs_from_midnight_to_midnight_in_china() -> None:
    begins, ends = rules.moments(date(2026, 1, 1), date(2026, 1, 31))
    assert (begins, ends) == (datetime(2025, 12, 31, 16, tzinfo=UTC), datetime(2026, 1, 31, 16, tzinfo=UTC))
    with pytest.raises(WindowUpsideDown):
        rules.moments(date(2026, 2, 1), date(2026, 1, 31))


@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_a_share_has_its_base_and_without_one_no_percentage(part: int, rest: int) -> None:
    found = rules.share(part, part + rest)
    assert (found.n, found.of) == (part, part + rest)
    assert found.percent is None if found.of == 0 else Decimal(0) <= (found.percent or Decimal(0)) <= Decimal(100)


@given(st.text(max_size=50))
def test_no_text_begins_as_a_formula_and_what_is_harmless_stays(cell: str) -> None:
    kept = sheets.plain(cell)
    assert not kept.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert kept in (cell, f"'{cell}")


def test_exports_have_a_purpose_of_the_list_and_a_largest_size() -> None:
    rules.check_export(POLICY, "report", POLICY.most_rows)
    with pytest.raises(ExportPurposeUnknown):
        rules.check_export(POLICY, "好奇", 1)
    with pytest.raises(ExportTooLarge):
        rules.check_export(POLICY, "report", POLICY.most_rows + 1)


async def test_csv_is_utf_8_with_a_mark_and_nothing_in_it_is_calculated() -> None:
    found = await whole(sheets.as_csv(pages_of([["标题", "数"], ["路灯,不亮\n第二行", 3]], [[cell, None] for cell in DANGEROUS])))
    assert found.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(found.decode("utf-8-sig"), newline="")))
    assert rows[:2] == [["标题", "数"], ["路灯,不亮\n第二行", "3"]]
    assert [row[0] for row in rows[2:]] == [f"'{cell}" for cell in DANGEROUS]


async def test_a_workbook_keeps_texts_as_texts_and_numbers_as_numbers() -> None:
    found = await whole(sheets.as_xlsx(pages_of([["标题", "数"], ["https://evil.example", 3]], [[cell, 1.5] for cell in DANGEROUS])))
    strings = cells_of(found)
    assert strings[:3] == ["标题", "数", "https://evil.example"]
    assert [cell.replace("_x000D_", "\r").replace("_x0009_", "\t") for cell in strings[3:]] == DANGEROUS
