"""Attendance as tables: complete, safe to open, reversible, streamed from one snapshot."""

import io
import re
import tracemalloc
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from attendance import exports
from attendance.exports import COLUMNS, event_table
from attendance.models import Attendance, Scan
from attendance.registration import cancel_registration, register
from attendance.subjects import by_guest_name, by_member
from attendance.tests.factories import AT, SUPERVISOR, come_in, go_out
from checkin_project.platform.access import SYSTEM, Actor, Role
from checkin_project.platform.exports import Table, exports_for, find, formats, parts, respond, table
from checkin_project.platform.imports import RowState, kinds
from checkin_project.platform.sheets import Row, read_sheet
from events.models import Event
from events.tests.factories import EVENING, make_event, make_group
from members.models import Member
from members.tests.factories import make_member

pytestmark = pytest.mark.django_db


def text_of(event: Event) -> str:
    return b"".join(parts(event_table(event), "csv")).decode()


def file_name(event: Event) -> str:
    response = respond(event_table(event), "csv", on=event.local_start.date())
    return str(response.headers["Content-Disposition"]).removeprefix('attachment; filename="').removesuffix('"')


def rows_of(event: Event) -> list[dict[str, str]]:
    """What a reader of our own gets out of the file."""
    sheet = read_sheet(io.BytesIO(text_of(event).encode()))
    found = [row for row in sheet if isinstance(row, Row)]
    return [dict(zip(sheet.header, row.cells, strict=True)) for row in found]


def fill(event: Event, people: int) -> None:
    Attendance.objects.bulk_create(
        Attendance(event=event, guest_name=f"Guest {number}", guest_key=f"guest {number}", created_at=AT, updated_at=AT)
        for number in range(people)
    )


def test_the_columns_hold_who_came_when_and_through_which_door() -> None:
    event = make_event(name="Chess night", location="Library", timezone="America/New_York", legacy_id="e7")
    ben = make_member(v_number="V01234567", student_email="ben@campus.example", major="Law", legacy_id="12")
    register(by_member(ben.pk), event.code, by=SUPERVISOR, at=EVENING - timedelta(days=1), party_size=2)
    come_in(ben, event)
    go_out(ben, event, at=AT + timedelta(minutes=20))

    assert rows_of(event) == [
        {
            "event_id": "e7",
            "event_name": "Chess night",
            "event_date": "2026-11-20",
            "event_location": "Library",
            "member_id": "12",
            "member_name": "Ben Brown",
            "member_first_name": "Ben",
            "member_last_name": "Brown",
            "member_classification": "",
            "member_major": "Law",
            "member_student_email": "ben@campus.example",
            "member_personal_email": "",
            "member_v_number": "V01234567",
            "checked_in_at": "2026-11-20T13:30:00-05:00",
            "method": "staff",
            "state": "attended",
            "registered": "yes",
            "registered_at": "2026-11-19T13:00:00-05:00",
            "registered_people": "2",
            "checked_out_at": "2026-11-20T13:50:00-05:00",
            "walk_in": "no",
            "people": "2",
            "entries": "1",
            "note": "",
        }
    ]


def test_times_are_the_events_own_with_their_offset() -> None:
    event = make_event(timezone="Asia/Kathmandu")
    come_in(make_member(), event)

    told = rows_of(event)[0]["checked_in_at"]

    assert told == "2026-11-21T00:15:00+05:45"
    assert datetime.fromisoformat(told) == AT


def test_who_came_stands_first_in_the_order_of_arrival_then_who_did_not() -> None:
    event = make_event()
    absent, late, early, off = (make_member(first_name=name) for name in ("Absent", "Late", "Early", "Off"))
    for member in (absent, off):
        register(by_member(member.pk), event.code, by=SUPERVISOR, at=EVENING)
    cancel_registration(by_member(off.pk), event.code, by=SUPERVISOR, at=EVENING)
    come_in(late, event, at=AT + timedelta(minutes=5))
    come_in(early, event)
    come_in(by_guest_name("Zoe Adler"), event, at=AT + timedelta(minutes=9))

    assert [(row["member_name"], row["state"], row["registered"], row["walk_in"]) for row in rows_of(event)] == [
        ("Early Brown", "attended", "no", "yes"),
        ("Late Brown", "attended", "no", "yes"),
        ("Zoe Adler", "attended", "no", "yes"),
        ("Absent Brown", "registered", "yes", "no"),
        ("Off Brown", "cancelled", "cancelled", "no"),
    ]


HOSTILE = ["=1+1", "+1", "-1", "@SUM(A1)", "＝1", "＋1", "－1", "＠1", "'=1", "'quoted'", 'a "b", c', "Łucja", "😀"]


