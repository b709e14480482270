from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from checkin_project.platform.legacy import field_of
from members.legacy import ALIASES, Reading, classify, read_row, split_name
from members.models import Member

ZONE = ZoneInfo("UTC")
Class = Member.Classification


def read(**cells: str) -> Reading:
    return read_row(cells, {}, ZONE)


@pytest.mark.parametrize(
    ("heading", "field"),
    [
        ("id", "legacy_id"),
        ("Name", "name"),
        ("Email", "student_email"),
        ("Personal Email", "personal_email"),
        ("V-number", "v_number"),
        ("Classification", "classification"),
        ("Major", "major"),
        ("primary_email", "primary_email"),
        ("Shoe size", ""),
    ],
)
def test_headings_of_every_generation_are_known(heading: str, field: str) -> None:
    assert field_of(heading, ALIASES) == field


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("Freshmen", Class.FRESHMAN),
        ("sophmore", Class.SOPHOMORE),
        ("Jr", Class.JUNIOR),
        ("Jr.", Class.JUNIOR),
        (" SR ", Class.SENIOR),
        ("alum", Class.ALUMNI),
        ("grad", Class.GRADUATE),
        ("Graduate Student", Class.GRADUATE),
        ("wizard", ""),
    ],
)
def test_classifications_are_understood_as_people_write_them(cell: str, expected: str) -> None:
    assert classify(cell) == expected


def test_an_unknown_classification_is_other_and_kept_as_written() -> None:
    reading = read(first_name="Ben", classification="Wizard")

    assert reading.values == {"first_name": "Ben", "classification": "other"}
    assert reading.extra == {"classification": "Wizard"}


def test_the_last_word_of_a_name_is_the_last_name() -> None:
    assert split_name("Mary Ann Smith") == ("Mary Ann", "Smith")
    assert split_name("Cleo") == ("Cleo", "")


def test_a_row_of_the_newer_shape_is_cleaned() -> None:
    reading = read(
        legacy_id="7",
        first_name=" Ben ",
        last_name="Brown",
        classification="nan",
        major="",
        v_number="v012345678",
        student_email="Ben@Example.edu",
        created_at="2026-03-31T14:06:00Z",
    )

    assert reading.problems == []
    assert reading.values == {
        "legacy_id": "7",
        "first_name": "Ben",
        "last_name": "Brown",
        "v_number": "V012345678",
        "student_email": "ben@example.edu",
        "created_at": datetime(2026, 3, 31, 14, 6, tzinfo=UTC),
    }


def test_a_row_of_the_older_shape_loses_nothing() -> None:
    cells = {"first_name": "Ben", "student_email": "b@example.edu", "primary_email": "b@example.edu"}
    cells["status"] = "inactive"

    reading = read_row(cells, {"last_verified_at": "2026-01-09T17:26:00Z", "notes": "None"}, ZONE)

    assert reading.values == {"first_name": "Ben", "student_email": "b@example.edu"}
    assert reading.extra == {"status": "inactive", "last_verified_at": "2026-01-09T17:26:00Z"}


def test_a_primary_address_of_its_own_finds_a_place() -> None:
    assert read(first_name="Ben", primary_email="b@example.org").values["personal_email"] == "b@example.org"
    both = read(first_name="Ben", personal_email="p@example.org", primary_email="b@example.org")
    assert both.extra == {"primary_email": "b@example.org"}


@pytest.mark.parametrize("status", ["active", "Active"])
def test_an_old_active_lifts_no_block(status: str) -> None:
    reading = read(first_name="Ben", status=status)

    assert reading.values == {"first_name": "Ben"}
    assert reading.extra == {}


@pytest.mark.parametrize(
    ("column", "cell", "reason"),
    [
        ("v_number", "V123", "8 or 9 digits"),
        ("student_email", "ben at home", "not an e-mail"),
        ("first_name", "x" * 101, "at most 100"),
        ("phone", "1\u202e2", "direction of reading"),
        ("created_at", "soon", "not a date and time"),
    ],
)
def test_a_bad_cell_is_named_with_its_reason(column: str, cell: str, reason: str) -> None:
    [(field, sentence)] = read(**{column: cell}).problems

    assert field == column
    assert reason in sentence
