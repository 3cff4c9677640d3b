"""The report as a workbook and as a printed document: Chinese stays Chinese, nothing is calculated, nothing is markup."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path
from zipfile import ZipFile

import pytest
from pypdf import PdfReader

from services.routing.reports.print import MISSING, as_pdf, covered
from tests.routing import golden
from tests.routing.conftest import LONG_AGO, refused

YEAR = datetime.now(UTC).year
EVIL = "=cmd|'/C calc'!A0"
MARKUP = "#panic() $x$ *粗* @key <a> \\ [b]"


async def file(routing, **query) -> bytes:
    answer = await routing.get("/reports/handling/file", year=YEAR, **query)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-disposition"] == f'attachment; filename="handling-{YEAR}.{query.get("format", "xlsx")}"'
    assert answer.headers["cache-control"] == "private, no-store"
    return answer.content


def text_of(pdf: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)


def fonts_of(pdf: bytes) -> dict[str, dict]:
    """Name → the descriptor of each font that a page uses."""
    found = {}
    for page in PdfReader(io.BytesIO(pdf)).pages:
        for font in page["/Resources"]["/Font"].values():
            whole = font.get_object()
            assert "/ToUnicode" in whole
            inner = whole["/DescendantFonts"][0].get_object() if "/DescendantFonts" in whole else whole
            found[str(whole["/BaseFont"])] = inner["/FontDescriptor"].get_object()
    return found


async def test_the_printed_report_has_its_chinese_in_the_text_and_its_font_inside(routing):
    await routing.handled("a")
    await routing.rate("a", 1, "satisfied")
    pdf = await file(routing, format="pdf")
    assert pdf.startswith(b"%PDF-")
    text = text_of(pdf)
    headings = (f"{YEAR} 年办理情况报告", "总体情况", "按主办单位", "按类别", "口径说明")
    for said in (*headings, "满意率", "已解决或者采纳", "区housing", "最大余数法"):
        assert "".join(said.split()) in "".join(text.split()), said
    assert MISSING not in text.replace("“〓”", "")
    fonts = fonts_of(pdf)
    assert len(fonts) == 1 and "NotoSansCJKsc" in next(iter(fonts))
    assert all("/FontFile3" in descriptor for descriptor in fonts.values())  # no viewer needs a font of its own


async def test_the_workbook_has_a_sheet_for_each_table_with_numbers_as_numbers(routing):
    await routing.handled("a")
    with ZipFile(io.BytesIO(await file(routing))) as book:
        names = book.read("xl/workbook.xml").decode()
        strings = book.read("xl/sharedStrings.xml").decode()
        sheets = [book.read(name).decode() for name in book.namelist() if name.startswith("xl/worksheets/sheet")]
    assert [name in names for name in ("总体情况", "按主办单位", "按类别", "口径说明")] == [True] * 4
    assert "办理结果 A 已解决或者采纳" in strings and "区housing" in strings
    assert "<v>100</v>" in sheets[0]
    assert not [sheet for sheet in sheets if "<f>" in sheet or "<f " in sheet]


@pytest.mark.parametrize("name", [EVIL, MARKUP])
async def test_a_name_is_never_a_formula_nor_markup(routing, name):
    await routing.service.deliver(golden.organisation(0, "housing", 9, title=name, occurred_at=LONG_AGO))
    await routing.opened("a")
    with ZipFile(io.BytesIO(await file(routing))) as book:
        strings = book.read("xl/sharedStrings.xml").decode()
        assert not [n for n in book.namelist() if n.startswith("xl/worksheets/sheet") and b"<f>" in book.read(n)]
    assert name.replace("<", "&lt;").replace(">", "&gt;") in strings.replace("&apos;", "'")
    printed = "".join(text_of(await file(routing, format="pdf")).split())
    assert "".join(name.split()) in printed


async def test_a_report_without_any_case_is_still_a_report(routing):
    assert f"{YEAR} 年办理情况报告" in text_of(await file(routing, format="pdf"))
    assert (await file(routing)).startswith(b"PK")
    refused(await routing.get("/reports/handling/file", year=YEAR, format="docx"), 422, "InvalidRequest")


async def test_the_file_speaks_english_to_who_reads_it(routing):
    from tests import kit

    answer = await routing.get("/reports/handling/file", {**kit.token("desk"), "Accept-Language": "en"}, year=YEAR, format="pdf")
    assert f"Handling report of {YEAR}" in text_of(answer.content)


def document(*lines: str) -> dict:
    table = {"heading": "表", "rows": [["甲"], ["乙"]]}
    return {"lang": "zh", "title": "字", "subtitle": "", "summary": table, "groups": [], "bases": {"heading": "注", "lines": list(lines)}}


def test_a_character_that_the_font_lacks_is_shown_as_a_mark_and_never_left_out():
    text = "".join(text_of(as_pdf(document("龘在"))).split())
    assert "龘" not in covered() and f"{MISSING}在" in text


def test_every_character_that_the_list_names_is_printed():
    wanted = sorted(c for c in covered() if c.isprintable() and not c.isspace())
    printed = set(text_of(as_pdf(document(*("".join(wanted[i : i + 40]) for i in range(0, len(wanted), 40))))))
    missing = set(wanted) - printed
    # Variants of one shape share a glyph and are read back as the other one.
    assert len(missing) <= 20, sorted(missing)
    assert all(c in printed for c in "武进通州启东鄂尔多斯雪浪交办督办满意度评价承诺")


def test_the_font_brings_its_licence():
    folder = Path(as_pdf.__code__.co_filename).parent / "font"
    assert "SIL OPEN FONT LICENSE Version 1.1" in (folder / "OFL.txt").read_text("utf-8")
