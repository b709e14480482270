"""Importing who came: the plan, what is written, and taking it back."""

import io
import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext

from attendance import checkin, exports
from attendance.models import Attendance, Method, Scan
from attendance.registration import register
from attendance.subjects import by_guest_name, by_member
from attendance.tests.test_bulk import is_fold
from checkin_project.platform.access import ANONYMOUS, SYSTEM
from checkin_project.platform.exports import Table, write
from checkin_project.platform.imports import Duplicates, ImportReport, Options, Plan, Written
from checkin_project.platform.imports.kinds import Import, kind, recognised
from checkin_project.platform.sheets import Problem, read_sheet
from events.models import Event, GroupMember
from events.tests.factories import make_event, make_group
from members.models import Member
from members.tests.factories import make_member

AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
NEWER = "event_id,member_id,checked_in_at,method"
OLDER = "id,event_id,member_id,checked_in_at,method,notes"
JOINED = (
    "event_id,event_name,event_date,event_location,member_id,member_name,member_first_name,member_last_name,"
    "member_classification,member_major,member_student_email,member_personal_email,member_v_number,checked_in_at,method"
)
RUNS = "Runner Name,Run Date,Registration Time,Session ID,Attendance ID"
STARTS = datetime(2024, 9, 3, 17, 0, tzinfo=UTC)


def importing(name: str, zone: str = "UTC", **options: Any) -> Import:
    return kind(name).make(Options(ZoneInfo(zone), **options))


def plan(name: str, *lines: str, **options: Any) -> Plan:
    return importing(name, **options).plan(read_sheet(io.BytesIO("\n".join(lines).encode())))


def put(name: str, *lines: str, **options: Any) -> ImportReport:
    run = importing(name, **options)
    return run.apply(run.plan(read_sheet(io.BytesIO("\n".join(lines).encode()))), by=SYSTEM, at=AT)


def kept(report: ImportReport) -> list[Written]:
    """What a run wrote, having been to JSON and back as a stored run has."""
    assert report.outdated == ()
    return [Written(**json.loads(json.dumps(asdict(written)))) for written in report.written]


def undo(name: str, written: list[Written]) -> list[Problem]:
    return importing(name).undo(written, by=SYSTEM, at=AT + timedelta(hours=1))


def csv(table: Table) -> io.BytesIO:
    file = io.BytesIO()
    write(table, "csv", file)
    file.seek(0)
    return file


def states(found: Plan) -> list[str]:
    return [row.state.value for row in found.rows]


def problems(found: Plan) -> list[tuple[int, str, str]]:
    return [(problem.line, problem.column, problem.value) for problem in found.problems]


def came() -> list[tuple[str, str, str, str]]:
    rows = Attendance.objects.order_by("checked_in_at", "pk").select_related("event", "member")
    return [(row.event.name, row.name, f"{row.checked_in_at:%m-%d %H:%M}", row.method) for row in rows]


def everything() -> list[list[Any]]:
    return [list(model.objects.order_by("pk").values()) for model in (Attendance, Scan, Member, Event, GroupMember)]


@pytest.fixture
def fair() -> Event:
    return make_event(name="Fair", legacy_id="fair_1", starts_at=STARTS)


@pytest.fixture
def ana() -> Member:
    return make_member(
        first_name="Ana", last_name="Cruz", legacy_id="7", v_number="V00000007", student_email="ana@x.edu"
    )


@pytest.fixture
def ben() -> Member:
    return make_member(first_name="Ben", last_name="Brown", legacy_id="8")


@pytest.mark.parametrize(
    ("header", "name"),
    [
        (NEWER, "attendance"),
        (OLDER, "attendance"),
        (JOINED, "databrowser"),
        (JOINED + ",state,registered,note", "databrowser"),
        (RUNS, "runner"),
    ],
)
def test_files_about_who_came_are_recognised(header: str, name: str) -> None:
    found = recognised(header.split(","))

    assert found is not None
    assert found.name == name


@pytest.mark.django_db
@pytest.mark.usefixtures("fair", "ana", "ben")
def test_both_generations_link_by_legacy_ids_and_keep_times_and_doors() -> None:
    put("attendance", NEWER, "fair_1,7,2024-09-03T17:56:01Z,verify")
    put("attendance", OLDER, "12,fair_1,8,2024-09-03 18:30:00,manual,came late")

    assert came() == [("Fair", "Ana Cruz", "09-03 17:56", "kiosk"), ("Fair", "Ben Brown", "09-03 18:30", "staff")]
    reasons = Scan.objects.order_by("occurred_at").values_list("reason", "method")
    assert list(reasons) == [("import (method: verify)", "kiosk"), ("import (method: manual, id: 12)", "staff")]
    assert Attendance.objects.get(member__first_name="Ben").note == "came late"
    assert all(map(is_fold, Attendance.objects.all()))


