import io
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from checkin_project.platform.access import SYSTEM
from checkin_project.platform.imports import ImportReport, Plan
from checkin_project.platform.sheets import read_sheet
from events import imports
from events.models import CheckInSettings, Event
from events.tests.factories import make_event

AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
NEWER = "id,name,event_date,location,created_at"
OLDER = "id,name,event_date,location,active"
ROWS = (
    "gbm_1,GBM 1,2024-09-03,STEM 210,2024-09-03T12:00:00Z",
    "mixer,Fall Mixer,2024-11-14,,2024-11-14T12:00:00Z",
)


def plan(header: str, *rows: str, zone: str = "UTC") -> Plan:
    return imports.plan(read_sheet(io.BytesIO("\n".join([header, *rows]).encode())), zone=ZoneInfo(zone))


def put(header: str, *rows: str, zone: str = "UTC") -> ImportReport:
    return imports.apply(plan(header, *rows, zone=zone), by=SYSTEM, at=AT, zone=ZoneInfo(zone))


def states(found: Plan) -> list[str]:
    return [row.state.value for row in found.rows]


def everything() -> list[dict[str, Any]]:
    return [dict(row) for row in Event.objects.order_by("pk").values()]


@pytest.mark.django_db
def test_new_events_come_in_whole_and_open_for_check_in_all_day() -> None:
    report = put(NEWER, *ROWS, zone="America/New_York")

    event = Event.objects.get(legacy_id="gbm_1")
    opens_on = datetime(2024, 9, 3, 4, 0, tzinfo=UTC)
    assert report == ImportReport(created=2)
    assert (event.starts_at, event.ends_at, event.all_day) == (opens_on, opens_on + timedelta(days=1), True)
    assert (event.source, event.timezone, event.location) == (Event.Source.IMPORT, "America/New_York", "STEM 210")
    assert event.created_at == datetime(2024, 9, 3, 12, 0, tzinfo=UTC)
    assert list(Event.objects.open_for_check_in(opens_on)) == [event]
    assert list(Event.objects.open_for_check_in(opens_on - timedelta(seconds=1))) == []


@pytest.mark.django_db
def test_every_new_event_has_its_settings_its_code_and_a_history() -> None:
    put(NEWER, *ROWS)

    assert CheckInSettings.objects.count() == CheckInSettings.history.count() == 2
    assert len(set(Event.objects.values_list("code", flat=True))) == 2
    assert [event.history.get().history_type for event in Event.objects.all()] == ["+", "+"]


@pytest.mark.django_db
def test_the_same_file_twice_changes_nothing_the_second_time() -> None:
    put(NEWER, *ROWS)
    before = everything()

    again = plan(NEWER, *ROWS)

    assert states(again) == ["same", "same"]
    assert imports.apply(again, by=SYSTEM, at=AT) == ImportReport()
    assert everything() == before


@pytest.mark.django_db
@pytest.mark.parametrize(("first", "second"), [(0, 1), (1, 0)])
def test_both_generations_give_one_event_in_either_order(first: int, second: int) -> None:
    files = [(NEWER, ROWS[0]), (OLDER, "1,gbm 1,2024-09-03,stem 210,true")]
    put(*files[first])

    found = plan(*files[second])
    imports.apply(found, by=SYSTEM, at=AT)

    event = Event.objects.get()
    assert event.legacy_id == ["gbm_1", "1"][first]
    assert event.extra == {"legacy_ids": [["gbm_1", "1"][second]]}
    assert states(plan(*files[second])) == ["same"]


@pytest.mark.django_db
def test_a_plan_writes_nothing() -> None:
    make_event(legacy_id="gbm_1", name="GBM 1", starts_at=datetime(2024, 9, 3, 9, tzinfo=UTC))
    before = everything()

    found = plan(NEWER, *ROWS)

    assert states(found) == ["changed", "new"]
    assert everything() == before


@pytest.mark.django_db
def test_hours_that_staff_set_survive_a_date_without_a_time_and_blanks_change_nothing() -> None:
    make_event(legacy_id="gbm_1", name="GBM 1", starts_at=datetime(2024, 9, 3, 18, tzinfo=UTC), location="STEM 210")

    assert states(plan(OLDER, "gbm_1,GBM 1,2024-09-03,,")) == ["same"]


@pytest.mark.django_db
def test_a_moved_and_renamed_place_is_shown_as_changes() -> None:
    put(NEWER, ROWS[0])

    found = plan(NEWER, "gbm_1,GBM 1,2024-09-10,Hall,")

    assert {change.field: change.new for change in found.changes_of(found.rows[0])} == {
        "starts_at": datetime(2024, 9, 10, tzinfo=UTC),
        "ends_at": datetime(2024, 9, 11, tzinfo=UTC),
        "location": "Hall",
    }


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("row", "reasons"),
    [
        (",gbm 1,2024-09-03,stem,", ("same day", "same name")),
        (",GMB 1,2024-09-03,STEM 210,", ("same day", "similar name")),
    ],
)
def test_another_spelling_is_reported_and_not_merged(row: str, reasons: tuple[str, ...]) -> None:
    put(NEWER, ROWS[0])

    found = plan(NEWER, row)

    assert states(found) == ["new"]
    [likely] = found.rows[0].likely
    assert (likely.pk, likely.reasons) == (Event.objects.get().pk, reasons)


@pytest.mark.django_db
def test_ids_that_point_elsewhere_are_errors_naming_both() -> None:
    put(NEWER, *ROWS)

    found = plan(NEWER, "mixer,GBM 1,2024-09-03,STEM 210,", "mixer,Picnic,2025-05-01,,")

    assert [(problem.line, problem.column, problem.reason) for problem in found.problems] == [
        (2, "id", "The id belongs to Fall Mixer, but name, date and location to GBM 1."),
        (3, "id", "The id belongs to Fall Mixer on 2024-11-14, but the row describes another event."),
    ]


@pytest.mark.django_db
def test_columns_without_a_place_are_kept() -> None:
    put("name,event_date,colour", "GBM 1,2024-09-03,red")

    assert Event.objects.get().extra == {"colour": "red"}


@pytest.mark.django_db
@pytest.mark.parametrize("arrived", [{"legacy_id": "mixer"}, {"name": "fall mixer", "location": ""}])
def test_an_event_that_was_added_since_the_plan_stops_all_of_it(arrived: dict[str, Any]) -> None:
    found = plan(NEWER, *ROWS)
    make_event(**({"starts_at": datetime(2024, 11, 14, tzinfo=UTC)} | arrived))

    report = imports.apply(found, by=SYSTEM, at=AT)

    assert [problem.line for problem in report.outdated] == [3]
    assert Event.objects.count() == 1


@pytest.mark.django_db
def test_queries_do_not_grow_with_the_rows() -> None:
    counts = []
    for size in (1, 20):  # SQLite takes about 30 events in one statement
        rows = [f"{size}-{row},Meeting {row},2024-09-03,Hall {size}," for row in range(size)]
        with CaptureQueriesContext(connection) as queries:
            put(NEWER, *rows)
            put(NEWER, *(row.replace("Hall", "Room") for row in rows))
        counts.append(len(queries))

    assert counts[0] == counts[1]
