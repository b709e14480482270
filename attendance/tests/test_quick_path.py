"""The rule outside anybody's transaction, as every door calls it: where the database can, one read and one write.

The rest of the suite runs inside a transaction of the test and so takes the long way.
"""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from attendance import checkin
from attendance.facts import Facts, read_facts
from attendance.models import Attendance, Scan
from attendance.outcomes import Outcome
from attendance.subjects import by_guest_name
from attendance.tests.checker import violations
from attendance.tests.factories import AT, come_in, go_out, take_back
from events.models import Event
from events.tests.factories import make_event, make_group
from members import loyalty
from members.tests.factories import make_member

pytestmark = pytest.mark.django_db(transaction=True)
MINUTE = timedelta(minutes=1)


def test_coming_going_and_coming_back_leave_what_the_fold_says() -> None:
    event, ben = make_event(check_in={"reentry": "after_exit"}), make_member()

    outcomes = [
        come_in(ben, event).outcome,
        come_in(ben, event, at=AT + MINUTE).outcome,
        go_out(ben, event, at=AT + 2 * MINUTE).outcome,
        come_in(ben, event, at=AT + 3 * MINUTE).outcome,
        take_back(ben, event, at=AT + 4 * MINUTE).outcome,
    ]

    assert outcomes == ["checked_in", "already_in", "checked_out", "checked_in", "undone"]
    assert Scan.objects.count() == 5
    assert violations() == []


def test_a_plain_entry_is_one_read_and_one_write_where_the_database_can() -> None:
    event, ben = make_event(), make_member()

    with CaptureQueriesContext(connection) as queries:
        come_in(ben, event)

    statements = [query["sql"].split()[0] for query in queries]
    if connection.vendor == "postgresql":
        assert statements == ["SELECT", "WITH"]
    else:
        assert statements[0] == "BEGIN"


def test_points_and_a_first_visit_to_a_group_come_with_the_entry_or_not_at_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    event, ben, cleo = make_event(group=make_group(), check_in={"points": 10}), make_member(), make_member()
    come_in(ben, event)

    def fail(*args: object, **kwargs: object) -> None:
        raise RuntimeError("the power went")

    monkeypatch.setattr(checkin, "link_to_group", fail)
    with pytest.raises(RuntimeError):
        come_in(cleo, event)

    assert loyalty.balance(ben.pk, at=AT) == 10
    assert not Attendance.objects.filter(member=cleo).exists()
    assert not Scan.objects.filter(subject=f"m:{cleo.pk}").exists()
    assert loyalty.balance(cleo.pk, at=AT) == 0


def test_the_last_seat_is_counted_while_the_event_is_held() -> None:
    event = make_event(capacity=1)

    outcomes = [come_in(by_guest_name(name), event).outcome for name in ("Ana", "Ben")]

    assert outcomes == [Outcome.CHECKED_IN, Outcome.FULL]


@pytest.mark.postgres
def test_a_capacity_set_between_reading_and_writing_is_obeyed(monkeypatch: pytest.MonkeyPatch) -> None:
    event = make_event()
    come_in(by_guest_name("Ana"), event)

    def read_then_limit(*args: Any, **kwargs: Any) -> Facts | None:
        facts = read_facts(*args, **kwargs)
        if not connection.in_atomic_block:
            Event.objects.filter(pk=event.pk).update(capacity=1)
        return facts

    monkeypatch.setattr(checkin, "read_facts", read_then_limit)
    result = come_in(by_guest_name("Ben"), event)

    assert result.outcome is Outcome.FULL
    assert violations() == []


@pytest.mark.postgres
def test_a_closing_between_reading_and_writing_is_obeyed(monkeypatch: pytest.MonkeyPatch) -> None:
    event = make_event()

    def read_then_close(*args: Any, **kwargs: Any) -> Facts | None:
        facts = read_facts(*args, **kwargs)
        if not connection.in_atomic_block:
            Event.objects.filter(pk=event.pk, closed_at__isnull=True).update(closed_at=AT)
        return facts

    monkeypatch.setattr(checkin, "read_facts", read_then_close)
    result = come_in(by_guest_name("Ben"), event, at=AT + MINUTE)

    assert result.outcome is Outcome.CLOSED
    assert not Attendance.objects.exists()


def test_an_operation_used_twice_is_a_conflict_here_too() -> None:
    event, operation = make_event(), uuid4()
    come_in(by_guest_name("Ana"), event, operation_id=operation)

    again = come_in(by_guest_name("Ana"), event, operation_id=operation)
    other = come_in(by_guest_name("Ben"), event, operation_id=operation)

    assert (again.replayed, other.outcome) == (True, Outcome.OPERATION_CONFLICT)
    assert Attendance.objects.count() == 1