@pytest.mark.django_db
@pytest.mark.usefixtures("fair", "ana")
@pytest.mark.parametrize(
    "row", ["v_number,V00000007", "V-number,7", "email,ANA@x.edu", "Personal Email,ana@x.edu", "name,Ana Cruz"]
)
def test_people_are_found_by_what_the_file_has_of_them(row: str) -> None:
    heading, cell = row.split(",")
    cell = "V00000007" if cell == "7" else cell

    put("attendance", f"event_id,{heading},checked_in_at", f"fair_1,{cell},2024-09-03 18:00")

    assert came() == [("Fair", "Ana Cruz", "09-03 18:00", "import")]


@pytest.mark.django_db
def test_an_event_is_found_by_its_code_or_by_name_and_day(ana: Member, ben: Member) -> None:
    event = make_event(name="Fair", starts_at=STARTS)

    put("attendance", "event_code,member_id,checked_in_at", f"{event.code},7,2024-09-03 18:00")
    put("attendance", "event_name,event_date,member_id,checked_in_at", "fair,2024-09-03,8,2024-09-03 18:01")

    assert came() == [("Fair", "Ana Cruz", "09-03 18:00", "import"), ("Fair", "Ben Brown", "09-03 18:01", "import")]


@pytest.mark.django_db
@pytest.mark.usefixtures("ana")
def test_a_time_without_a_zone_is_that_of_the_event() -> None:
    make_event(name="Fair", legacy_id="fair_1", starts_at=STARTS, timezone="America/New_York")

    put("attendance", NEWER, "fair_1,7,2024-09-03 13:05,qr", zone="Asia/Tokyo")

    assert came() == [("Fair", "Ana Cruz", "09-03 17:05", "self")]


@pytest.mark.django_db
@pytest.mark.usefixtures("fair", "ana", "ben")
def test_rows_that_do_not_go_in_are_named_and_the_others_do() -> None:
    rows = (
        "fair_1,7,2024-09-03T17:56:01Z,manual",
        "fair_1,999,2024-09-03T17:56:01Z,manual",
        "ball_1,7,2024-09-03T17:56:01Z,manual",
        "fair_1,8,,manual",
        "fair_1,8,yesterday,manual",
        "fair_1,,2024-09-03T17:56:01Z,manual",
    )

    found = plan("attendance", NEWER, *rows)

    assert states(found) == ["new", "error", "error", "error", "error", "error"]
    assert problems(found) == [
        (3, "member_id", "999"),
        (4, "event_id", "ball_1"),
        (5, "checked_in_at", ""),
        (6, "checked_in_at", "yesterday"),
        (7, "member_id", ""),
    ]
    assert put("attendance", NEWER, *rows).created == 1


@pytest.mark.django_db
@pytest.mark.usefixtures("fair", "ana")
def test_repeated_rows_fold_into_one_with_the_earliest_time() -> None:
    rows = (
        "fair_1,7,2024-09-03T18:00:00Z,manual",
        "fair_1,7,2024-09-03T17:00:00Z,qr",
        "fair_1,7,2024-09-03T19:00:00Z,",
    )

    found = plan("attendance", NEWER, *rows)
    put("attendance", NEWER, *rows)

    assert states(found) == ["new", "repeated", "repeated"]
    assert found.rows[1].notes == ("Folded into line 2.",)
    assert came() == [("Fair", "Ana Cruz", "09-03 17:00", "self")]
    assert Scan.objects.count() == 1


@pytest.mark.django_db
def test_running_twice_changes_nothing_and_neither_does_a_later_time(fair: Event, ana: Member) -> None:
    row = "fair_1,7,2024-09-03T18:00:00Z,manual"
    put("attendance", NEWER, row)
    before = everything()

    again = put("attendance", NEWER, row, "fair_1,7,2024-09-03T20:00:00Z,qr")

    assert (again.created, again.updated, everything()) == (0, 0, before)


