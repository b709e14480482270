import io
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from checkin_project.platform.access import ANONYMOUS, SYSTEM, Actor, Role
from checkin_project.platform.imports import ImportReport, Plan, RowState
from checkin_project.platform.sheets import read_sheet
from members import imports
from members.models import Member, MemberWord
from members.tests.factories import make_member

AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
HEADER = "id,first_name,last_name,classification,major,v_number,student_email,personal_email,phone"


def plan(text: str) -> Plan:
    return imports.plan(read_sheet(io.BytesIO(text.encode())))


def plan_rows(*rows: str) -> Plan:
    return plan("\n".join([HEADER, *rows]))


def put(text: str) -> ImportReport:
    return imports.apply(plan(text), by=SYSTEM, at=AT)


def put_rows(*rows: str) -> ImportReport:
    return imports.apply(plan_rows(*rows), by=SYSTEM, at=AT)


def states(found: Plan) -> list[str]:
    return [row.state.value for row in found.rows]


def problems(found: Plan) -> list[tuple[int, str, str]]:
    return [(problem.line, problem.column, problem.reason) for problem in found.problems]


def everything() -> list[dict[str, Any]]:
    return [dict(row) for row in Member.objects.order_by("pk").values()]


ANA = "1,Ana,Cruz,jr,Art,V00000001,ana@x.edu,ana@home.org,+1 555"
BEN = "2,Ben,Brown,Freshmen,,v00000002,ben@x.edu,,-"


@pytest.mark.django_db
def test_new_people_come_in_whole() -> None:
    report = put_rows(ANA, BEN)

    ana, ben = Member.objects.order_by("pk")
    assert report == ImportReport(created=2, updated=0)
    assert (ana.legacy_id, ana.full_name, ana.classification, ana.phone) == ("1", "Ana Cruz", "junior", "+1 555")
    assert (ben.v_number, ben.student_email, ben.personal_email, ben.phone) == ("V00000002", "ben@x.edu", None, "-")
    assert list(ana.name_words.order_by("word").values_list("word", flat=True)) == ["ana", "cruz"]
    assert [(entry.history_type, entry.history_date) for entry in ana.history.all()] == [("+", AT)]


@pytest.mark.django_db
def test_a_plan_writes_nothing() -> None:
    make_member(legacy_id="1", first_name="Ann", last_name="Cruz")
    before = everything()

    found = plan_rows(ANA, BEN)

    assert states(found) == ["changed", "new"]
    assert everything() == before
    assert Member.history.count() == 1


@pytest.mark.django_db
def test_the_same_file_twice_changes_nothing_the_second_time() -> None:
    rows = (ANA, BEN, "3,Cleo,Stone,,,,,ana@home.org,", "9000,Ana,Cruz,,,V00000001,,,", "4,Ben,Brown,,,,,,")
    put_rows(*rows)
    before = everything()

    again = plan_rows(*rows)

    assert states(again) == ["same", "same", "same", "repeated", "same"]
    assert imports.apply(again, by=SYSTEM, at=AT) == ImportReport()
    assert everything() == before


@pytest.mark.django_db
def test_blank_never_overwrites() -> None:
    put_rows(ANA)

    report = put_rows("1,,,nan,NULL,V00000001,,n/a,")

    assert report == ImportReport()
    assert Member.objects.get().major == "Art"


@pytest.mark.django_db
def test_a_change_is_shown_field_by_field_and_then_written_with_history() -> None:
    put_rows(ANA)
    found = plan_rows("1,Ana,Cruz,senior,Art,V00000001,ana@x.edu,,")

    [change] = found.changes_of(found.rows[0])
    imports.apply(found, by=SYSTEM, at=AT)

    assert (change.field, change.old, change.new) == ("classification", "junior", "senior")
    ana = Member.objects.get()
    assert (ana.classification, ana.updated_at) == ("senior", AT)
    assert [entry.classification for entry in ana.history.all()] == ["senior", "junior"]


