"""What docs/how-to/import-legacy-csvs.md says of numbers that add up, in several orders of five small files."""

import io
from collections import Counter
from datetime import UTC, datetime
from itertools import permutations
from zoneinfo import ZoneInfo

import pytest
from django.core.files.base import ContentFile
from django.utils import timezone

from attendance.models import Attendance, Scan
from attendance.tests.test_bulk import is_fold
from checkin_project.platform.access import SYSTEM, Role, actor_for
from checkin_project.platform.imports import Options, runs
from checkin_project.platform.imports.kinds import kind
from checkin_project.platform.imports.records import ImportRun, RunState
from checkin_project.platform.imports.runs import Choices
from checkin_project.platform.sheets import read_sheet
from checkin_project.platform.tests.factories import make_user
from events.models import Category, Event, Group, GroupMember
from members.models import Member

AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
FILES = {
    "members": """\
id,first_name,last_name,v_number,student_email
1,Ana,Cruz,V00000001,ana@x.edu
2,Ben,Brown,V00000002,
3,Cleo,Stone,,cleo@x.edu
4,Dan,Reed,,
9001,Ana,Cruz,V00000001,
""",
    "events": """\
id,name,event_date,location,created_at
fair,Fair,2024-09-03,Hall,
ball,Ball,2024-09-10,,
gala,Gala,2024-09-17,Hall,
""",
    "attendance": """\
event_id,member_id,checked_in_at,method
fair,1,2024-09-03T18:00:00Z,manual
fair,2,2024-09-03T18:01:00Z,verify
fair,3,2024-09-03T18:02:00Z,search
fair,9001,2024-09-03T18:05:00Z,manual
ball,1,2024-09-10T18:00:00Z,register
ball,4,2024-09-10T18:01:00Z,qr
gala,2,2024-09-17T18:00:00Z,manual
gala,99,2024-09-17T18:00:00Z,manual
none,1,2024-09-17T18:00:00Z,manual
""",
    "databrowser": """\
event_id,event_name,event_date,event_location,member_id,member_name,member_first_name,member_last_name,\
member_classification,member_major,member_student_email,member_personal_email,member_v_number,checked_in_at,method
fair,Fair,2024-09-03,Hall,1,Ana Cruz,Ana,Cruz,jr,Art,ana@x.edu,,V00000001,2024-09-03T18:00:00Z,manual
fair,Fair,2024-09-03,Hall,2,Ben Brown,Ben,Brown,,,,,V00000002,2024-09-03T18:01:00Z,verify
gala,Gala,2024-09-17,Hall,2,Ben Brown,Ben,Brown,,,,,V00000002,2024-09-17T18:00:00Z,manual
gala,Gala,2024-09-17,Hall,3,Cleo Stone,Cleo,Stone,sr,,cleo@x.edu,,,2024-09-17T18:03:00Z,manual
""",
    "runner": """\
Runner Name,Run Date,Registration Time,Session ID,Attendance ID
Eva Bird,2026-05-05,2026-05-05 06:08:00,run-1,1
Dan Reed,2026-05-05,2026-05-05 06:09:00,run-1,2
Eva Bird,2026-05-05,2026-05-05 06:20:00,run-1,3
""",
}


def run(name: str) -> dict[str, int]:
    importing = kind(name).make(Options(ZoneInfo("UTC"), create_missing=name == "runner"))
    plan = importing.plan(read_sheet(io.BytesIO(FILES[name].encode())))
    report = importing.apply(plan, by=SYSTEM, at=AT)
    assert report.outdated == ()
    return {state.value: count for state, count in plan.counts.items() if count}


@pytest.mark.django_db
def test_the_numbers_of_each_run_are_those_in_the_how_to() -> None:
    found = {name: run(name) for name in FILES}

    assert found == {
        "members": {"new": 4, "repeated": 1},
        "events": {"new": 3},
        "attendance": {"new": 6, "repeated": 1, "error": 2},
        "databrowser": {"new": 1, "changed": 1, "same": 2},
        "runner": {"new": 2, "repeated": 1},
    }


@pytest.mark.django_db
@pytest.mark.parametrize("order", [*permutations(FILES)][::29], ids="-".join)
def test_in_whatever_order_the_files_add_up_and_the_next_round_changes_nothing(order: tuple[str, ...]) -> None:
    # Lists that come before what they refer to leave rows out, which go in the second time.
    for _round in range(2):
        for name in order:
            run(name)

    third = [Counter(run(name)) for name in order]

    assert [(count["new"], count["changed"]) for count in third] == [(0, 0)] * len(order)
    assert sum(count["error"] for count in third) == 2
    assert (Member.objects.filter(legacy_id__isnull=False).count(), Event.objects.count()) == (4, 4)
    assert Attendance.objects.filter(attended=True).count() == 9
    assert Scan.objects.filter(kind="entry").count() == 9
    assert all(map(is_fold, Attendance.objects.all()))


@pytest.mark.django_db
def test_every_kind_of_file_goes_through_a_stored_run_and_back() -> None:
    groups = "name,website,categories\nCoders,https://coders.example,ai\n"
    by = actor_for(make_user(Role.ORGANISER))
    done = []

    for name, text in {**FILES, "groups": groups}.items():
        choices = Choices(name, Options(ZoneInfo("UTC"), create_missing=True))
        header = text.partition("\n")[0].split(",")
        sent = runs.receive(ContentFile(text.encode()), name="a.csv", header=header, choices=choices, by=by, at=AT)
        assert runs.confirm(sent, sent.fingerprint, by=by, at=timezone.now()) == ""
        done.append(sent)
    assert Attendance.objects.count() == 9
    for sent in reversed(done):
        assert runs.undo(sent, by=by, at=timezone.now()) == ""

    assert [ImportRun.objects.get(pk=sent.pk).state for sent in done] == [RunState.UNDONE] * len(done)
    rows = (Member, Event, Group, Category, GroupMember)
    assert [model._default_manager.count() for model in rows] == [0] * len(rows)
    assert not Attendance.objects.exists()