@pytest.mark.django_db
def test_an_earlier_time_of_another_file_is_shown_and_becomes_the_time(fair: Event, ana: Member) -> None:
    put("attendance", NEWER, "fair_1,7,2024-09-03T18:00:00Z,manual")
    lines = (NEWER, "fair_1,7,2024-09-03T17:30:00Z,qr")

    found = plan("attendance", *lines)
    put("attendance", *lines)

    assert [(change.field, change.new) for change in found.changes_of(found.rows[0])] == [
        ("checked_in_at", STARTS + timedelta(minutes=30)),
        ("method", "self"),
    ]
    assert came() == [("Fair", "Ana Cruz", "09-03 17:30", "self")]
    assert is_fold(Attendance.objects.get())


@pytest.mark.django_db
def test_who_was_registered_becomes_attended_and_stays_registered(fair: Event, ana: Member) -> None:
    register(by_member(ana.pk), fair.code, by=SYSTEM, at=STARTS - timedelta(days=1))

    put("attendance", NEWER, "fair_1,7,2024-09-03T18:00:00Z,manual")

    row = Attendance.objects.get()
    assert (row.state, row.registration, row.is_walk_in) == ("attended", "registered", False)


@pytest.mark.django_db
def test_a_check_in_that_a_person_took_back_does_not_come_again(fair: Event, ana: Member) -> None:
    lines = (NEWER, "fair_1,7,2024-09-03T18:00:00Z,manual")
    put("attendance", *lines)
    checkin.undo(by_member(ana.pk), fair.code, by=SYSTEM, at=AT, operation_id=uuid4(), door=Method.STAFF)

    found = plan("attendance", *lines)

    assert states(found) == ["same"]
    assert found.rows[0].notes == ("Somebody took this check-in back, so it is left alone.",)


@pytest.mark.django_db
def test_a_door_nobody_knows_and_columns_without_a_field_are_kept_in_the_note(fair: Event, ana: Member) -> None:
    put("attendance", f"{NEWER},weather,notes", "fair_1,7,2024-09-03T18:00:00Z,Carrier Pigeon,rain,late")

    assert Attendance.objects.get().note == "late\nmethod: Carrier Pigeon\nweather: rain"
    assert Scan.objects.get().reason == "import (method: Carrier Pigeon)"


@pytest.mark.django_db
def test_coming_to_a_groups_event_makes_a_member_of_the_group(ana: Member) -> None:
    group = make_group()
    for number in (1, 2):
        make_event(name=f"Chess {number}", legacy_id=f"c{number}", group=group, starts_at=STARTS)

    rows = ("c2,7,2024-09-04T18:00:00Z,", "c1,7,2024-09-03T18:00:00Z,")
    written = kept(put("attendance", NEWER, *rows))

    link = GroupMember.objects.get()
    assert (link.group, link.member, link.how) == (group, ana, "came")
    assert link.since == STARTS + timedelta(hours=1)
    assert undo("attendance", written) == []
    assert not GroupMember.objects.exists()


JOINED_ROWS = (
    "fair_1,Fair,2024-09-03,Hall,7,Ana Cruz,Ana,Cruz,jr,Art,ana@x.edu,,V00000007,2024-09-03T17:56:01Z,manual",
    "fair_1,Fair,2024-09-03,Hall,8,Ben Brown,Ben,Brown,,,,,,2024-09-03T17:50:00Z,verify",
    "ball_1,Ball,2024-09-04,,7,Ana Cruz,Ana,Cruz,Senior,Music,ana@x.edu,ana@home.org,V00000007,2024-09-04T20:00:00Z,qr",
)


@pytest.mark.django_db
def test_a_joined_file_brings_events_people_and_who_came() -> None:
    found = plan("databrowser", JOINED, *JOINED_ROWS)
    report = put("databrowser", JOINED, *JOINED_ROWS)

    assert (states(found), report.created) == (["new", "new", "new"], 7)
    assert came() == [
        ("Fair", "Ben Brown", "09-03 17:50", "kiosk"),
        ("Fair", "Ana Cruz", "09-03 17:56", "staff"),
        ("Ball", "Ana Cruz", "09-04 20:00", "self"),
    ]
    ana = Member.objects.get(legacy_id="7")
    assert (ana.classification, ana.major, ana.personal_email) == ("junior", "Art", "ana@home.org")
    assert Event.objects.get(legacy_id="ball_1").all_day
    before = everything()
    again = put("databrowser", JOINED, *JOINED_ROWS)
    assert (again.created, again.updated, everything()) == (0, 0, before)