@pytest.mark.django_db
def test_a_new_name_can_be_searched_and_the_old_one_no_more() -> None:
    put_rows(ANA)

    put_rows("1,Ana,Stone,,,V00000001,,,")

    assert sorted(MemberWord.objects.values_list("word", flat=True)) == ["ana", "stone"]


@pytest.mark.django_db
def test_lines_about_one_person_fold_and_later_ones_win() -> None:
    found = plan_rows("1,Ana,Cruz,jr,,V00000001,,,", "1,Ana,Cruz,,Art,,,,", "1,Ana,Cruz,sr,,,,,")

    imports.apply(found, by=SYSTEM, at=AT)

    assert states(found) == ["new", "repeated", "repeated"]
    assert found.rows[2].notes == ("Folded into line 2.",)
    assert list(Member.objects.values_list("classification", "major")) == [("senior", "Art")]


@pytest.mark.django_db
def test_the_same_person_under_another_id_keeps_the_first_and_stores_the_other() -> None:
    put_rows(ANA)

    put_rows("9000,Ana,Cruz,,,v00000001,,,")

    ana = Member.objects.get()
    assert (ana.legacy_id, ana.extra) == ("1", {"legacy_ids": ["9000"]})
    assert states(plan_rows("9000,,,,,,,,")) == ["same"], "the other id finds the person, too"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "row",
    [
        "1,,,sr,,,,,",
        ",,,sr,,V00000001,,,",
        ",,,sr,,,ANA@x.edu,,",
        ",Ana,Cruz,sr,,,,ana@home.org,",
        ",Ana,,sr,,,ana@home.org,,",
    ],
)
def test_each_key_finds_the_person(row: str) -> None:
    put_rows(ANA)

    found = plan_rows(row)

    assert [record.pk for record in found.records if record.line] == [Member.objects.get().pk]
    assert [change.field for change in found.changes_of(found.rows[0])] == ["classification"]


@pytest.mark.django_db
def test_keys_of_two_people_in_one_row_are_an_error_naming_both() -> None:
    put_rows(ANA, BEN)

    found = plan_rows(",Ana,Cruz,,,V00000001,ben@x.edu,,")

    assert problems(found) == [
        (
            2,
            "student_email",
            "This row points at different people (v_number: Ana Cruz; student_email: Ben Brown).",
        )
    ]


@pytest.mark.django_db
def test_an_id_that_another_list_gave_to_somebody_else_is_an_error() -> None:
    put_rows(ANA)

    found = plan_rows("1,Dmitri,Ivanov,,,V00000077,dmitri@x.edu,,")

    assert problems(found) == [(2, "id", "This belongs to Ana Cruz, but the row describes somebody else.")]


@pytest.mark.django_db
def test_two_keys_together_may_rename_somebody_and_one_alone_may_not() -> None:
    put_rows(ANA)

    one, two = plan_rows("1,Mia,Wood,,,,,,"), plan_rows("1,Mia,Wood,,,V00000001,,,")

    assert problems(one) == [(2, "id", "This belongs to Ana Cruz, but the row describes somebody else.")]
    assert states(two) == ["changed"]


@pytest.mark.django_db
def test_a_family_sharing_an_address_stays_several_people() -> None:
    put_rows("1,Ana,Cruz,,,,,cruz@home.org,", "2,Ben,Cruz,,,,,cruz@home.org,")

    assert sorted(Member.objects.values_list("first_name", flat=True)) == ["Ana", "Ben"]


@pytest.mark.django_db
def test_a_likely_duplicate_comes_in_as_new_and_is_reported() -> None:
    stored = make_member(first_name="Zoë", last_name="Kim")

    found = plan_rows("7,zoe,kim,,,,,,", "8,Zoe,Kim,,,,,,")

    assert states(found) == ["new", "new"]
    assert [(likely.pk, likely.line, likely.reasons) for likely in found.rows[1].likely] == [
        (stored.pk, 0, ("same name",)),
        (None, 2, ("same name",)),
    ]


