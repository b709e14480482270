"""What operators decide about an import, and taking one back: by the example of members."""

import io
import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import PermissionDenied

from checkin_project.platform.access import ANONYMOUS, SYSTEM
from checkin_project.platform.imports import Duplicates, Options, Plan, RowState, Written
from checkin_project.platform.imports.kinds import Import, kind, kinds, recognised
from checkin_project.platform.sheets import Problem, read_sheet
from events.models import CheckInSettings, Event
from events.tests.factories import make_group
from members.models import Member, MemberWord
from members.tests.factories import make_member

AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
LATER = AT + timedelta(hours=1)
HEADER = "id,first_name,last_name,major,v_number"
EVENTS = "id,name,event_date,location,created_at"


def importing(name: str = "members", **options: Any) -> Import:
    return kind(name).make(Options(ZoneInfo("UTC"), **options))


def plan(*lines: str, name: str = "members", **options: Any) -> Plan:
    return importing(name, **options).plan(read_sheet(io.BytesIO("\n".join(lines).encode())))


def put(*lines: str, name: str = "members", **options: Any) -> list[Written]:
    """What a run wrote, having been to JSON and back as a stored run has."""
    run = importing(name, **options)
    found = run.plan(read_sheet(io.BytesIO("\n".join(lines).encode())))
    report = run.apply(found, by=SYSTEM, at=AT)
    assert report.outdated == ()
    return [Written(**json.loads(json.dumps(asdict(written)))) for written in report.written]


def undo(written: list[Written], name: str = "members") -> list[Problem]:
    return importing(name).undo(written, by=SYSTEM, at=LATER)


def states(found: Plan) -> list[str]:
    return [row.state.value for row in found.rows]


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("id,first_name,last_name,classification,major,v_number,student_email,personal_email,created_at", "members"),
        ("id,last_verified_at,first_name,last_name,v_number,student_email,primary_email,status", "members"),
        ("Name,Email,Personal Email,V-number", "members"),
        (EVENTS, "events"),
        ("id,name,event_date,location,active", "events"),
        ("colour,size", None),
    ],
)
def test_a_file_is_recognised_by_its_headings(header: str, expected: str | None) -> None:
    found = recognised(header.split(","))

    assert (found.name if found else None) == expected


def test_every_field_that_a_heading_may_mean_has_a_name_for_people() -> None:
    for found in kinds():
        assert set(found.aliases.values()) == set(found.fields), found.name


@pytest.mark.django_db
def test_an_operator_says_what_a_column_means() -> None:
    put("Nickname,Family,id", "Ana,Cruz,7", columns={"Nickname": "first_name", "Family": "last_name", "id": ""})

    ana = Member.objects.get()
    assert (ana.full_name, ana.legacy_id, ana.extra) == ("Ana Cruz", None, {"id": "7"})


@pytest.mark.django_db
def test_a_field_that_does_not_exist_is_refused() -> None:
    found = plan("Nickname", "Ana", columns={"Nickname": "is_superuser"})

    assert found.fatal == Problem(1, "Nickname", "", "There is no field called “is_superuser”.", fatal=True)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("decision", "state", "people"),
    [
        (Duplicates.KEEP, "new", ["Ana Cruz –", "Ana Cruz Art"]),
        (Duplicates.UPDATE, "changed", ["Ana Cruz Art"]),
        (Duplicates.SKIP, "skipped", ["Ana Cruz –"]),
    ],
)
def test_a_likely_duplicate_is_kept_folded_in_or_left_out(decision: Duplicates, state: str, people: list[str]) -> None:
    make_member(first_name="Ana", last_name="Cruz", personal_email="ana@home.org")
    lines = (HEADER, "1,Ana,Cruz,Art,V00000001")

    found = plan(*lines, duplicates=decision)
    put(*lines, duplicates=decision)

    assert (states(found), found.rows[0].label) == ([state], "Ana Cruz")
    assert [f"{member} {member.major or '–'}" for member in Member.objects.order_by("pk")] == people
    assert states(plan(*lines, duplicates=decision)) == ["skipped" if state == "skipped" else "same"]


@pytest.mark.django_db
def test_a_decision_about_one_row_outweighs_the_one_for_all() -> None:
    make_member(first_name="Ana", last_name="Cruz")
    make_member(first_name="Ben", last_name="Brown")
    rows = (HEADER, "1,Ana,Cruz,,V00000001", "2,Ben,Brown,,V00000002", "3,Cleo,Stone,,")

    found = plan(*rows, duplicates=Duplicates.SKIP, decisions={3: Duplicates.UPDATE})

    assert states(found) == ["skipped", "changed", "new"]
    assert found.counts[RowState.SKIPPED] == 1
    assert found.rows[1].notes == ("Folded into the likely record Ben Brown.",)