@pytest.mark.django_db
def test_a_joined_file_fills_in_and_never_overwrites(fair: Event, ana: Member) -> None:
    ana.major = "Drama"
    ana.save()

    found = plan("databrowser", JOINED, JOINED_ROWS[0])
    put("databrowser", JOINED, JOINED_ROWS[0])

    changes = [(change.field, change.old, change.new) for change in found.changes_of(found.rows[0])]
    assert changes == [("event.location", "", "Hall"), ("member.classification", "", "junior")]
    ana.refresh_from_db()
    fair.refresh_from_db()
    assert (ana.major, ana.classification) == ("Drama", "junior")
    assert (fair.location, fair.starts_at, fair.all_day) == ("Hall", STARTS, False)


@pytest.mark.django_db
def test_a_row_with_a_problem_brings_neither_its_event_nor_its_person() -> None:
    found = plan("databrowser", JOINED, JOINED_ROWS[0].replace("2024-09-03T17:56:01Z", "soon"))

    assert states(found) == ["error"]
    assert [record for part in found.parts for record in part.records] == []


@pytest.mark.django_db
def test_a_contradiction_about_a_person_is_named_and_nothing_else(fair: Event, ana: Member, ben: Member) -> None:
    row = "fair_1,Fair,2024-09-03,,8,Ana Cruz,Ana,Cruz,,,,,V00000007,2024-09-03T17:56:01Z,manual"

    found = plan("databrowser", JOINED, row)

    assert [problem.column for problem in found.problems] == ["member_v_number"]


@pytest.mark.django_db
def test_missing_people_and_events_are_made_only_when_that_is_allowed() -> None:
    lines = (
        "event_id,event_name,event_date,v_number,name,checked_in_at",
        "fair_1,Fair,2024-09-03,V00000007,Ana Cruz,2024-09-03 18:00",
    )

    assert problems(plan("attendance", *lines)) == [(2, "event_id", "fair_1")]
    put("attendance", *lines, create_missing=True)
    assert came() == [("Fair", "Ana Cruz", "09-03 18:00", "import")]
    assert Member.objects.get().status == Member.Status.ACTIVE


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("decision", "state", "who"),
    [
        (Duplicates.KEEP, "new", ["Ana Cruz", "Ana Cruz"]),
        (Duplicates.UPDATE, "new", ["Ana Cruz"]),
        (Duplicates.SKIP, "skipped", ["Ana Cruz"]),
    ],
)
def test_somebody_who_is_likely_known_is_treated_as_the_operator_says(
    decision: Duplicates, state: str, who: list[str], fair: Event
) -> None:
    make_member(first_name="Ana", last_name="Cruz", personal_email="ana@home.org")
    lines = ("event_id,v_number,name,checked_in_at", "fair_1,V00000007,Ana Cruz,2024-09-03 18:00")

    found = plan("attendance", *lines, create_missing=True, decisions={2: decision})
    put("attendance", *lines, create_missing=True, decisions={2: decision})

    assert states(found) == [state]
    assert [member.full_name for member in Member.objects.all()] == who
    assert Attendance.objects.count() == (state == "new")


RUN_ROWS = (
    "Ana Cruz,2026-05-05,2026-05-05 06:08:00,run-1,1",
    "ana cruz,2026-05-05,2026-05-05 06:02:00,run-1,2",
    '"Stone, Zoë",2026-05-06,2026-05-06 06:10:00,run-2,3',
)


@pytest.mark.django_db
def test_a_list_of_runs_makes_one_event_a_day_and_knows_people_by_name(ana: Member) -> None:
    assert states(plan("runner", RUNS, *RUN_ROWS)) == ["error", "error", "error"]

    put("runner", RUNS, *RUN_ROWS, create_missing=True, zone="America/New_York")

    assert came() == [("Run", "Ana Cruz", "05-05 10:02", "self"), ("Run", "Stone, Zoë", "05-06 10:10", "self")]
    assert list(Event.objects.order_by("pk").values_list("legacy_id", flat=True)) == ["run-1", "run-2"]
    assert list(Member.objects.order_by("pk").values_list("status", flat=True)) == ["active", "provisional"]
    assert Scan.objects.get(attendance__member=ana).reason == "import (id: 2)"
    before = everything()
    put("runner", RUNS, *RUN_ROWS, create_missing=True, zone="America/New_York")
    assert everything() == before