@pytest.mark.parametrize("name", HOSTILE)
def test_no_cell_is_a_formula_and_every_cell_reads_back_as_it_was(name: str) -> None:
    event = make_event(name=name, location=name)
    come_in(make_member(first_name=name, last_name=""), event)
    Attendance.objects.update(note=f"{name}\n{name}\t")

    text = text_of(event)
    row = rows_of(event)[0]

    assert [row[column] for column in ("event_name", "event_location", "member_first_name")] == [name] * 3
    assert row["note"] == f"{name}\n{name}\t"
    cells = re.findall(r'(?:^|,|\r\n)("?)(.)', text.removeprefix("\ufeff"))
    assert not [first for _quote, first in cells if first in "=+-@\t\r＝＋－＠"]


def test_the_file_opens_as_utf_8_in_spreadsheets_and_ends_its_lines_with_crlf() -> None:
    event = make_event()
    come_in(make_member(), event)

    text = text_of(event)

    assert text.startswith("\ufeffevent_id,")
    assert text.count("\r\n") == 2
    assert text.endswith("\r\n")


def test_an_event_without_people_gives_the_headings() -> None:
    assert text_of(make_event()) == "\ufeff" + ",".join(COLUMNS) + "\r\n"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Chess night", "attendance-chess-night-2026-11-20.csv"),
        ('a"b/../c\r\nSet-Cookie: x=1', "attendance-abc-set-cookie-x1-2026-11-20.csv"),
        ("x" * 200, f"attendance-{'x' * 60}-2026-11-20.csv"),
        ("Ärger über Öl", "attendance-arger-uber-ol-2026-11-20.csv"),
    ],
)
def test_the_name_of_the_file_is_safe(name: str, expected: str) -> None:
    assert file_name(Event(name=name, starts_at=EVENING, ends_at=EVENING, timezone="UTC")) == expected


def test_a_name_without_latin_letters_leaves_the_code() -> None:
    event = make_event(name="将棋の夕べ")

    assert file_name(event) == f"attendance-{event.code.lower()}-2026-11-20.csv"


def test_the_file_takes_one_query_however_many_came(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "_AT_ONCE", 2)
    monkeypatch.setattr(table, "_AT_ONCE", 2)

    def queries(people: int) -> int:
        event = make_event()
        fill(event, people)
        with CaptureQueriesContext(connection) as captured:
            assert text_of(event).count("\r\n") == people + 1
        return len([query for query in captured if query["sql"].startswith(("SELECT", "DECLARE"))])

    assert queries(1) == queries(3) == 1


def test_twenty_thousand_rows_take_no_more_memory_than_two_thousand() -> None:
    def peak(people: int) -> int:
        event = make_event()
        for start in range(0, people, 2_000):
            Attendance.objects.bulk_create(
                Attendance(
                    event=event, guest_name=f"Guest {number}", guest_key=f"g{number}", created_at=AT, updated_at=AT
                )
                for number in range(start, start + 2_000)
            )
        tracemalloc.start()
        lines = sum(part.count(b"\r\n") for part in parts(event_table(event), "csv"))
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert lines == people + 1
        return found

    few = peak(2_000)

    assert peak(20_000) < few * 1.5 + 200_000


@pytest.mark.django_db(transaction=True)
def test_the_file_is_one_snapshot_whatever_happens_at_the_doors_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "_AT_ONCE", 2)
    monkeypatch.setattr(table, "_AT_ONCE", 2)
    event = make_event()
    fill(event, 10)

    file = parts(event_table(event), "csv")
    first = next(file) + next(file)
    Attendance.objects.filter(event=event).update(note="changed meanwhile")
    come_in(make_member(), event)
    text = (first + b"".join(file)).decode()

    assert text.count("\r\n") == 11
    assert "changed meanwhile" not in text


@pytest.mark.django_db(transaction=True)
def test_a_download_that_breaks_off_lets_the_database_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "_AT_ONCE", 2)
    event = make_event()
    fill(event, 10)
    held = connection.vendor == "postgresql"

    response = respond(event_table(event), "csv")
    file = iter(response)
    next(file), next(file)
    was_held = connection.in_atomic_block
    response.close()

    assert (was_held, connection.in_atomic_block) == (held, False)


def test_the_columns_are_documented() -> None:
    page = (Path(settings.BASE_DIR) / "docs/how-to/run-an-event.md").read_text()

    assert re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE) == list(COLUMNS)


def test_members_and_guests_share_the_name_column() -> None:
    event = make_event()
    come_in(by_guest_name("Zoe Adler"), event)

    row = rows_of(event)[0]

    assert (row["member_name"], row["member_first_name"], row["member_last_name"]) == ("Zoe Adler", "", "")
    assert not Member.objects.exists()


