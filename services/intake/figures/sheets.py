"""Rows as files for a clerk's spreadsheet: CSV that it reads as UTF-8, and XLSX; nothing in either is calculated."""

from __future__ import annotations

import asyncio
import csv
import io
import tempfile
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any, Literal

from services.intake.figures.rules import plain

Format = Literal["csv", "xlsx"]
MEDIA_TYPES: dict[Format, str] = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_BOM = "\ufeff".encode()
_PIECE = 64 * 1024

Pages = AsyncIterator[Sequence[Sequence[Any]]]


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

    kept_as_text = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = xlsxwriter.Workbook(str(path), {"constant_memory": True, "tmpdir": folder, **kept_as_text})
    sheet = book.add_worksheet()
    at = 0
    async for rows in pages:
        await asyncio.to_thread(_write_rows, sheet, at, rows)
        at += len(rows)
    await asyncio.to_thread(book.close)


def _write_rows(sheet: Any, at: int, rows: Sequence[Sequence[Any]]) -> None:
    for number, row in enumerate(rows, at):
        for column, cell in enumerate(row):
            if isinstance(cell, str):
                sheet.write_string(number, column, cell)
            elif cell is not None:
                sheet.write_number(number, column, cell)
