import io
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checkin_project.platform.sheets import (
    Limits,
    Problem,
    Row,
    SheetWriter,
    escape_cell,
    open_sheet,
    read_sheet,
    unescape_cell,
)

SMALL = Limits(max_bytes=400, rows=3, columns=4, cell_length=20)


def read(data: bytes | str, limits: Limits | None = None) -> list[Row | Problem]:
    return list(read_sheet(io.BytesIO(data.encode() if isinstance(data, str) else data), limits=limits))


def cells(data: bytes | str) -> list[tuple[int, tuple[str, ...]]]:
    return [(row.line, row.cells) for row in read(data) if isinstance(row, Row)]


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_every_line_ending_and_encoding_gives_the_same_rows(ending: str, encoding: str) -> None:
    text = ending.join(["id,name", "1,Zoë", "2,קתה"])

    assert cells(text.encode(encoding)) == [(2, ("1", "Zoë")), (3, ("2", "קתה"))]


def test_a_line_ending_cut_by_the_edge_of_a_chunk_is_one_ending() -> None:
    for length in range(65530, 65542):
        first = "x" * (length - len("id,name\r\n1,"))

        found = read(f"id,name\r\n1,{first}\r\n2,b\r\n", Limits(cell_length=70_000))

        assert [(row.line, row.cells[1][-1]) for row in found if isinstance(row, Row)] == [(2, "x"), (3, "b")]


def test_a_quoted_cell_keeps_its_lines_and_later_rows_their_physical_line() -> None:
    data = 'id,note\n1,"two\nlines, ""quoted"""\n2,b\n'

    assert read(data) == [Row(2, 3, ("1", 'two\nlines, "quoted"')), Row(4, 4, ("2", "b"))]


def test_blank_lines_are_passed_over_and_counted_as_lines() -> None:
    assert cells("id,name\n\n  \n1,Ben\n\n") == [(4, ("1", "Ben"))]


def test_a_header_followed_by_one_blank_line_has_no_rows_and_no_problem() -> None:
    sheet = read_sheet(io.BytesIO(b"id,name\n\n"))

    assert sheet.header == ("id", "name")
    assert list(sheet) == []
    assert sheet.fatal is None


def test_separators_that_only_look_like_line_ends_stay_in_the_cell() -> None:
    assert cells("id,name\n1,a\u2028b\x0bc\x85d\n") == [(2, ("1", "a\u2028b\x0bc\x85d"))]


def test_old_cells_that_look_like_formulas_stay_as_they_are() -> None:
    assert cells("phone,major\n+1 555,-\n") == [(2, ("+1 555", "-"))]


def test_a_quote_inside_an_unquoted_cell_is_text() -> None:
    assert cells('id,name\n1,Dwayne "Rock" Johnson\n') == [(2, ("1", 'Dwayne "Rock" Johnson'))]


BAD_ROWS = [
    ("too few cells", "id,name\n1\n2,b\n", 2, "", "1 cells, but there are 2 headings"),
    ("too many cells", "id,name\n1,a\n2,b,c\n", 3, "", "3 cells, but there are 2 headings"),
    ("NUL", "id,name\n1,a\n2,b\x00c\n", 3, "name", "NUL character"),
]


@pytest.mark.parametrize(("data", "line", "column", "reason"), [case[1:] for case in BAD_ROWS])
def test_a_bad_row_is_named_and_the_others_are_read(data: str, line: int, column: str, reason: str) -> None:
    found = read(data)

    problems = [item for item in found if isinstance(item, Problem)]
    assert [(problem.line, problem.column, problem.fatal) for problem in problems] == [(line, column, False)]
    assert reason in problems[0].reason
    assert len(found) == 2


