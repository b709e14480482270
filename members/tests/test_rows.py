"""Members written as rows: the same as by instances, in a fixed number of statements, on both databases."""

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from checkin_project.platform.access import SYSTEM, Actor, Role
from checkin_project.platform.imports import ImportReport, Plan, apply_plan, make_plan
from checkin_project.platform.sheets import read_sheet
from members.imports import MemberImporter
from members.models import Member, MemberWord
from members.tests.factories import make_member

AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
HEADER = ("id", "first_name", "last_name", "major", "v_number", "personal_email", "status", "created_at", "notes")
Cells = tuple[str, ...]
# What COPY's text format gives a meaning of its own, and what a spreadsheet may hold all the same.
HOSTILE = "\\N \\. \\t\\\\ \"q\" 'a' {1,2} %s ^ 🎓 Ł\u00a0ß"


class ByInstances(MemberImporter):
    """The other form: with a model's instance for each record."""

    by_rows = False


def planned(rows: list[Cells], importer: type[MemberImporter] = MemberImporter) -> Plan:
    file = io.StringIO()
    csv.writer(file).writerows([HEADER, *rows])
    return make_plan(read_sheet(io.BytesIO(file.getvalue().encode())), importer())


def applied(plan: Plan, importer: type[MemberImporter] = MemberImporter, by: Actor = SYSTEM) -> ImportReport:
    target = importer()
    target.records = plan.records
    return apply_plan(plan, target, by=by, at=AT)


def put(*rows: Cells, importer: type[MemberImporter] = MemberImporter) -> ImportReport:
    return applied(planned(list(rows), importer), importer)


def person(number: int, **cells: str) -> Cells:
    row = {"id": str(number), "first_name": f"Mia{number}", "last_name": "Wood", "v_number": f"V{number:08d}"} | cells
    return tuple(row.get(name, "") for name in HEADER)


def everything() -> dict[str, Any]:
    """All that an import writes; members by their order, since numbers are not given twice."""
    order = {pk: place for place, pk in enumerate(Member.objects.order_by("pk").values_list("pk", flat=True))}
    members = [{**row, "id": order[row["id"]]} for row in Member.objects.order_by("pk").values()]
    # In the order of what happened; the records of one act have the order of their members.
    entries = Member.history.order_by("history_date", "history_type", "id", "history_id").values()
    history = [{**row, "id": order[row["id"]], "history_id": 0} for row in entries]
    words = sorted((order[pk], word) for pk, word in MemberWord.objects.values_list("member", "word"))
    return {"members": members, "history": history, "words": words}


class _UndoneError(Exception):
    pass


@contextmanager
def undone() -> Iterator[None]:
    try:
        with transaction.atomic():
            yield
            raise _UndoneError
    except _UndoneError:
        pass


_NAME = st.one_of(st.sampled_from(["", "Ana", "Zoë", "O'Neill", HOSTILE]), st.text(max_size=20))
_ROW = st.tuples(
    st.sampled_from(["", "1", "2", "3", HOSTILE]),
    *(_NAME, _NAME, _NAME),
    st.sampled_from(["", "V00000001", "v 00000002", "V00000003"]),
    st.sampled_from(["", "a@x.edu", "B@x.edu", "müller@x.edu"]),
    st.sampled_from(["", "active", "Blocked", "gone"]),
    st.sampled_from(["", "2024-02-03 09:00", "2020-02-03T09:00:00Z"]),
    st.one_of(st.sampled_from(["", "two\nlines\tand \\N", HOSTILE]), st.text(max_size=20)),
)


class BothForms(TestCase):
    @settings(max_examples=12, deadline=None)
    @given(st.lists(_ROW, max_size=6), st.lists(_ROW, max_size=6))
    @example([("1", HOSTILE, "Cruz", "", "V00000001", "", "", "", "a\nb")], [("1", "Ana", "", HOSTILE, *[""] * 5)])
    def test_rows_leave_what_instances_leave(self, first: list[Cells], second: list[Cells]) -> None:
        found = []
        for importer in (MemberImporter, ByInstances):
            with undone():
                reports = [put(*first, importer=importer), put(*second, importer=importer)]
                found.append(([(report.created, report.updated) for report in reports], everything()))

        assert found[0] == found[1]


