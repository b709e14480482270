"""Rows to CSV that opens in every spreadsheet, runs no formula, and reads back exactly."""

import csv
import io
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import TextIO

from checkin_project.platform.sheets.cells import escape_cell

BYTE_ORDER_MARK = "\ufeff"  # spreadsheets take UTF-8 for something else without it
# Only texts that begin like this may need the escape; asking the expression for each cell would cost a third more.
_SUSPECT = frozenset("'=+-@\t\r\n＝＋－＠")


def cell_text(cell: object) -> str:
    """A cell as its text: numbers plain, moments and days in ISO form with their offset, yes or no, None as nothing."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, date):  # a datetime is one, too
        return cell.isoformat()
    return str(cell)


def _written(cell: object) -> str:
    # A negative number is no formula, and escaped it would be no number.
    return cell_text(cell) if isinstance(cell, int | float | Decimal) else escape_cell(cell_text(cell))


class SheetWriter:
    """Writes to a text file opened with `newline=""` and UTF-8. Lines end in CRLF."""

    def __init__(self, file: TextIO, header: Iterable[str]) -> None:
        self._file = file
        self._batch = io.StringIO(newline="")
        self._writer = csv.writer(self._batch, lineterminator="\r\n")
        self._batch.write(BYTE_ORDER_MARK)
        self.write(header)

    def write(self, cells: Iterable[object]) -> None:
        """One row; None becomes an empty cell. Raises ValueError for NUL, which no reader accepts."""
        self.write_all([cells])

    def write_all(self, rows: Iterable[Iterable[object]]) -> None:
        """As `write`, for many rows at a time: all of them or none."""
        self._writer.writerows(
            [
                cell if cell is None or (isinstance(cell, str) and cell[:1] not in _SUSPECT) else _written(cell)
                for cell in row
            ]
            for row in rows
        )
        text = self._batch.getvalue()
        if "\x00" in text:
            raise ValueError("A cell contains a NUL character.")
        self._file.write(text)
        self._batch.seek(0)
        self._batch.truncate()
