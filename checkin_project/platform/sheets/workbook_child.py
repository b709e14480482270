"""Reads the first sheet of a workbook, as a program of its own: a crafted file may eat this process and no other.

    python -I workbook_child.py LIMITS < WORKBOOK > ROWS

LIMITS is JSON; ROWS are JSON lines: `[number, [cell, …]]`, and as the last one `{"end": true}` or
`{"problem": [number, name, {values}]}`. Knows neither Django nor anything else of the product.
"""

import json
import resource
import sys
import zipfile
from datetime import date, datetime, time, timedelta
from typing import Any

MEGABYTE = 1_000_000


def main(limits: dict[str, int]) -> None:
    _limit(limits)
    try:
        problem = _unzipped(limits) or _write_rows(limits)
    except (zipfile.BadZipFile, KeyError, ValueError, OSError, SyntaxError, IndexError, TypeError, AttributeError):
        # What a library raises for a broken file is not ours to list; SyntaxError is that of XML.
        problem = [1, "broken", {}]
    _say({"problem": problem} if problem else {"end": True})


def _limit(limits: dict[str, int]) -> None:
    """From here on the kernel ends this process when it takes more."""
    for name, most in (
        (resource.RLIMIT_AS, limits["memory_mb"] * MEGABYTE),
        (resource.RLIMIT_CPU, limits["seconds"]),
        (resource.RLIMIT_FSIZE, limits["max_bytes"] * 4),
        (resource.RLIMIT_NOFILE, 32),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(name, (most, most))


def _unzipped(limits: dict[str, int]) -> list[Any] | None:
    """What the archive claims to hold; while reading, it yields no more than it claims."""
    with zipfile.ZipFile(sys.stdin.buffer) as archive:
        parts = archive.infolist()
    if len(parts) > limits["parts"] or sum(part.file_size for part in parts) > limits["unzipped_bytes"]:
        return [1, "unzipped", {"max": limits["unzipped_bytes"] // MEGABYTE}]
    return None


def _write_rows(limits: dict[str, int]) -> list[Any] | None:
    from openpyxl import load_workbook

    sys.stdin.buffer.seek(0)
    book = load_workbook(sys.stdin.buffer, read_only=True, data_only=True, keep_links=False)
    if not book.worksheets:
        return [1, "no_sheet", {}]
    sheet = book.worksheets[0]
    sheet.reset_dimensions()
    rows = cells = 0
    for number, values in enumerate(sheet.iter_rows(values_only=True), start=1):
        texts = [_text(value) for value in values]
        while texts and not texts[-1]:
            texts.pop()
        if not texts:
            continue
        rows += 1
        cells += len(texts)
        if rows > limits["rows"] + 1:
            return [number, "rows", {"max": limits["rows"]}]
        if cells > limits["cells"]:
            return [number, "cells", {"max": limits["cells"]}]
        if len(texts) > limits["columns"]:
            return [number, "columns", {"max": limits["columns"]}]
        _say([number, texts])
    return _uncomputed(limits) if rows else None


def _uncomputed(limits: dict[str, int]) -> list[Any] | None:
    """The first formula, if no formula of the sheet has a result: no spreadsheet program has ever computed it."""
    from openpyxl import load_workbook

    books = []
    for is_data_only in (False, True):
        sys.stdin.buffer.seek(0)
        books.append(load_workbook(sys.stdin.buffer, read_only=True, data_only=is_data_only, keep_links=False))
    pairs = zip(*(book.worksheets[0].iter_rows() for book in books), strict=False)
    first: list[Any] | None = None
    for number, (formulas, results) in enumerate(pairs, start=1):
        for formula, result in zip(formulas, results, strict=False):
            if getattr(formula, "data_type", "") == "f":
                if result.value is not None:
                    return None
                first = first or [number, "formula", {}]
    return first


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        is_day = value.time() == time()
        return value.date().isoformat() if is_day else value.isoformat(sep=" ", timespec="seconds")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)


def _say(told: Any) -> None:
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