@pytest.mark.django_db
def test_a_run_is_taken_back_whole_and_the_history_says_so() -> None:
    ben = make_member(first_name="Ben", last_name="Brown", legacy_id="2", major="Art")
    written = put(HEADER, "1,Ana,Cruz,,V00000001", "2,Bengt,Brown,Music,")

    problems = undo(written)

    assert problems == []
    ben.refresh_from_db()
    assert (Member.objects.get(), ben.full_name, ben.major, ben.updated_at) == (ben, "Ben Brown", "Art", LATER)
    assert [(entry.major, entry.history_change_reason) for entry in ben.history.order_by("-history_id")][:2] == [
        ("Art", "import taken back"),
        ("Music", "import"),
    ]
    gone = Member.history.filter(legacy_id="1").values_list("history_type", "history_change_reason")
    assert list(gone) == [("-", "import taken back"), ("+", "import")]
    assert sorted(MemberWord.objects.values_list("word", flat=True)) == ["ben", "brown"]


@pytest.mark.django_db
def test_what_was_imported_after_the_undo_is_as_it_was_the_first_time() -> None:
    lines = (HEADER, "1,Ana,Cruz,,V00000001")
    undo(put(*lines))

    written = put(*lines)

    assert [item.before for item in written] == [None]
    assert Member.objects.get().v_number == "V00000001"


@pytest.mark.django_db
def test_one_record_that_was_touched_since_stops_the_whole_undo() -> None:
    make_member(first_name="Ben", last_name="Brown", legacy_id="2", major="Art")
    written = put(HEADER, "1,Ana,Cruz,,", "2,Ben,Brown,Music,", "3,Cleo,Stone,,", "4,Dan,Reed,,", "5,Eva,Bird,,")
    people = {member.first_name: member for member in Member.objects.all()}
    people["Ana"].phone = "123"
    people["Ana"].save()
    people["Ben"].major = "Drama"
    people["Ben"].save()
    make_group().members.create(member=people["Cleo"])
    people["Dan"].delete()

    problems = undo(written)

    assert sorted((problem.line, problem.column, problem.reason) for problem in problems) == [
        (2, "", "This record was edited since the import."),
        (3, "major", "This was changed since the import."),
        (4, "", "This record is in use by now: group members."),
        (5, "", "This record was deleted since the import."),
    ]
    assert Member.objects.count() == 4


@pytest.mark.django_db
def test_an_edit_that_was_taken_back_by_hand_does_not_stop_the_undo() -> None:
    written = put(HEADER, "1,Ana,Cruz,Art,")
    for major in ("Music", "Art"):
        ana = Member.objects.get()
        ana.major = major
        ana.save()

    assert undo(written) == []
    assert not Member.objects.exists()


@pytest.mark.django_db
def test_a_value_that_somebody_else_has_by_now_is_not_put_back() -> None:
    make_member(legacy_id="2", v_number="V00000002", student_email="ben@x.edu")
    written = put("id,name,v_number,student_email", "2,Ben Brown,V00000002,brown@x.edu")
    make_member(student_email="ben@x.edu")

    problems = undo(written)

    assert [problem.reason for problem in problems] == ["A value that would be put back belongs to another record now."]
    assert Member.objects.get(legacy_id="2").student_email == "brown@x.edu"


@pytest.mark.django_db
def test_events_are_taken_back_unless_somebody_set_them_up() -> None:
    written = put(EVENTS, "a,Fair,2024-09-03,,", "b,Ball,2024-09-04,,", name="events")
    settings = CheckInSettings.objects.get(event__name="Ball")
    settings.points = 5
    settings.save()

    problems = undo(written, "events")
    settings.points = 0
    settings.save()

    reason = "The check-in settings of this event were changed since the import."
    assert [(problem.line, problem.reason) for problem in problems] == [(3, reason)]
    assert Event.objects.count() == 2
    assert undo([written[0]], "events") == []
    assert list(Event.objects.values_list("name", flat=True)) == ["Ball"]


@pytest.mark.django_db
def test_only_those_who_may_import_may_take_an_import_back() -> None:
    with pytest.raises(PermissionDenied):
        importing().undo([], by=ANONYMOUS, at=LATER)
