"""Rows as files for a clerk's spreadsheet: CSV that it reads as UTF-8, and XLSX; nothing in either is calculated."""

from __future__ import annotations

import asyncio
import csv
import io
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

Format = Literal["csv", "xlsx"]
MEDIA_TYPES: dict[Format, str] = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_BOM = "\ufeff".encode()
_PIECE = 64 * 1024

_BEGINS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What spreadsheets take for the beginning of a formula (OWASP, CSV injection), full-width signs included."""
_KEPT_AS_TEXT = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}

Rows = Sequence[Sequence[Any]]
Pages = AsyncIterator[Rows]


def plain(cell: str) -> str:
    """A cell as it may stand in a CSV file: one that a spreadsheet would calculate begins with an apostrophe."""
    return f"'{cell}" if cell.startswith(_BEGINS_A_FORMULA) else cell


async def as_csv(pages: Pages) -> AsyncIterator[bytes]:
    """The pages as CSV, one piece each: UTF-8 with a byte order mark, every text quoted."""
    yield _BOM
    async for rows in pages:
        written = io.StringIO()
        writer = csv.writer(written, quoting=csv.QUOTE_NONNUMERIC)
        writer.writerows([plain(cell) if isinstance(cell, str) else cell for cell in row] for row in rows)
        yield written.getvalue().encode()


async def as_xlsx(pages: Pages) -> AsyncIterator[bytes]:
    """The pages as a workbook with one sheet, written row by row into a temporary folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="lianxin-export-") as folder:
        path = Path(folder) / "sheet.xlsx"
        await _write(path, folder, pages)
        with path.open("rb") as file:
            while piece := file.read(_PIECE):
                yield piece


async def _write(path: Path, folder: str, pages: Pages) -> None:
    # Imported here: only who makes a sheet pays for it.
    import xlsxwriter

    book = xlsxwriter.Workbook(str(path), {"constant_memory": True, "tmpdir": folder, **_KEPT_AS_TEXT})
    sheet = book.add_worksheet()
    at = 0
    async for rows in pages:
        await asyncio.to_thread(_write_rows, sheet, at, rows)
        at += len(rows)
    await asyncio.to_thread(book.close)


def workbook(tables: Mapping[str, Rows]) -> bytes:
    """Tables small enough for memory as a workbook with one sheet each, by name (31 characters at most, none of []:*?/\\)."""
    import xlsxwriter

    written = io.BytesIO()
    book = xlsxwriter.Workbook(written, {"in_memory": True, **_KEPT_AS_TEXT})
    for name, rows in tables.items():
        _write_rows(book.add_worksheet(name), 0, rows)
    book.close()
    return written.getvalue()


def _write_rows(sheet: Any, at: int, rows: Rows) -> None:
    for number, row in enumerate(rows, at):
        for column, cell in enumerate(row):
            if isinstance(cell, str):
                sheet.write_string(number, column, cell)
            elif cell is not None:
                sheet.write_number(number, column, float(cell))