BAD_FILES: list[tuple[str, bytes, int, str]] = [
    ("no bytes", b"", 1, "is empty"),
    ("only a mark", b"\xef\xbb\xbf", 1, "is empty"),
    ("only blank lines", b"\r\n\r\n", 1, "is empty"),
    ("workbook", b"PK\x03\x04rest", 1, "Excel workbook or a ZIP"),
    ("old workbook", b"\xd0\xcf\x11\xe0rest", 1, "old Excel workbook"),
    ("picture", b"\x89PNGrest", 1, "not a text file"),
    ("UTF-32", "id,name".encode("utf-32"), 1, "UTF-32"),
    ("UTF-16 without mark", "id,name\n".encode("utf-16-le"), 1, "UTF-16 without its mark"),
    ("Latin-1", "id,name\n1,a\n2,Zoë\n3,b\n".encode("latin-1"), 3, "not UTF-8"),
    ("half a UTF-16 letter", "id,name\n1,a\n".encode("utf-16") + b"\x31", 3, "not UTF-8"),
    ("duplicate headings", b"id,Name,name\n", 1, "2 and 3 are both called"),
    ("blank heading", b"id,,name\n", 1, "Column 2 has no heading"),
    ("NUL in a heading", b"id,na\x00me\n", 1, "Heading 2 contains a NUL"),
    ("semicolons", b"id;name\n1;a\n", 1, "not separated by commas"),
    ("unclosed quote", b'id,name\n1,a\n2,"b\n3,c\n4,d\n', 3, "never closed"),
    ("quote closed elsewhere", b'id,name\n1,"a\n2,"b"\n', 2, "closes in line 3 in the middle of a cell"),
    ("too many rows", b"id\n1\n2\n3\n4\n", 5, "more than 3 rows"),
    ("too many columns", b"a,b,c,d,e\n", 1, "more than 4 columns"),
    ("too long a cell", b"id,name\n1," + b"x" * 21 + b"\n", 2, "more than 20 characters"),
    ("too long a quoted cell", b'id,name\n1,"' + b"x\n" * 21 + b'"\n', 2, "within a cell's length"),
    ("too many bytes", b"id\n" + b"1\n" * 300, 1, "larger than 0 MB"),
    ("one endless line", b"id\n" + b"x" * 1_200_000, 2, "too long for a table"),
]


@pytest.mark.parametrize(("data", "line", "reason"), [case[1:] for case in BAD_FILES], ids=[c[0] for c in BAD_FILES])
def test_a_bad_file_has_its_own_sentence_and_line(data: bytes, line: int, reason: str) -> None:
    limits = Limits() if len(data) > 1000 else SMALL

    last = read(data, limits)[-1]

    assert isinstance(last, Problem)
    assert last.fatal
    assert (last.line, reason in last.reason) == (line, True), str(last)


def test_rows_before_an_unclosed_quote_come_first_and_nothing_after_it() -> None:
    found = read('id,name\n1,a\n2,"b\n3,c\n')

    assert found[0] == Row(2, 2, ("1", "a"))
    assert [type(item) for item in found] == [Row, Problem]


def test_a_path_is_opened_and_closed(tmp_path: Path) -> None:
    path = tmp_path / "members.csv"
    path.write_bytes(b"id\n1\n")

    with open_sheet(path) as sheet:
        rows = list(sheet)

    assert rows == [Row(2, 2, ("1",))]


_TEXT = st.text(
    alphabet=st.one_of(
        st.sampled_from("=+-@\t\r\n＝＋－＠'\",; "),
        st.characters(exclude_categories=["Cs"], exclude_characters="\x00"),
    ),
    max_size=12,
)


@given(_TEXT)
def test_escaping_is_safe_and_exactly_reversible(text: str) -> None:
    escaped = escape_cell(text)

    assert not re.match("[=+\\-@\t\r\n＝＋－＠]", escaped)
    assert unescape_cell(escaped) == text


@given(st.integers(1, 4).flatmap(lambda width: st.lists(st.lists(_TEXT, min_size=width, max_size=width), max_size=6)))
def test_what_is_written_reads_back_exactly(rows: list[list[str]]) -> None:
    width = len(rows[0]) if rows else 2
    file = io.StringIO(newline="")
    writer = SheetWriter(file, [f"column {number}" for number in range(width)])
    for row in rows:
        writer.write(row)

    sheet = read_sheet(io.BytesIO(file.getvalue().encode()))

    assert [item.cells for item in sheet if isinstance(item, Row)] == [tuple(row) for row in rows]
    assert sheet.fatal is None


@given(st.binary(max_size=300))
def test_no_bytes_make_the_reader_raise(data: bytes) -> None:
    for item in read_sheet(io.BytesIO(data), limits=SMALL):
        assert isinstance(item, Row | Problem)


def test_the_writer_refuses_nul_and_writes_nothing_for_none() -> None:
    file = io.StringIO(newline="")
    writer = SheetWriter(file, ["id", "name"])

    writer.write([1, None])

    assert file.getvalue() == "\ufeffid,name\r\n1,\r\n"
    with pytest.raises(ValueError, match="NUL"):
        writer.write(["\x00", ""])