@pytest.mark.django_db
def test_somebody_known_by_name_only_comes_in_once() -> None:
    text = "name,major\nAna Cruz,Art\nAna Cruz,\nAna Cruz,Law\n"
    put(text)

    assert states(plan(text)) == ["same", "repeated", "same"]
    assert Member.objects.count() == 2


@pytest.mark.django_db
def test_namesakes_with_their_own_numbers_are_not_reported() -> None:
    found = plan_rows("1,Ana,Cruz,,,V00000001,,,", "2,Ana,Cruz,,,V00000002,,,")

    assert [row.likely for row in found.rows] == [(), ()]


@pytest.mark.django_db
def test_bad_rows_are_named_and_the_good_ones_come_in() -> None:
    found = plan_rows(ANA, "2,Ben,Brown,,,V12,,,", "3,,,,,V00000003,,,", "4,Cleo", 'x,"Mia\nLou",Wood,,,,nobody,,', BEN)

    report = imports.apply(found, by=SYSTEM, at=AT)

    assert problems(found) == [
        (3, "v_number", "A V-number is a V and 8 or 9 digits, for example V01234567."),
        (4, "first_name", "A new person needs a name."),
        (5, "", "This row has 2 cells, but there are 9 headings."),
        (6, "student_email", "This is not an e-mail address."),
    ]
    assert sum(found.counts.values()) == 6
    assert report.created == 2


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "The file is empty."),
        ("shoe,size\n1,2\n", "No column is called"),
        ("Email,student_email\na@x.edu,b@x.edu\n", "stand for the same field"),
        (f'{HEADER}\n{ANA}\n2,"Ben,\n', "never closed"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_as_a_whole(text: str, reason: str) -> None:
    found = plan(text)

    assert found.fatal is not None
    assert reason in found.fatal.reason
    with pytest.raises(ValueError, match=reason):
        imports.apply(found, by=SYSTEM, at=AT)
    assert not Member.objects.exists()


@pytest.mark.django_db
def test_headings_without_rows_make_an_empty_plan() -> None:
    assert plan(f"{HEADER}\n\n").rows == []


@pytest.mark.django_db
def test_aliases_and_unknown_columns_find_a_place() -> None:
    put(
        "Name,Email,Personal Email,V-number,Classification,Major,T-shirt\nMary Ann Smith,m@x.edu,,V00000005,Sr,Art,XL\n"
    )

    member = Member.objects.get()
    assert (member.first_name, member.last_name, member.extra) == ("Mary Ann", "Smith", {"T-shirt": "XL"})
    assert (member.student_email, member.classification) == ("m@x.edu", "senior")


@pytest.mark.django_db
def test_a_name_in_one_column_does_not_part_a_known_name_anew() -> None:
    make_member(first_name="Ana", last_name="de la Cruz", v_number="V00000005")

    assert states(plan("name,v_number\nAna de la Cruz,V00000005\n")) == ["same"]


@pytest.mark.django_db
def test_the_files_times_are_kept_and_creation_only_moves_back() -> None:
    text = "id,name,created_at,updated_at\n1,Ana Cruz,{},2026-02-01T00:00:00Z\n"
    put(text.format("2026-01-01T00:00:00Z"))

    later, earlier = plan(text.format("2026-01-02T00:00:00Z")), plan(text.format("2025-01-01T00:00:00Z"))

    member = Member.objects.get()
    assert member.created_at == datetime(2026, 1, 1, tzinfo=UTC)
    assert member.updated_at == datetime(2026, 2, 1, tzinfo=UTC)
    assert member.history.get().created_at == member.created_at
    assert (states(later), states(earlier)) == (["same"], ["changed"])


@pytest.mark.django_db
def test_what_changed_since_the_plan_stops_all_of_it() -> None:
    put_rows(ANA)
    found = plan_rows("1,,,sr,,,,,", BEN)
    Member.objects.update(classification="alumni")

    report = imports.apply(found, by=SYSTEM, at=AT)

    assert [(problem.line, problem.column, problem.value) for problem in report.outdated] == [
        (2, "classification", "alumni")
    ]
    assert Member.objects.get().classification == "alumni"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "arrived",
    [{"legacy_id": "2"}, {"v_number": "V00000002"}, {"student_email": "Ben@X.edu"}, {"personal_email": "ben@x.edu"}],
)
def test_somebody_who_came_since_the_plan_stops_all_of_it(arrived: dict[str, str]) -> None:
    found = plan_rows(ANA, BEN)
    make_member(**arrived)

    report = imports.apply(found, by=SYSTEM, at=AT)

    assert [problem.line for problem in report.outdated] == [3]
    assert Member.objects.count() == 1


