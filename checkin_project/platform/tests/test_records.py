"""Records of an import, in memory: what is stored, what a file gives, and what would change."""

from checkin_project.platform.imports import Change, Record
from checkin_project.platform.imports.stored import StoredRow

PLACES = {"name": 0, "major": 1}


def test_a_stored_row_reads_like_a_dictionary() -> None:
    row = StoredRow(PLACES, ("Ana", None))

    assert dict(row) == {"name": "Ana", "major": None}
    assert (row["name"], row.get("major", "?"), row.get("shoe"), "shoe" in row, len(row)) == (
        "Ana",
        None,
        None,
        False,
        2,
    )
    assert row == {"name": "Ana", "major": None}
    assert repr(row) == "StoredRow({'name': 'Ana', 'major': None})"


def test_a_record_keeps_only_what_differs_from_what_is_stored() -> None:
    record = Record(7, StoredRow(PLACES, ("Ana", "Art")))

    assert record.take({"name": "Ana", "major": "Law"}) == {"major"}
    assert (record.values, record.get("name"), record.get("major")) == ({"major": "Law"}, "Ana", "Law")
    assert record.changes == (Change("major", "Art", "Law"),)

    assert record.take({"major": "Art"}) == {"major"}
    assert not record.values
    assert not record.changes


def test_a_new_record_keeps_all_that_it_is_given() -> None:
    record = Record(None)

    assert record.take({"name": "Ana", "major": ""}) == {"name", "major"}
    assert record.take({"name": "Ana", "major": "Law"}) == {"major"}
    assert record.values == {"name": "Ana", "major": "Law"}
    assert not record.changes
