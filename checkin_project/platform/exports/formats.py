"""A table as a stream of bytes: CSV, workbook or JSON. Nothing is gathered but the rows at hand."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from decimal import Decimal
from itertools import islice
from math import isfinite
from typing import BinaryIO

from django.http import StreamingHttpResponse
from django.utils import timezone

from checkin_project.platform.exports import workbook
from checkin_project.platform.exports.table import Cell, Row, Table
from checkin_project.platform.sheets import SheetWriter

_AT_ONCE = 500


def _csv(table: Table, rows: Iterator[Row]) -> Iterator[bytes]:
    file = io.StringIO(newline="")
    writer = SheetWriter(file, table.headings)
    while True:
        yield file.getvalue().encode()
        file.seek(0)
        file.truncate()
        batch = list(islice(rows, _AT_ONCE))
        if not batch:
            return
        writer.write_all(batch)


def _json(table: Table, rows: Iterator[Row]) -> Iterator[bytes]:
    """An array with one object in each line."""
    before = b"[\n"
    keys = [json.dumps(heading, ensure_ascii=False) + ": " for heading in table.headings]
    while batch := list(islice(rows, _AT_ONCE)):
        lines = (f"{{{', '.join(map(str.__add__, keys, map(_json_value, row)))}}}" for row in batch)
        yield before + ",\n".join(lines).encode()
        before = b",\n"
    yield b"[]\n" if before == b"[\n" else b"\n]\n"


def _json_value(cell: Cell) -> str:
    if cell is None:
        return "null"
    if isinstance(cell, str):
        return _quoted(cell)
    if isinstance(cell, date):
        return f'"{cell.isoformat()}"'
    if isinstance(cell, float | Decimal) and not isfinite(cell):
        return "null"  # JSON has no word for it
    return str(cell) if isinstance(cell, Decimal) else json.dumps(cell)


_quoted = json.JSONEncoder(ensure_ascii=False).encode

_STREAMS: dict[str, tuple[str, Callable[[Table, Iterator[Row]], Iterator[bytes]]]] = {
    "csv": ("text/csv; charset=utf-8", _csv),
    "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", workbook.parts),
    "json": ("application/json", _json),
}
FORMATS = tuple(_STREAMS)


class _Counted:
    def __init__(self, rows: Iterable[Row]) -> None:
        self.rows = rows
        self.number = 0

    def __iter__(self) -> Iterator[Row]:
        for row in self.rows:
            self.number += 1
            yield row


def parts(table: Table, format: str) -> Iterator[bytes]:  # noqa: A002  the word of everybody who calls it
    """The file in parts. Raises KeyError for what is none of FORMATS, ValueError for a cell with NUL."""
    _content_type, of = _STREAMS[format]
    return of(table, iter(table.rows()))


def respond(table: Table, format: str, *, on: date | None = None) -> StreamingHttpResponse:  # noqa: A002
    """The file as a download called after the table and `on` (today). Raises KeyError for what is none of FORMATS."""
    content_type, _of = _STREAMS[format]
    response = StreamingHttpResponse(parts(table, format), content_type=content_type)
    name = f"{table.name}-{on or timezone.localdate():%Y-%m-%d}.{format}"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "no-store"
    return response


def write(table: Table, format: str, file: BinaryIO) -> int:  # noqa: A002
    """Write the file; how many rows it has beside its headings."""
    _content_type, of = _STREAMS[format]
    counted = _Counted(table.rows())
    for part in of(table, iter(counted)):
        file.write(part)
    return counted.number