@pytest.mark.django_db
def test_of_several_people_with_one_name_none_is_guessed() -> None:
    for number in (1, 2):
        make_member(first_name="Ana", last_name="Cruz", legacy_id=str(number))

    shown = plan("runner", RUNS, RUN_ROWS[0])
    with_event = plan("runner", RUNS, RUN_ROWS[0], create_missing=True)
    put("runner", RUNS, RUN_ROWS[0], create_missing=True)
    make_member(first_name="Ana", last_name="Cruz", legacy_id="3")
    again = plan("runner", RUNS, RUN_ROWS[0], create_missing=True)

    assert (states(shown), states(with_event), states(again)) == (["error"], ["new"], ["same"])
    assert len(with_event.rows[0].likely) == 2
    assert Member.objects.get(legacy_id=None).status == Member.Status.PROVISIONAL


@pytest.mark.django_db
def test_our_own_files_come_back_unchanged(ana: Member, ben: Member) -> None:
    event = make_event(name="Fair", starts_at=STARTS, check_in={"reentry": "unlimited"})
    register(by_member(ben.pk), event.code, by=SYSTEM, at=STARTS - timedelta(days=1), party_size=3)
    make_member(first_name="Cy", last_name="Nokey")
    walks = [by_member(member.pk) for member in Member.objects.filter(first_name__in=["Ana", "Cy"])]
    for number, subject in enumerate([*walks, by_guest_name("Dan =Reed")]):
        at = STARTS + timedelta(minutes=number, microseconds=123456)
        checkin.check_in(subject, event.code, by=SYSTEM, at=at, operation_id=uuid4(), door=Method.KIOSK)
    leaves = STARTS + timedelta(minutes=30, microseconds=500)
    checkin.check_out(walks[0], event.code, by=SYSTEM, at=leaves, operation_id=uuid4(), door=Method.KIOSK)
    checkin.undo(walks[1], event.code, by=SYSTEM, at=leaves, operation_id=uuid4(), door=Method.KIOSK)
    before = everything()
    rows = Attendance.objects.order_by("pk")
    tables = {
        "databrowser": (exports.event_table(event), exports.full_table(rows), exports.databrowser_table(rows)),
        "attendance": (exports.table(rows),),
        "runner": (exports.runner_table(rows),),
    }

    for name, table in ((name, table) for name, found in tables.items() for table in found):
        run = importing(name, create_missing=True)
        found = run.plan(read_sheet(csv(table)))
        report = run.apply(found, by=SYSTEM, at=AT)

        assert set(states(found)) == {"same"}, list(found.problems)
        assert (report.created, report.updated, everything()) == (0, 0, before)


@pytest.mark.django_db
def test_our_own_file_of_an_event_restores_it_into_an_empty_house(ana: Member, ben: Member) -> None:
    event = make_event(name="Fair", legacy_id="fair_1", starts_at=STARTS)
    register(by_member(ben.pk), event.code, by=SYSTEM, at=STARTS - timedelta(days=1), party_size=3)
    checkin.check_in(
        by_guest_name("Dan Reed"), event.code, by=SYSTEM, at=STARTS, operation_id=uuid4(), door=Method.SELF
    )
    checkin.check_in(by_member(ana.pk), event.code, by=SYSTEM, at=STARTS, operation_id=uuid4(), door=Method.KIOSK)
    left = STARTS + timedelta(hours=1)
    checkin.check_out(by_member(ana.pk), event.code, by=SYSTEM, at=left, operation_id=uuid4(), door=Method.KIOSK)
    own = csv(exports.event_table(event))
    columns = ("guest_name", "state", "checked_in_at", "checked_out_at", "method", "registration", "registered_at")
    before = sorted(map(str, Attendance.objects.values_list(*columns, "registered_party_size", "party_size")))
    for model in (Scan, Attendance, Member, Event):
        model._base_manager.all().delete()

    run = importing("databrowser")
    run.apply(run.plan(read_sheet(own)), by=SYSTEM, at=AT)

    after = sorted(map(str, Attendance.objects.values_list(*columns, "registered_party_size", "party_size")))
    assert after == before
    assert all(map(is_fold, Attendance.objects.all()))


@pytest.mark.django_db
def test_a_run_is_taken_back_and_can_be_brought_in_again() -> None:
    written = kept(put("databrowser", JOINED, *JOINED_ROWS))

    assert undo("databrowser", written) == []
    assert [len(rows) for rows in everything()] == [0, 0, 0, 0, 0]
    assert put("databrowser", JOINED, *JOINED_ROWS).created == 7