@pytest.mark.django_db
def test_a_deleted_person_stops_all_of_it() -> None:
    put_rows(ANA)
    found = plan_rows("1,,,sr,,,,,", BEN)
    Member.objects.all().delete()

    report = imports.apply(found, by=SYSTEM, at=AT)

    assert [problem.reason for problem in report.outdated] == ["This record was deleted since the preview."]
    assert not Member.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_failure_after_the_first_writes_leaves_no_trace() -> None:
    put_rows(ANA)
    found = plan_rows("1,,,sr,,,,,", BEN)
    next(record for record in found.records if record.pk).values["v_number"] = "refused"
    before, history, words = everything(), Member.history.count(), MemberWord.objects.count()

    with pytest.raises(IntegrityError):
        imports.apply(found, by=SYSTEM, at=AT)

    assert (everything(), Member.history.count(), MemberWord.objects.count()) == (before, history, words)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "actor", [ANONYMOUS, Actor(user_id=1, role=Role.STEWARD), Actor(group_roles={1: Role.ORGANISER})]
)
def test_only_those_who_may_import_everywhere_apply_a_plan(actor: Actor) -> None:
    found = plan_rows(ANA)

    with pytest.raises(PermissionDenied):
        imports.apply(found, by=actor, at=AT)

    assert not Member.objects.exists()


@pytest.mark.django_db
def test_queries_do_not_grow_with_the_rows() -> None:
    counts = []
    for size in (1, 40):
        text = "\n".join([HEADER, *(f"{size}-{row},Mia{row},Wood,,,,,," for row in range(size))])
        with CaptureQueriesContext(connection) as queries:
            put(text)
            put(text.replace("Wood", "Stone"))
        counts.append(len(queries))

    assert counts[0] == counts[1]


@pytest.mark.django_db
def test_equal_plans_have_equal_fingerprints() -> None:
    first, again, other = plan_rows(ANA), plan_rows(ANA), plan_rows(BEN)

    assert first.fingerprint == again.fingerprint
    assert first.fingerprint != other.fingerprint


# One name and no shared address: files that contradict themselves in these may need a second look, as the how-to says.
_FIRST, _LAST = st.sampled_from(["", "nan", "Ana"]), st.sampled_from(["", "Cruz"])
_NUMBER = st.sampled_from(["", "V00000001", "v00000002", "3"])
_ADDRESS = st.sampled_from(["", "a@x.edu", "b@x.edu", "c@x.edu"])
_ROW = st.tuples(
    st.sampled_from(["", "1", "2", "3"]),
    *(_FIRST, _LAST, st.sampled_from(["", "jr"]), st.sampled_from(["", "Art"]), _NUMBER, _ADDRESS),
    st.just(""),
    st.sampled_from(["", "+1 555"]),
)


class AnyFile(TestCase):
    @settings(max_examples=60, deadline=None)
    @given(st.lists(_ROW.map(",".join), max_size=8))
    def test_whatever_a_file_holds_a_second_run_changes_nothing(self, rows: list[str]) -> None:
        bad_lines = {row.line for row in plan_rows(*rows).rows if row.state is RowState.ERROR}
        good = [row for line, row in enumerate(rows, start=2) if line not in bad_lines]
        first = plan_rows(*good)
        imports.apply(first, by=SYSTEM, at=AT)

        again = plan_rows(*good)

        assert first.counts[RowState.ERROR] == 0
        assert again.counts[RowState.NEW] == again.counts[RowState.CHANGED] == 0
