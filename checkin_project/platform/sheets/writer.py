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


# What the csv module writes as it should be: nothing, and numbers, of which a negative one is no formula.
_AS_IS = frozenset({type(None), int, float})


def _written(cell: object) -> str:
    """Moments and days in ISO form with their offset, yes or no, and texts with the escape that they need."""
    if isinstance(cell, date):  # a datetime is one, too
        return cell.isoformat()
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    return str(cell) if isinstance(cell, int | float | Decimal) else escape_cell(str(cell))


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
                cell
                if (isinstance(cell, str) and cell[:1] not in _SUSPECT) or cell.__class__ in _AS_IS
                else _written(cell)
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