@pytest.mark.django_db
def test_taking_a_run_back_leaves_people_and_events_that_were_there(fair: Event, ana: Member) -> None:
    register(by_member(ana.pk), fair.code, by=SYSTEM, at=STARTS - timedelta(days=1))
    lines = (OLDER, "3,fair_1,7,2024-09-03T18:00:00Z,manual,late")
    written = kept(put("attendance", *lines))

    assert undo("attendance", written) == []

    row = Attendance.objects.get()
    assert (row.state, row.attended, row.note, is_fold(row)) == ("registered", False, "", True)
    assert Scan.objects.count() == 2
    assert put("attendance", *lines).updated == 1
    assert Attendance.objects.get().state == "attended"


@pytest.mark.django_db
def test_runs_about_the_same_row_are_taken_back_the_last_one_first(fair: Event, ana: Member) -> None:
    first = kept(put("attendance", NEWER, "fair_1,7,2024-09-03T18:00:00Z,manual"))
    second = kept(put("attendance", NEWER, "fair_1,7,2024-09-03T17:00:00Z,qr"))

    assert [problem.line for problem in undo("attendance", first)] == [2]
    assert undo("attendance", second) == []
    assert came() == [("Fair", "Ana Cruz", "09-03 18:00", "staff")]
    assert undo("attendance", first) == []
    assert (Attendance.objects.count(), Scan.objects.count()) == (0, 0)


@pytest.mark.django_db
def test_one_row_that_a_door_touched_since_stops_the_whole_undo(fair: Event, ana: Member, ben: Member) -> None:
    rows = ("fair_1,7,2024-09-03T18:00:00Z,", "fair_1,8,2024-09-03T18:00:00Z,")
    written = kept(put("attendance", NEWER, *rows))
    checkin.undo(by_member(ben.pk), fair.code, by=SYSTEM, at=AT, operation_id=uuid4(), door=Method.STAFF)
    before = everything()

    refused = undo("attendance", written)

    reason = "This attendance was changed since the import."
    assert [(problem.line, problem.value, problem.reason) for problem in refused] == [(3, "Ben Brown", reason)]
    assert everything() == before


@pytest.mark.django_db
def test_a_person_who_came_again_since_keeps_the_whole_run_in_place(fair: Event) -> None:
    written = kept(put("databrowser", JOINED, *JOINED_ROWS))
    other = make_event()
    member = Member.objects.get(legacy_id="7")
    checkin.check_in(
        by_member(member.pk), other.code, by=SYSTEM, at=other.starts_at, operation_id=uuid4(), door=Method.API
    )
    before = everything()

    refused = undo("databrowser", written)

    assert [problem.reason for problem in refused] == ["This record is in use by now: attendance."]
    assert everything() == before


@pytest.mark.django_db
def test_somebody_checked_in_between_preview_and_confirmation_stops_the_run(fair: Event, ana: Member) -> None:
    run = importing("attendance")
    found = run.plan(read_sheet(io.BytesIO(f"{NEWER}\nfair_1,7,2024-09-03T18:00:00Z,".encode())))
    at = STARTS + timedelta(hours=1)
    checkin.check_in(by_member(ana.pk), fair.code, by=SYSTEM, at=at, operation_id=uuid4(), door=Method.KIOSK)

    report = run.apply(found, by=SYSTEM, at=AT)

    assert [problem.reason for problem in report.outdated] == [
        "This person's attendance was changed since the preview."
    ]
    assert Scan.objects.count() == 1


@pytest.mark.django_db
def test_only_those_who_may_import_may_write_or_take_back(fair: Event, ana: Member) -> None:
    run = importing("attendance")
    found = run.plan(read_sheet(io.BytesIO(f"{NEWER}\nfair_1,7,2024-09-03T18:00:00Z,".encode())))

    with pytest.raises(PermissionDenied):
        run.apply(found, by=ANONYMOUS, at=AT)
    with pytest.raises(PermissionDenied):
        run.undo([], by=ANONYMOUS, at=AT)


@pytest.mark.django_db
def test_a_longer_file_costs_no_more_queries() -> None:
    event = make_event(legacy_id="fair_1", starts_at=STARTS)
    people = [make_member(legacy_id=str(number)) for number in range(40)]

    def queries(numbers: range) -> int:
        rows = [f"{event.legacy_id},{people[number].legacy_id},2024-09-03 18:00," for number in numbers]
        with CaptureQueriesContext(connection) as captured:
            assert put("attendance", NEWER, *rows).created == len(rows)
        return len(captured)

    assert queries(range(30)) == queries(range(30, 32))
