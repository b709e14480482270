from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from checkin_project.platform.legacy import field_of
from events.legacy import ALIASES, read_row, whole_day

NEW_YORK = ZoneInfo("America/New_York")
MOMENT = "This is not a date and time. Example: 2026-11-20 18:30."


@pytest.mark.parametrize(
    ("heading", "field"),
    [("id", "legacy_id"), ("event_date", "event_date"), ("Event Name", "name"), ("active", "active"), ("colour", "")],
)
def test_headings_of_every_generation_are_known(heading: str, field: str) -> None:
    assert field_of(heading, ALIASES) == field


def test_a_date_without_a_time_is_all_day_in_the_organisations_zone() -> None:
    reading = read_row({"name": " GBM  1 ", "event_date": "2024-09-03", "location": "nan"}, {}, NEW_YORK)

    assert reading.problems == []
    assert reading.values == {
        "name": "GBM 1",
        "starts_at": datetime(2024, 9, 3, 4, 0, tzinfo=UTC),
        "ends_at": datetime(2024, 9, 4, 4, 0, tzinfo=UTC),
        "all_day": True,
    }


def test_a_day_on_which_the_clocks_change_has_23_or_25_hours() -> None:
    spring = whole_day(date(2026, 3, 8), NEW_YORK)
    autumn = whole_day(date(2026, 11, 1), NEW_YORK)

    assert [end - start for start, end in (spring, autumn)] == [timedelta(hours=23), timedelta(hours=25)]


def test_a_date_with_a_time_lasts_an_hour() -> None:
    values = read_row({"name": "GBM 1", "event_date": "2024-09-03 18:00"}, {}, NEW_YORK).values

    assert (values["starts_at"], values["ends_at"], values["all_day"]) == (
        datetime(2024, 9, 3, 22, 0, tzinfo=UTC),
        datetime(2024, 9, 3, 23, 0, tzinfo=UTC),
        False,
    )


def test_an_inactive_event_is_hidden_and_an_active_one_left_alone() -> None:
    row = {"name": "GBM 1", "event_date": "2024-09-03"}

    assert read_row(row | {"active": "false"}, {}, NEW_YORK).values["hidden"] is True
    assert "hidden" not in read_row(row | {"active": "true"}, {}, NEW_YORK).values


@pytest.mark.parametrize(
    ("cells", "problem"),
    [
        ({"event_date": "2024-09-03"}, ("name", "An event needs a name.")),
        ({"name": "GBM 1"}, ("event_date", "An event needs a date.")),
        (
            {"name": "GBM 1", "event_date": "3/9/2024"},
            ("event_date", "This is not a date and time. Example: 2026-11-20 18:30."),
        ),
        ({"name": "GBM 1", "event_date": "2024-09-03", "active": "perhaps"}, ("active", "Write true or false.")),
    ],
)
def test_a_bad_cell_is_named_with_its_reason(cells: dict[str, str], problem: tuple[str, str]) -> None:
    assert read_row(cells, {}, NEW_YORK).problems == [problem]
