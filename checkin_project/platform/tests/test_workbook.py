"""Workbooks: read by a process of its own, which a crafted file may end and nothing else."""

import io
import time
import zipfile
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from checkin_project.platform.exports import Table, write
from checkin_project.platform.sheets import Limits, Problem, Row, Sheet, read_sheet, workbook

HEADER = ["id", "name", "born"]
SHEET = (
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>%s</sheetData></worksheet>'
)


@pytest.fixture(autouse=True)
def _workbooks_are_read(settings: Any) -> None:
    settings.IMPORT_XLSX = True


def book(*rows: list[Any]) -> io.BytesIO:
    made = Workbook()
    assert made.active is not None
    for row in rows:
        made.active.append(row)
    file = io.BytesIO()
    made.save(file)
    file.seek(0)
    return file


def crafted(cells: str, *, strings: str = "") -> io.BytesIO:
    """A workbook with this XML in its sheet."""
    plain, file = book(["a"]), io.BytesIO()
    with zipfile.ZipFile(plain) as source, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            body = source.read(name)
            if name == "xl/worksheets/sheet1.xml":
                body = (SHEET % cells).encode()
            if name == "xl/sharedStrings.xml" and strings:
                body = strings.encode()
            target.writestr(name, body)
    file.seek(0)
    return file


def rows(sheet: Sheet) -> list[Row | Problem]:
    return list(sheet)


def fatal(sheet: Sheet) -> tuple[int, str] | None:
    list(sheet)
    return (sheet.fatal.line, sheet.fatal.reason) if sheet.fatal else None


def test_the_first_sheet_is_read_with_the_numbers_of_its_rows() -> None:
    moment = datetime(2026, 11, 20, 18, 30, 5)  # noqa: DTZ001 - workbooks know no zone
    sheet = read_sheet(book(HEADER, [1, "Ana", date(2026, 11, 20)], [], [2.5, " =x ", moment], [True, None, 12.0]))

    assert sheet.header == ("id", "name", "born")
    assert rows(sheet) == [
        Row(2, 2, ("1", "Ana", "2026-11-20")),
        Row(4, 4, ("2.5", " =x ", "2026-11-20 18:30:05")),
        Row(5, 5, ("true", "", "12")),
    ]


def test_our_own_workbooks_come_back(tmp_path: Path) -> None:
    file = io.BytesIO()
    write(Table("people", tuple(HEADER), lambda: [(1, "=1+1", None), (2, "'quoted", date(2026, 1, 2))]), "xlsx", file)
    file.seek(0)

    assert rows(read_sheet(file)) == [Row(2, 2, ("1", "=1+1", "")), Row(3, 3, ("2", "'quoted", "2026-01-02"))]


def test_workbooks_are_refused_where_they_are_switched_off(settings: Any) -> None:
    settings.IMPORT_XLSX = False

    reason = "This is an Excel workbook or a ZIP archive. Open it and save it as “CSV UTF-8”."
    assert fatal(read_sheet(book(HEADER))) == (1, reason)


def test_headings_are_as_strict_as_those_of_csv() -> None:
    assert fatal(read_sheet(book(["id", None, "name"]))) == (
        1,
        "Column 2 has no heading. Name it or delete the column.",
    )
    assert fatal(read_sheet(book())) == (1, "The file is empty.")


def test_a_row_that_is_longer_than_the_headings_is_a_problem_of_that_row() -> None:
    found = rows(read_sheet(book(["id"], [1, "more"], [2])))

    assert [type(item) for item in found] == [Problem, Row]
    assert str(found[0]) == "line 2: This row has 2 cells, but there are 1 headings."


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (Limits(rows=2), "The file has more than 2 rows. Split it into smaller files."),
        (Limits(columns=2), "The file has more than 2 columns."),
        (Limits(cell_length=3), "This cell has more than 3 characters."),
        (Limits(max_bytes=1_000), "The file is larger than 0 MB. Split it into smaller files."),
    ],
)
def test_a_workbook_that_holds_too_much_is_refused(limits: Limits, reason: str) -> None:
    found = fatal(read_sheet(book(HEADER, *([number, "Benjamin", 1] for number in range(3))), limits=limits))

    assert found is not None
    assert found[1] == reason


def test_results_of_formulas_are_read_and_formulas_without_any_are_refused() -> None:
    cells = (
        '<row r="1"><c r="A1" t="inlineStr"><is><t>sum</t></is></c></row><row r="2"><c r="A2"><f>1+1</f>%s</c></row>'
    )

    assert rows(read_sheet(crafted(cells % "<v>2</v>"))) == [Row(2, 2, ("2",))]
    reason = "This workbook holds formulas without results. Open it in a spreadsheet program, save it, and try again."
    assert fatal(read_sheet(crafted(cells % ""))) == (2, reason)


@pytest.mark.parametrize("body", [b"PK\x03\x04 and nothing more", b"PK\x03\x04" + bytes(1_000)])
def test_what_only_begins_like_a_workbook_is_refused(body: bytes) -> None:
    reason = "This workbook is damaged, or it is none. Open it and save its first sheet as “CSV UTF-8”."

    assert fatal(read_sheet(io.BytesIO(body))) == (1, reason)


def test_an_archive_of_something_else_is_refused() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("letter.txt", "Dear Sir")
    file.seek(0)

    found = fatal(read_sheet(file))
    assert found is not None
    assert found[1].startswith("This workbook is damaged")


def test_a_bomb_of_zeros_is_refused_by_what_it_unpacks_to() -> None:
    """A few kilobytes that unpack to a thousand times as much."""
    file = crafted(" " * 60_000_000)
    assert file.getbuffer().nbytes < 100_000
    began = time.monotonic()

    found = fatal(read_sheet(file, limits=Limits(max_bytes=5_000_000)))

    assert found == (1, "This workbook unpacks to more than 50 MB. Save its first sheet as “CSV UTF-8”.")
    assert time.monotonic() - began < 5


def test_a_bomb_that_fits_is_ended_by_the_limits_of_its_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few kilobytes that would take gigabytes of memory: the process is refused the memory, and only it."""
    monkeypatch.setattr(workbook, "MEMORY_MB", 150)
    cell = "<row><c t='inlineStr'><is><t>" + "x" * 60_000_000 + "</t></is></c></row>"

    assert fatal(read_sheet(crafted(cell))) == (1, workbook._too_much())


def test_a_workbook_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "WALL_SECONDS", 0.001)

    assert fatal(read_sheet(book(HEADER))) == (1, workbook._too_much())


def test_entities_that_multiply_are_refused() -> None:
    entities = "".join(f'<!ENTITY e{number} "{f"&e{number - 1};" * 10}">' for number in range(1, 10))
    strings = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e0 "lol">{entities}]><sst><si><t>&e9;</t></si></sst>'
    cells = '<row r="1"><c r="A1" t="s"><v>0</v></c></row>'
    began = time.monotonic()

    found = fatal(read_sheet(crafted(cells, strings=strings)))

    assert found is not None
    assert time.monotonic() - began < 10
