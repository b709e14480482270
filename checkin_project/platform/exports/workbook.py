"""A table as an XLSX workbook, streamed: the library's writers need the whole file before the first byte can leave.

ECMA-376 part 1, §18. Every text is a text, whatever it begins with: formulas are another kind of cell.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from itertools import chain, islice
from math import isfinite
from xml.sax.saxutils import quoteattr
from zipfile import ZIP_DEFLATED, ZipFile

from checkin_project.platform.exports.table import Cell, Row, Table

# What programs can open: rows of one sheet, headings included, and characters of one cell.
SHEET_ROWS = 1_048_576
CELL_LENGTH = 32_767
_AT_ONCE = 200
# Whole numbers beyond this lose digits in a spreadsheet.
_EXACT = 10**15

_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
# Sheets are the default, because how many there are shows at the end only.
_TYPES = (
    f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Default Extension="xml" ContentType="{_TYPE}.worksheet+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
    f'<Override PartName="/xl/styles.xml" ContentType="{_TYPE}.styles+xml"/></Types>'
)
_ROOT = (
    f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
)
# Styles by number: 0 plain, 1 headings, 2 a text that would be a formula if somebody typed it over.
_STYLES = (
    f'{_HEAD}<styleSheet xmlns="{_MAIN}"><fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
    '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts><fills count="2"><fill><patternFill '
    'patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills><borders count="1"><border>'
    "<left/><right/><top/><bottom/><diagonal/></border></borders>"
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="3"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/>'
    '<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0" quotePrefix="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)
_FORMULA = frozenset("=+-@\t\r\n'＝＋－＠")
_ODD = re.compile(r"[&<>\r\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")
_REFERENCES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"}


class _Pipe:
    """A file that is taken from while it is written. It cannot be sought in, so the archive never tries."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, part: bytes) -> int:
        self._parts.append(bytes(part))
        return len(part)

    def flush(self) -> None:
        """As files have it."""

    def take(self) -> bytes:
        taken = b"".join(self._parts)
        self._parts.clear()
        return taken


def parts(table: Table, rows: Iterator[Row]) -> Iterator[bytes]:
    """The workbook in parts. More rows than a sheet can hold go on in the next, under the same headings."""
    pipe, sheets = _Pipe(), 0
    with ZipFile(pipe, "w", ZIP_DEFLATED, compresslevel=3) as archive:  # type: ignore[call-overload]
        for name, content in (("[Content_Types].xml", _TYPES), ("_rels/.rels", _ROOT), ("xl/styles.xml", _STYLES)):
            archive.writestr(name, content)
        yield pipe.take()
        more: list[Row] = []
        while not sheets or more:
            sheets += 1
            with archive.open(f"xl/worksheets/sheet{sheets}.xml", "w") as file:
                for text in _sheet(table.headings, islice(chain(more, rows), SHEET_ROWS - 1)):
                    file.write(text.encode())
                    if part := pipe.take():
                        yield part
            more = list(islice(rows, 1))
        archive.writestr("xl/workbook.xml", _workbook(table.name, sheets))
        archive.writestr("xl/_rels/workbook.xml.rels", _relations(sheets))
    yield pipe.take()


def _sheet(headings: tuple[str, ...], rows: Iterator[Row]) -> Iterator[str]:
    columns = [_letters(number) for number in range(1, len(headings) + 1)]
    yield (
        f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">'
        '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>'
        f'<cols><col min="1" max="{len(columns)}" width="20" customWidth="1"/></cols><sheetData><row r="1">'
    )
    for letters, heading in zip(columns, headings, strict=True):
        yield f'<c r="{letters}1" s="1" t="inlineStr"><is><t xml:space="preserve">{_xml(heading)}</t></is></c>'
    yield "</row>"
    number = 2
    while batch := list(islice(rows, _AT_ONCE)):
        yield "".join(
            f'<row r="{place}">{"".join(map(_cell, row, columns, [str(place)] * len(columns)))}</row>'
            for place, row in enumerate(batch, start=number)
        )
        number += len(batch)
    yield "</sheetData></worksheet>"


def _cell(cell: Cell, letters: str, row: str) -> str:
    if cell is None or cell == "":
        return ""
    if isinstance(cell, str):
        style = ' s="2"' if cell[:1] in _FORMULA else ""
        text = _xml(cell)
        return f'<c r="{letters}{row}"{style} t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'
    if isinstance(cell, bool):
        return _cell("yes" if cell else "no", letters, row)
    if isinstance(cell, date):
        return _cell(cell.isoformat(), letters, row)
    if not isfinite(cell):
        return ""
    if not -_EXACT < cell < _EXACT:
        return _cell(str(cell), letters, row)
    return f'<c r="{letters}{row}"><v>{cell}</v></c>'


def _xml(text: str) -> str:
    """Characters that XML cannot hold are written as §22.4.2.4 says, and so is a text that looks like that."""
    if len(text) > CELL_LENGTH:
        text = text[: CELL_LENGTH - 1] + "…"
    return _ODD.sub(lambda match: _REFERENCES.get(match[0]) or f"_x{ord(match[0]):04X}_", text)


def _letters(number: int) -> str:
    """The name of a column: 1 is A, 27 is AA."""
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def _workbook(name: str, sheets: int) -> str:
    title = re.sub(r"[\[\]:*?/\\']", "-", name)[:25] or "table"
    names = (title if number == 1 else f"{title} {number}" for number in range(1, sheets + 1))
    items = "".join(
        f'<sheet name={quoteattr(text)} sheetId="{number}" r:id="rId{number}"/>'
        for number, text in enumerate(names, start=1)
    )
    return f'{_HEAD}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{items}</sheets></workbook>'


def _relations(sheets: int) -> str:
    items = "".join(
        f'<Relationship Id="rId{number}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{number}.xml"/>'
        for number in range(1, sheets + 1)
    )
    styles = f'<Relationship Id="rId{sheets + 1}" Type="{_OFFICE}/styles" Target="styles.xml"/>'
    return f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">{items}{styles}</Relationships>'