def headings_and_rows(table: Table) -> list[dict[str, Any]]:
    return [dict(zip(table.headings, row, strict=True)) for row in table.rows()]


def test_the_shapes_of_older_systems_hold_who_came() -> None:
    event = make_event(name="Run", legacy_id="e7", timezone="America/New_York")
    ben, absent = make_member(legacy_id="12", v_number="V01234567"), make_member()
    register(by_member(absent.pk), event.code, by=SUPERVISOR, at=EVENING)
    come_in(ben, event)
    come_in(by_guest_name("Zoe Adler"), event, at=AT + timedelta(minutes=1))
    rows = Attendance.objects.order_by("checked_in_at")
    pks = list(rows.filter(attended=True).values_list("pk", flat=True))

    lean, runs = headings_and_rows(exports.table(rows)), headings_and_rows(exports.runner_table(rows))
    joined = headings_and_rows(exports.databrowser_table(rows))

    assert [list(row.values())[:5] for row in lean] == [
        ["e7", "12", AT, "staff", "V01234567"],
        ["e7", None, AT + timedelta(minutes=1), "staff", None],
    ]
    assert [list(row.values()) for row in runs] == [
        ["Ben Brown", date(2026, 11, 20), AT, "e7", pks[0]],
        ["Zoe Adler", date(2026, 11, 20), AT + timedelta(minutes=1), "e7", pks[1]],
    ]
    assert str(runs[0]["Registration Time"]) == "2026-11-20 13:30:00-05:00"
    assert [(row["event_name"], row["member_name"], row["member_v_number"]) for row in joined] == [
        ("Run", "Ben Brown", "V01234567"),
        ("Run", "Zoe Adler", None),
    ]


def test_scans_tell_of_no_code() -> None:
    event = make_event()
    come_in(make_member(legacy_id="12"), event)

    [row] = headings_and_rows(exports.scan_table(Scan.objects.all()))

    assert (row["event"], row["outcome"], row["member_id"], row["happened_at"]) == (event.code, "checked_in", "12", AT)
    assert not {"subject", "code_fingerprint", "answer"} & set(row)


@pytest.mark.parametrize("name", ["attendance", "attendance_full", "databrowser", "runner"])
def test_everybody_gets_the_attendance_they_may_report_on(name: str) -> None:
    own, foreign = make_group(), make_group()
    for group in (own, foreign):
        come_in(make_member(), make_event(group=group))
    export = find(name)
    assert export is not None
    organiser = Actor(user_id=1, group_roles={own.pk: Role.ORGANISER})
    supervisor = Actor(user_id=2, role=Role.SUPERVISOR, group_roles={own.pk: Role.STEWARD})

    counts = [len(list(export.table(actor).rows())) for actor in (SYSTEM, organiser, supervisor)]

    assert counts == [2, 1, 0]
    assert export in exports_for(organiser)
    assert export not in exports_for(supervisor)


@pytest.mark.parametrize("make", [exports.table, exports.full_table, exports.databrowser_table, exports.runner_table])
@pytest.mark.parametrize("name", HOSTILE)
def test_own_exports_change_nothing(name: str, make: Callable[..., Table]) -> None:
    # Far from the house: there it is the next day already.
    event = make_event(name=name, location=name, timezone="Asia/Tokyo")
    absent = make_member(first_name="Absent", v_number="V00000002")
    come_in(make_member(first_name="Ana", last_name="Cruz"), event)  # whom only her name tells
    come_in(make_member(first_name=name, last_name=f"{name} Brown", student_email="ben@x.edu"), event)
    come_in(by_guest_name("Zoe Adler"), event, at=AT.replace(microsecond=123456), party_size=3)
    register(by_member(absent.pk), event.code, by=SUPERVISOR, at=EVENING, party_size=2)
    Attendance.objects.filter(state=Attendance.State.ATTENDED).update(note=f"{name}\n{name}")
    table = make(Attendance.objects.order_by("pk"))
    before = everything()

    kind = kinds.recognised(table.headings)
    assert kind is not None
    found = kind.make(kinds.Options(zone=ZoneInfo("UTC")))
    plan = found.plan(read_sheet(io.BytesIO(b"".join(parts(table, "csv")))))
    found.apply(plan, by=SYSTEM, at=AT)

    assert [(row.state, row.problems) for row in plan.rows] == [(RowState.SAME, ())] * len(plan.rows)
    assert len(plan.rows) == len(list(table.rows()))
    assert everything() == before


def everything() -> list[dict[str, Any]]:
    models = (Attendance, Scan, Event, Member)
    return [dict(row) for model in models for row in model._default_manager.order_by("pk").values()]
