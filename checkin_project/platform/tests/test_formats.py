"""Tables as files: what was put in comes out, by readers that know nothing of our writers."""

import csv
import io
import json
import tracemalloc
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree
from zipfile import ZipFile
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook
from openpyxl.utils.escape import unescape

from checkin_project.platform.exports import FORMATS, Cell, Table, parts, respond, workbook, write
from checkin_project.platform.sheets import Limits, Problem, read_sheet, unescape_cell

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=60)
HOSTILE = st.sampled_from(
    [
        "=1+1",
        "'=1",
        "''",
        "-1",
        "+1",
        "@x",
        "\t",
        "\r",
        "a\r\nb",
        "＝1",
        '"',
        ",",
        "_x000D_",
        "\ufeff",
        "&<>",
        "\x1f",
        "\uffff",
    ]
)
ROWS = st.lists(st.lists(st.one_of(TEXTS, HOSTILE), min_size=3, max_size=3), max_size=8)
HEADINGS = ("id", "=name", "place")


def table(*rows: Sequence[Cell], headings: tuple[str, ...] = HEADINGS) -> Table:
    return Table("people", headings, lambda: iter(rows))


def content(table: Table, form: str) -> bytes:
    file = io.BytesIO()
    write(table, form, file)
    return file.getvalue()


def book_of(data: bytes) -> list[list[Any]]:
    book = load_workbook(io.BytesIO(data))
    return [[cell.value for cell in row] for sheet in book.worksheets for row in sheet.iter_rows()]


@settings(deadline=None)
@given(ROWS)
def test_csv_reads_back_as_it_was(rows: list[list[str]]) -> None:
    sheet = read_sheet(io.BytesIO(content(table(*rows), "csv")), limits=Limits(cell_length=10_000))

    assert sheet.header == HEADINGS
    assert [() if isinstance(row, Problem) else row.cells for row in sheet] == [tuple(row) for row in rows]


@settings(deadline=None)
@given(ROWS)
def test_a_csv_is_one_to_every_other_reader_and_holds_no_formula(rows: list[list[str]]) -> None:
    text = content(table(*rows), "csv").decode("utf-8-sig")

    found = list(csv.reader(io.StringIO(text, newline="")))

    assert len(found) == len(rows) + 1
    for row, read in zip(rows, found[1:], strict=True):
        assert [unescape_cell(cell) for cell in read] == row
        assert not [cell for cell in read if cell[:1] and cell[0] in "=+-@\t\r\n＝＋－＠"]


@settings(deadline=None)
@given(ROWS)
def test_json_reads_back_as_it_was(rows: list[list[str]]) -> None:
    assert json.loads(content(table(*rows), "json")) == [dict(zip(HEADINGS, row, strict=True)) for row in rows]


@settings(deadline=None)
@given(ROWS)
def test_a_workbook_reads_back_as_it_was(rows: list[list[str]]) -> None:
    found = book_of(content(table(*rows), "xlsx"))

    texts = [[unescape(cell) if cell else "" for cell in row] for row in found[1:]]
    wide = [[*row, "", "", ""][:3] for row in texts]
    # A row of blanks at the end is no row to a reader.
    assert [row for row in wide if any(row)] == [row for row in rows if any(row)]


def test_no_cell_of_a_workbook_is_a_formula() -> None:
    with ZipFile(io.BytesIO(content(table(["=1+1", "@SUM(A1)", "+1"]), "xlsx"))) as archive:
        sheet = ElementTree.fromstring(archive.read("xl/worksheets/sheet1.xml"))  # noqa: S314  our own

    spaces = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    cells = list(sheet.iter(f"{spaces}c"))
    assert [cell.get("t") for cell in cells] == ["inlineStr"] * 6
    assert [cell.get("s") for cell in cells[3:]] == ["2"] * 3  # stays a text when somebody types over it
    assert list(sheet.iter(f"{spaces}f")) == []


NEW_YORK = ZoneInfo("America/New_York")
AT = datetime(2026, 11, 20, 23, 30, 0, 5, tzinfo=UTC).astimezone(NEW_YORK)
CELLS: tuple[Cell, ...] = (None, True, False, -5, 2.5, Decimal("1.10"), date(2026, 11, 20), AT, float("nan"), 10**16)


