"""Events as a table inside a statement."""

import pytest

from attendance.reports.relation import among, relation
from attendance.tests.reporting import came
from checkin_project.platform.statements import rows
from events.tests.factories import make_event
from members.tests.factories import make_member

pytestmark = pytest.mark.django_db


def test_columns_come_back_as_they_were_given() -> None:
    of, values = relation(event_id=[3, 1], bit=[1 << 59, -1])

    assert sorted(rows(f"SELECT s.event_id, s.bit FROM {of}", values)) == [(1, -1), (3, 1 << 59)]  # noqa: S608


def test_no_events_are_an_empty_table() -> None:
    of, values = relation(event_id=[], place=[])

    assert rows(f"SELECT s.place FROM {of}", values) == []  # noqa: S608


def test_the_text_of_a_statement_does_not_depend_on_how_many_events_there_are() -> None:
    assert relation(event_id=[1])[0] == relation(event_id=range(500))[0]
    assert among([1])[0] == among(range(500))[0]


def test_attendance_of_some_events_is_found_by_their_list() -> None:
    first, second, third = (came(make_event(), make_member()) for _event in range(3))

    which, values = among([first.event_id, third.event_id])

    found = rows(f"SELECT a.id FROM attendance a WHERE {which}", values)  # noqa: S608
    assert {pk for (pk,) in found} == {first.pk, third.pk} != {second.pk}
    which, values = among([])
    assert rows(f"SELECT a.id FROM attendance a WHERE {which}", values) == []  # noqa: S608
