"""Spreadsheets in and out: a strict, streaming CSV reader that knows physical lines, and a formula-safe writer."""

from checkin_project.platform.sheets.cells import Limits, Problem, Row, escape_cell, unescape_cell
from checkin_project.platform.sheets.reader import Sheet, open_sheet, read_sheet
from checkin_project.platform.sheets.writer import SheetWriter

__all__ = [
    "Limits",
    "Problem",
    "Row",
    "Sheet",
    "SheetWriter",
    "escape_cell",
    "open_sheet",
    "read_sheet",
    "unescape_cell",
]
