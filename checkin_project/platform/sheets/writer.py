"""Rows to CSV that opens in every spreadsheet, runs no formula, and reads back exactly."""

import csv
from collections.abc import Iterable
from typing import TextIO

from checkin_project.platform.sheets.cells import escape_cell

BYTE_ORDER_MARK = "\ufeff"  # spreadsheets take UTF-8 for something else without it


class SheetWriter:
    """Writes to a text file opened with `newline=""` and UTF-8. Lines end in CRLF."""

    def __init__(self, file: TextIO, header: Iterable[str]) -> None:
        file.write(BYTE_ORDER_MARK)
        self._writer = csv.writer(file, lineterminator="\r\n")
        self.write(header)

    def write(self, cells: Iterable[object]) -> None:
        """One row; None becomes an empty cell. Raises ValueError for NUL, which no reader accepts."""
        texts = ["" if cell is None else str(cell) for cell in cells]
        if any("\x00" in text for text in texts):
            raise ValueError("A cell contains a NUL character.")
        self._writer.writerow([escape_cell(text) for text in texts])