@pytest.mark.django_db
def test_hundreds_and_thousands_take_the_same_statements() -> None:
    counts = []
    for first, size in ((1, 100), (1001, 1000)):
        with CaptureQueriesContext(connection) as new:
            put(*(person(number) for number in range(first, first + size)))
        with CaptureQueriesContext(connection) as renamed:
            put(*(person(number, last_name="Stone", major="Art") for number in range(first, first + size)))
        counts.append((len(new), len(renamed)))

    assert Member.objects.filter(last_name="Stone").count() == 1100
    assert counts[0] == counts[1]
    assert max(counts[0]) <= 16


@pytest.mark.django_db
def test_what_somebody_else_changed_meanwhile_stays_where_the_file_says_nothing_of_it() -> None:
    put(person(1, major="Art"), person(2))
    plan = planned([person(1, major="Law"), person(2, personal_email="mia@home.org")])
    Member.objects.filter(legacy_id="1").update(personal_email="new@home.org")

    applied(plan)

    found = Member.objects.order_by("pk").values_list("major", "personal_email")
    assert list(found) == [("Law", "new@home.org"), ("", "mia@home.org")]
    assert Member.history.filter(history_type="~", legacy_id="1").get().personal_email == "new@home.org"


@pytest.mark.django_db
def test_a_later_line_takes_an_earlier_ones_change_back() -> None:
    put(person(1, major="Art"))

    plan = planned([person(1, major="Law"), person(1, major="Art")])

    assert [row.state.value for row in plan.rows] == ["same", "repeated"]
    assert applied(plan) == ImportReport()


@pytest.mark.django_db
def test_history_names_who_imported_and_when() -> None:
    user = get_user_model().objects.create(username="ana")

    applied(planned([person(1)]), by=Actor(user_id=user.pk, role=Role.ADMINISTRATOR))

    entry = Member.history.get()
    assert (entry.history_user, entry.history_date, entry.history_change_reason) == (user, AT, "import")


@pytest.mark.django_db
def test_a_new_record_without_times_gets_that_of_the_import() -> None:
    put(person(1), person(2, created_at="2024-02-03T09:00:00Z"))

    one, two = Member.objects.order_by("pk")
    assert (one.created_at, one.updated_at) == (AT, AT)
    assert (two.created_at, two.updated_at) == (datetime(2024, 2, 3, 9, tzinfo=UTC), AT)


@pytest.mark.django_db(transaction=True)
def test_a_row_that_the_database_refuses_leaves_nothing_of_the_file() -> None:
    plan = planned([person(number) for number in range(1, 50)])
    plan.records[30].values["v_number"] = "refused"

    with pytest.raises(IntegrityError):
        applied(plan)

    assert (Member.objects.count(), Member.history.count(), MemberWord.objects.count()) == (0, 0, 0)
    assert applied(planned([person(1)])).created == 1, "the connection serves on"


@pytest.mark.django_db
def test_reserved_keys_are_given_to_nobody_else() -> None:
    gone = make_member()
    gone_pk = gone.pk
    gone.delete()

    put(person(1), person(2))
    after = make_member()

    found = list(Member.objects.order_by("pk").values_list("pk", flat=True))
    assert len(found) == 3
    assert found[-1] == after.pk
    assert found[0] > gone_pk


@pytest.mark.django_db
def test_two_imports_in_one_transaction_do_not_meet() -> None:
    put(person(1), person(2))

    with transaction.atomic():
        first = put(person(1, major="Art"))
        second = put(person(1, major="Law"), person(2, major="Law"))

    assert (first.updated, second.updated) == (1, 2)
    assert set(Member.objects.values_list("major", flat=True)) == {"Law"}
