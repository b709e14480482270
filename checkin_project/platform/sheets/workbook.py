"""The first sheet of an XLSX workbook as a Sheet. It is read by a process of its own with narrow limits."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from django.utils.translation import gettext as _

from checkin_project.platform.sheets.cells import Limits, Problem, Row, UnreadableSheetError, stop
from checkin_project.platform.sheets.reader import Sheet

STARTS_WITH = b"PK\x03\x04"
_CHILD = Path(__file__).with_name("workbook_child.py")
_CHUNK = 1 << 16
# Of the reading process: memory, seconds of work, and seconds until it is given up however little it works.
MEMORY_MB, CPU_SECONDS, WALL_SECONDS = 512, 30, 60
_UNZIPPED_TIMES = 10
_MOST_PARTS = 1_000
_MOST_CELLS = 5_000_000


class WorkbookSheet(Sheet):
    """As `Sheet`; a line is the number of the workbook's row."""

    def __init__(self, stream: BinaryIO, limits: Limits) -> None:
        self._limits = limits
        self.header: tuple[str, ...] = ()
        self.fatal: Problem | None = None
        self._rows_read: Iterator[Row] = iter(())
        try:
            self._rows_read = self._converted(stream)
            self.header = self._read_header()
        except UnreadableSheetError as error:
            self.fatal = error.problem

    def _row(self) -> Row | None:
        row = next(self._rows_read, None)
        if row is None:
            return None
        for index, cell in enumerate(row.cells):
            if len(cell) > self._limits.cell_length:
                heading = self.header[index] if index < len(self.header) else str(index + 1)
                raise self._too_long(row.line, heading, cell)
        missing = len(self.header) - len(row.cells)
        return Row(row.line, row.line, row.cells + ("",) * missing) if missing > 0 else row

    def _converted(self, stream: BinaryIO) -> Iterator[Row]:
        """The rows, once the other process has written down all of them."""
        rows = tempfile.TemporaryFile()  # noqa: SIM115 - closed when the sheet is read, or forgotten
        weakref.finalize(self, rows.close)
        with tempfile.TemporaryFile() as workbook:
            self._copy(stream, workbook)
            try:
                subprocess.run(  # noqa: S603 - this very program, our own script, numbers for arguments
                    [sys.executable, "-I", str(_CHILD), json.dumps(self._limits_of_child())],
                    stdin=workbook,
                    stdout=rows,
                    stderr=subprocess.DEVNULL,
                    env={},
                    timeout=WALL_SECONDS,
                    check=True,
                )
            except (subprocess.TimeoutExpired, subprocess.CalledProcessError):
                raise stop(1, _too_much()) from None
        self._raise_what_it_found(rows)
        rows.seek(0)
        return self._read_rows(rows)

    def _copy(self, stream: BinaryIO, workbook: Any) -> None:
        size = 0
        while chunk := stream.read(_CHUNK):
            size += len(chunk)
            if size > self._limits.max_bytes:
                reason = _("The file is larger than %(max)d MB. Split it into smaller files.")
                raise stop(1, reason % {"max": self._limits.max_bytes // 1_000_000})
            workbook.write(chunk)
        workbook.seek(0)

    def _limits_of_child(self) -> dict[str, int]:
        return {
            "memory_mb": MEMORY_MB,
            "seconds": CPU_SECONDS,
            "max_bytes": self._limits.max_bytes,
            "unzipped_bytes": self._limits.max_bytes * _UNZIPPED_TIMES,
            "parts": _MOST_PARTS,
            "rows": self._limits.rows,
            "columns": self._limits.columns,
            "cells": _MOST_CELLS,
        }

    def _raise_what_it_found(self, rows: BinaryIO) -> None:
        """The last line says how it ended."""
        rows.seek(0, 2)
        rows.seek(max(rows.tell() - 1_000, 0))
        last = rows.read().rstrip(b"\n").rpartition(b"\n")[2]
        try:
            told = json.loads(last)
        except ValueError:
            told = None
        if not isinstance(told, dict):
            raise stop(1, _too_much())
        if "problem" in told:
            line, name, values = told["problem"]
            raise stop(line, _reason(name) % values)

    @staticmethod
    def _read_rows(rows: Any) -> Iterator[Row]:
        with rows:
            for text in rows:
                told = json.loads(text)
                if isinstance(told, dict):
                    return
                yield Row(told[0], told[0], tuple(told[1]))


def _reason(name: str) -> str:
    return {
        "unzipped": _("This workbook unpacks to more than %(max)d MB. Save its first sheet as “CSV UTF-8”."),
        "no_sheet": _("This workbook holds no sheet with cells."),
        "rows": _("The file has more than %(max)d rows. Split it into smaller files."),
        "cells": _("The file has more than %(max)d cells. Split it into smaller files."),
        "columns": _("The file has more than %(max)d columns."),
        "formula": _(
            "This workbook holds formulas without results. Open it in a spreadsheet program, save it, and try again."
        ),
        "broken": _("This workbook is damaged, or it is none. Open it and save its first sheet as “CSV UTF-8”."),
    }[name]


def _too_much() -> str:
    return _("This workbook takes too much time or memory to read. Open it and save its first sheet as “CSV UTF-8”.")
