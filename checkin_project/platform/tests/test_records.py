"""Records of an import, in memory: what is stored, what a file gives, and what would change."""

from checkin_project.platform.imports import Change, Record
from checkin_project.platform.imports.stored import stored_row

Row = stored_row(["name", "major"])


def test_a_stored_row_is_asked_by_name() -> None:
    row = Row(["Ana", None])

    assert (row.get("name"), row.get("major", "?"), row.get("shoe"), row.get("shoe", "?")) == ("Ana", None, None, "?")


def test_a_record_keeps_only_what_differs_from_what_is_stored() -> None:
    record = Record(7, Row(["Ana", "Art"]))

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
