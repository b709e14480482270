"""What the reader and the writer share: rows, problems, limits, and cells that no spreadsheet takes for formulas."""

import re
from dataclasses import dataclass, field

from django.conf import settings

# A spreadsheet takes a cell that starts like this for a formula; the full-width forms are typed on Asian keyboards.
_FORMULA = "=+\\-@\t\r\n＝＋－＠"
_NEEDS_ESCAPE = re.compile(f"'*[{_FORMULA}]")
_IS_ESCAPED = re.compile(f"'+[{_FORMULA}]")


def escape_cell(text: str) -> str:
    """`text` as it may be opened in a spreadsheet: a leading `'` where it would be a formula, or look escaped."""
    return f"'{text}" if _NEEDS_ESCAPE.match(text) else text


def unescape_cell(text: str) -> str:
    """What `escape_cell` was given. Cells of other origin ("+1 555", "-", "'quoted'") stay as they are."""
    return text[1:] if _IS_ESCAPED.match(text) else text


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with a file: where (physical line from 1, column's heading or ""), the value, and why.

    `fatal`: nothing of the file can be trusted, because it is not known where its rows are.
    """

    line: int
    column: str
    value: str
    reason: str
    fatal: bool = False

    def __str__(self) -> str:
        place = f"line {self.line}, {self.column}" if self.column else f"line {self.line}"
        return f"{place}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of one row, in the order of the headings; it stands in the physical lines `line` … `last_line`."""

    line: int
    last_line: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Limits:
    """What a file may hold at most, by default as the settings say; `cell_length` counts characters."""

    max_bytes: int = field(default_factory=lambda: int(settings.IMPORT_MAX_MB) * 1_000_000)
    rows: int = field(default_factory=lambda: int(settings.IMPORT_MAX_ROWS))
    columns: int = 100
    cell_length: int = 20_000


class UnreadableSheetError(Exception):
    """Stops the reader from inside; `Sheet` turns it into its fatal problem."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


def stop(line: int, reason: str, *, column: str = "", value: str = "") -> UnreadableSheetError:
    return UnreadableSheetError(Problem(line, column, value, reason, fatal=True))
