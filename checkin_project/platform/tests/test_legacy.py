from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError

from checkin_project.platform.legacy import (
    clean_id,
    heading_key,
    is_blank,
    is_blank_name,
    parse_day,
    parse_moment,
    parse_yes_no,
)

NEW_YORK = ZoneInfo("America/New_York")


@pytest.mark.parametrize("heading", ["Personal Email", "personal_email", " PERSONAL-EMAIL ", "personal  e̱mail"])
def test_headings_are_compared_without_case_accents_and_punctuation(heading: str) -> None:
    assert heading_key(heading) == "personal_email"


@pytest.mark.parametrize("cell", ["", "  ", "nan", "NaN", "None", "NULL", "n/a", "N/A"])
def test_a_programs_word_for_nothing_is_blank(cell: str) -> None:
    assert is_blank(cell)
    assert is_blank_name(cell)


@pytest.mark.parametrize("name", ["Nan", "Na", "Null"])
def test_people_may_be_called_like_nothing(name: str) -> None:
    assert not is_blank_name(name)


def test_a_dash_is_not_blank() -> None:
    assert not is_blank("-")


def test_a_whole_number_written_with_a_point_is_the_same_id() -> None:
    assert [clean_id(cell) for cell in ("12.0", " 12 ", "gbm_1", "1.5", "nan")] == ["12", "12", "gbm_1", "1.5", ""]


@pytest.mark.parametrize("cell", ["2026-11-20", "2026/11/20", " 2026-11-20 "])
def test_a_day_has_its_year_first(cell: str) -> None:
    assert parse_day(cell) == date(2026, 11, 20)


@pytest.mark.parametrize("cell", ["20/11/2026", "11/20/2026", "2026-13-01", "2026-02-30", "0001-01-01", "soon"])
def test_anything_else_is_not_a_day(cell: str) -> None:
    with pytest.raises(ValidationError, match="not a date"):
        parse_day(cell)


@pytest.mark.parametrize(
    "cell",
    [
        "2026-07-01T22:30:00Z",
        "2026-07-01 22:30 UTC",
        "2026-07-01T18:30:00-04:00",
        "2026-07-01 18:30",
        "2026-07-01 18:30:00.000",
    ],
)
def test_a_moment_without_a_zone_is_in_the_organisations(cell: str) -> None:
    assert parse_moment(cell, NEW_YORK) == datetime(2026, 7, 1, 22, 30, tzinfo=UTC)


def test_a_date_alone_is_its_local_midnight() -> None:
    assert parse_moment("2026-07-01", NEW_YORK) == datetime(2026, 7, 1, 4, 0, tzinfo=UTC)


@pytest.mark.parametrize("cell", ["2026-07-01T25:00", "yesterday", "9999-01-01 00:00", "20260701T1830"])
def test_anything_else_is_not_a_moment(cell: str) -> None:
    with pytest.raises(ValidationError, match="not a date and time"):
        parse_moment(cell, NEW_YORK)


def test_yes_and_no_have_many_spellings() -> None:
    assert [parse_yes_no(cell) for cell in ("true", "T", "1", "Yes")] == [True] * 4
    assert [parse_yes_no(cell) for cell in ("FALSE", "0", "no", "inactive")] == [False] * 4
    with pytest.raises(ValidationError, match="true or false"):
        parse_yes_no("perhaps")