def test_numbers_days_and_moments_have_one_form_in_each_format() -> None:
    one = table(CELLS, headings=tuple("abcdefghij"))
    moment = "2026-11-20T18:30:00.000005-05:00"

    assert content(one, "csv").decode().splitlines()[1] == (
        f",yes,no,-5,2.5,1.10,2026-11-20,{moment},nan,10000000000000000"
    )
    assert list(json.loads(content(one, "json"))[0].values()) == [
        None,
        True,
        False,
        -5,
        2.5,
        1.10,
        "2026-11-20",
        moment,
        None,
        10**16,
    ]
    assert book_of(content(one, "xlsx"))[1] == [
        None,
        "yes",
        "no",
        -5,
        2.5,
        1.1,
        "2026-11-20",
        moment,
        None,
        "10000000000000000",
    ]


def test_a_cell_with_nul_is_refused() -> None:
    with pytest.raises(ValueError, match="NUL"):
        content(table(["a", "b\x00", "c"]), "csv")


@pytest.mark.parametrize(("form", "expected"), [("csv", b"\xef\xbb\xbfid,'=name,place\r\n"), ("json", b"[]\n")])
def test_a_table_without_rows_is_a_whole_file(form: str, expected: bytes) -> None:
    assert content(table(), form) == expected


def test_a_workbook_without_rows_has_its_headings() -> None:
    assert book_of(content(table(), "xlsx")) == [list(HEADINGS)]


def test_more_rows_than_a_sheet_holds_go_on_in_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "SHEET_ROWS", 3)
    rows = [[str(number), "", ""] for number in range(5)]

    book = load_workbook(io.BytesIO(content(table(*rows), "xlsx")))

    found = {sheet.title: [row[0].value for row in sheet.iter_rows()] for sheet in book.worksheets}
    assert found == {"people": ["id", "0", "1"], "people 2": ["id", "2", "3"], "people 3": ["id", "4"]}


def test_a_text_too_long_for_a_workbook_is_cut_and_says_so() -> None:
    long = "a" * 40_000

    found = book_of(content(table([long, "", ""]), "xlsx"))[1][0]

    assert found == "a" * (workbook.CELL_LENGTH - 1) + "…"
    assert long.encode() in content(table([long, "", ""]), "csv")


def test_columns_are_lettered_as_spreadsheets_do() -> None:
    headings = tuple(f"h{number}" for number in range(1, 704))

    found = load_workbook(io.BytesIO(content(table(headings=headings), "xlsx"))).worksheets[0]

    assert [found[f"{letters}1"].value for letters in ("A", "Z", "AA", "ZZ", "AAA")] == [
        "h1",
        "h26",
        "h27",
        "h702",
        "h703",
    ]


@pytest.mark.parametrize("form", FORMATS)
def test_the_first_part_comes_before_all_rows_are_read_and_memory_stays_flat(form: str) -> None:
    read = 0

    def rows() -> Iterator[Sequence[Cell]]:
        nonlocal read
        for read in range(1, 30_001):
            yield (str(read), "Ben Brown", read)

    def peak(wanted: int) -> int:
        tracemalloc.start()
        sent = 0
        for part in parts(Table("people", HEADINGS, rows), form):
            sent += len(part)
            if read >= wanted:
                break
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    next(parts(Table("people", HEADINGS, rows), form))

    assert read <= 500
    few = peak(3_000)
    assert peak(30_000) < few * 1.5 + 300_000


@pytest.mark.parametrize(
    ("form", "kind"),
    [
        ("csv", "text/csv; charset=utf-8"),
        ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        ("json", "application/json"),
    ],
)
def test_a_download_has_a_name_a_kind_and_no_copy_in_a_cache(form: str, kind: str) -> None:
    response = respond(table(["1", "Ben", "x"]), form, on=date(2026, 11, 20))

    assert response.streaming
    assert response.headers["Content-Type"] == kind
    assert response.headers["Content-Disposition"] == f'attachment; filename="people-2026-11-20.{form}"'
    assert response.headers["Cache-Control"] == "no-store"
    assert response.getvalue() == content(table(["1", "Ben", "x"]), form) or form == "xlsx"


def test_writing_says_how_many_rows_there_were() -> None:
    assert [write(table(["1", "", ""], ["2", "", ""]), form, io.BytesIO()) for form in FORMATS] == [2, 2, 2]


def test_there_is_no_other_format() -> None:
    with pytest.raises(KeyError):
        respond(table(), "pdf")
