"""Physical lines to rows. Strict: what is not certainly a row is named, never guessed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from django.conf import settings
from django.utils.translation import gettext as _

from checkin_project.platform.sheets.cells import Limits, Problem, Row, UnreadableSheetError, stop, unescape_cell
from checkin_project.platform.sheets.lines import physical_lines

_ENDINGS = "\r\n"
_SHOWN = 100


class _Lines:
    """Hands out lines and knows the number of the one handed out last."""

    def __init__(self, stream: BinaryIO, max_bytes: int) -> None:
        self._lines = physical_lines(stream, max_bytes=max_bytes)
        self.number = 0

    def next(self) -> str | None:
        line = next(self._lines, None)
        if line is not None:
            self.number += 1
        return line


class Sheet:
    """A CSV file: `header` is read at once, rows while iterating (once).

    Iterating yields a Row, or a Problem for a row that cannot be used. After a fatal Problem nothing follows; it is
    kept in `fatal`, also when it was the header that could not be read (`header` is empty then).
    """

    def __init__(self, stream: BinaryIO, limits: Limits) -> None:
        self._lines = _Lines(stream, limits.max_bytes)
        self._limits = limits
        self.header: tuple[str, ...] = ()
        self.fatal: Problem | None = None
        try:
            self.header = self._read_header()
        except UnreadableSheetError as error:
            self.fatal = error.problem

    def __iter__(self) -> Iterator[Row | Problem]:
        if self.fatal is not None:
            yield self.fatal
            return
        try:
            yield from self._rows()
        except UnreadableSheetError as error:
            self.fatal = error.problem
            yield error.problem

    def _rows(self) -> Iterator[Row | Problem]:
        count = 0
        while (row := self._row()) is not None:
            count += 1
            if count > self._limits.rows:
                reason = _("The file has more than %(max)d rows. Split it into smaller files.")
                raise stop(row.line, reason % {"max": self._limits.rows})
            yield self._problem_of(row) or row

    def _problem_of(self, row: Row) -> Problem | None:
        if len(row.cells) != len(self.header):
            reason = _("This row has %(found)d cells, but there are %(expected)d headings.")
            counts = {"found": len(row.cells), "expected": len(self.header)}
            return Problem(row.line, "", ",".join(row.cells)[:_SHOWN], reason % counts)
        if "\x00" not in "".join(row.cells):
            return None
        heading, cell = next(pair for pair in zip(self.header, row.cells, strict=True) if "\x00" in pair[1])
        shown = cell.replace("\x00", "␀")[:_SHOWN]
        return Problem(row.line, heading, shown, _("This cell contains a NUL character. Delete it."))

    def _read_header(self) -> tuple[str, ...]:
        row = self._row()
        if row is None:
            raise stop(1, _("The file is empty."))
        headings = tuple(cell.strip() for cell in row.cells)
        if len(headings) == 1 and re.search("[;\t]", headings[0]):
            raise stop(row.line, _("The columns are not separated by commas. Save the file as “CSV UTF-8 (comma)”."))
        if len(headings) > self._limits.columns:
            raise stop(row.line, _("The file has more than %(max)d columns.") % {"max": self._limits.columns})
        self._check_headings(row.line, headings)
        return headings

    def _check_headings(self, line: int, headings: tuple[str, ...]) -> None:
        seen: dict[str, int] = {}
        for number, heading in enumerate(headings, start=1):
            if not heading:
                raise stop(
                    line, _("Column %(number)d has no heading. Name it or delete the column.") % {"number": number}
                )
            if "\x00" in heading:
                raise stop(line, _("Heading %(number)d contains a NUL character. Delete it.") % {"number": number})
            first = seen.setdefault(heading.casefold(), number)
            if first != number:
                places = {"heading": heading, "first": first, "second": number}
                reason = _("Columns %(first)d and %(second)d are both called “%(heading)s”. Rename one of them.")
                raise stop(line, reason % places, column=heading)

    def _line_with_cells(self) -> str | None:
        """The next line that is not blank. Spaces alone are a cell only where there is one column."""
        blank = _ENDINGS if len(self.header) == 1 else f" \t{_ENDINGS}"
        text = self._lines.next()
        while text is not None and not text.strip(blank):
            text = self._lines.next()
        return text

    def _row(self) -> Row | None:
        text = self._line_with_cells()
        if text is None:
            return None
        line = self._lines.number
        if len(text) <= self._limits.cell_length and '"' not in text and "'" not in text:
            # Most lines: no cell goes on in the next line, is too long, or carries a mark against formulas.
            return Row(line, line, tuple(text.rstrip(_ENDINGS).split(",")))
        cells = self._quoted_cells(text) if '"' in text else text.rstrip(_ENDINGS).split(",")
        for index, cell in enumerate(cells):
            if len(cell) > self._limits.cell_length:
                heading = self.header[index] if index < len(self.header) else str(index + 1)
                raise self._too_long(line, heading, cell)
        return Row(line, self._lines.number, tuple(map(unescape_cell, cells)))

    def _too_long(self, line: int, column: str, cell: str) -> UnreadableSheetError:
        reason = _("This cell has more than %(max)d characters.") % {"max": self._limits.cell_length}
        return stop(line, reason, column=column, value=cell[:_SHOWN])

    def _quoted_cells(self, text: str) -> list[str]:
        cells: list[str] = []
        position = 0
        while True:
            if text.startswith('"', position):
                cell, text, position = self._quoted_cell(text, position + 1)
            else:
                end = text.find(",", position)
                end = len(text.rstrip(_ENDINGS)) if end == -1 else end
                cell, position = text[position:end], end
            cells.append(cell)
            if not text.startswith(",", position):
                return cells
            position += 1

    def _quoted_cell(self, text: str, position: int) -> tuple[str, str, int]:
        """The cell, the line in which it ends, and the position behind its closing quote."""
        opened, parts, length = self._lines.number, [""], 0
        while True:
            end = text.find('"', position)
            part = text[position:] if end == -1 else text[position:end]
            parts.append(part)
            length += len(part)
            if length > self._limits.cell_length:
                raise stop(opened, _("A quote opens in this line and is not closed within a cell's length."))
            if end == -1:
                following = self._lines.next()
                if following is None:
                    raise stop(opened, _("A quote opens in this line and is never closed."), value=parts[1][:_SHOWN])
                text, position = following, 0
            elif text.startswith('"', end + 1):
                parts.append('"')
                position = end + 2
            elif end + 1 == len(text) or text[end + 1] in ",\r\n":
                return "".join(parts), text, end + 1
            else:
                reason = _("A quote opens in this line and closes in line %(line)d in the middle of a cell.")
                raise stop(opened, reason % {"line": self._lines.number}, value=text[end : end + 20].rstrip(_ENDINGS))


def read_sheet(stream: BinaryIO, *, limits: Limits | None = None) -> Sheet:
    """A CSV from an open binary file: UTF-8 with or without byte-order mark, or UTF-16 with one; CRLF, LF or CR.

    Or the first sheet of an XLSX workbook, where the settings allow these.
    """
    if settings.IMPORT_XLSX and stream.seekable():
        from checkin_project.platform.sheets.workbook import STARTS_WITH, WorkbookSheet

        start = stream.read(len(STARTS_WITH))
        stream.seek(0)
        if start == STARTS_WITH:
            return WorkbookSheet(stream, limits or Limits())
    return Sheet(stream, limits or Limits())


@contextmanager
def open_sheet(path: Path, *, limits: Limits | None = None) -> Iterator[Sheet]:
    """`read_sheet` for a path. Raises OSError when it cannot be opened."""
    with path.open("rb") as stream:
        yield read_sheet(stream, limits=limits)
