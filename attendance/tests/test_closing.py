"""Closing an event: check-in ends, and who was expected and did not come is a no-show."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from attendance import live
from attendance.closing import Closed, close_event, reopen_event
from attendance.models import Attendance
from attendance.outcomes import Outcome
from attendance.registration import cancel_registration, register
from attendance.stats import counts
from attendance.subjects import by_guest_name, by_member
from attendance.tests.checker import violations
from attendance.tests.factories import AT, SUPERVISOR, come_in, go_out, take_back
from checkin_project.platform.access import SYSTEM, Actor, Role, actor_for
from checkin_project.platform.tests.factories import make_user
from events.models import Event
from events.tests.factories import EVENING, make_event, make_group
from members.models import Member
from members.tests.factories import make_member

pytestmark = pytest.mark.django_db
ORGANISER = Actor(is_system=True, role=Role.ORGANISER)
LATER = AT + timedelta(minutes=30)


def expected(event: Event, *, people: int = 1) -> Member:
    """Somebody on the event's list."""
    member = make_member()
    register(by_member(member.pk), event.code, by=SUPERVISOR, at=EVENING - timedelta(days=1), party_size=people)
    return member


def row_of(member: Member, event: Event) -> tuple[str, str]:
    """(state, registration) as stored."""
    return Attendance.objects.values_list("state", "registration").get(member=member, event=event)


def close(event: Event, **fields: Any) -> Closed:
    values: dict[str, Any] = {"by": ORGANISER, "at": LATER} | fields
    return close_event(event.code, **values)


def test_closing_makes_no_shows_of_those_expected_who_did_not_come_and_of_nobody_else() -> None:
    event = make_event()
    came, absent, cancelled, walk_in = expected(event), expected(event, people=3), expected(event), make_member()
    come_in(came, event)
    come_in(walk_in, event)
    cancel_registration(by_member(cancelled.pk), event.code, by=SUPERVISOR, at=AT)
    go_out(walk_in, event, at=AT + timedelta(minutes=5))

    closed = close(event)

    assert closed == Closed(no_shows=3, checked_in=2, inside=1, closed_at=LATER, is_new=True)
    assert [row_of(each, event)[0] for each in (came, absent, cancelled, walk_in)] == [
        "attended",
        "no_show",
        "cancelled",
        "attended",
    ]
    assert violations() == []


def test_a_closed_event_is_completed_and_every_door_says_closed() -> None:
    event = make_event()
    absent, stranger = expected(event), make_member()

    close(event)

    event.refresh_from_db()
    assert event.status_at(LATER) == Event.Status.COMPLETED
    assert come_in(absent, event, at=LATER + timedelta(seconds=1)).outcome is Outcome.CLOSED
    assert come_in(stranger, event, at=LATER + timedelta(seconds=1)).outcome is Outcome.CLOSED
    with pytest.raises(ValidationError, match="over"):
        register(by_member(stranger.pk), event.code, by=SUPERVISOR, at=LATER - timedelta(seconds=1))


def test_closing_twice_changes_nothing_the_second_time() -> None:
    event = make_event()
    expected(event)
    first = close(event)
    rows = list(Attendance.objects.values_list("version", "updated_at", "state"))

    second = close(event, at=LATER + timedelta(minutes=5))

    assert (second.is_new, second.closed_at, second.no_shows) == (False, first.closed_at, 1)
    assert list(Attendance.objects.values_list("version", "updated_at", "state")) == rows
    assert event.history.count() == 2


def test_whoever_is_taken_back_after_the_closing_did_not_come() -> None:
    event = make_event()
    member = expected(event)
    come_in(member, event)
    close(event)

    take_back(member, event, at=LATER + timedelta(minutes=1))

    assert row_of(member, event)[0] == "no_show"
    assert violations() == []


@pytest.mark.parametrize("arrives", ["before", "after"])
def test_an_offline_entry_counts_whether_it_arrives_before_or_after_the_closing(arrives: str) -> None:
    event = make_event()
    member = expected(event, people=2)
    entry: dict[str, Any] = {
        "at": LATER + timedelta(hours=1),
        "occurred_at": AT,
        "offline": True,
        "operation_id": uuid4(),
    }

    if arrives == "before":
        come_in(member, event, **(entry | {"at": AT}))
        close(event)
    else:
        close(event)
        assert come_in(member, event, **entry).outcome is Outcome.CHECKED_IN

    row = Attendance.objects.get(member=member)
    assert (row.state, row.registration, row.checked_in_at) == ("attended", "no_show", AT)
    assert (row.is_walk_in, row.party_size) == (False, 2)
    assert violations() == []
    assert (counts(event.pk).no_shows, counts(event.pk).shown, counts(event.pk).expected) == (0, 2, 2)


def test_an_offline_entry_of_after_the_closing_is_admitted_with_its_flag() -> None:
    event = make_event()
    member = expected(event)
    close(event)

    after = LATER + timedelta(minutes=2)
    result = come_in(member, event, at=after, occurred_at=after, offline=True)

    assert (result.outcome, result.flag) == (Outcome.CHECKED_IN, "event_closed")
    assert row_of(member, event)[0] == "attended"


def test_a_supervisor_may_still_let_a_no_show_in_with_a_reason() -> None:
    event = make_event()
    member = expected(event)
    close(event)

    result = come_in(
        member, event, at=LATER + timedelta(minutes=1), by=SUPERVISOR, override_reason="was in the wrong queue"
    )

    assert result.outcome is Outcome.CHECKED_IN
    assert row_of(member, event)[0] == "attended"
    assert violations() == []


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"stored_status": "cancelled"}, "cancelled"),
        ({"stored_status": "draft"}, "draft"),
        ({"starts_at": LATER + timedelta(hours=2)}, "not opened"),
    ],
)
def test_what_does_not_take_place_cannot_be_closed(fields: dict[str, Any], sentence: str) -> None:
    event = make_event(**fields)

    with pytest.raises(ValidationError, match=sentence):
        close(event)

    event.refresh_from_db()
    assert event.closed_at is None


def test_an_event_that_is_long_over_can_be_closed_for_its_no_shows() -> None:
    event = make_event()
    expected(event)

    closed = close(event, at=EVENING + timedelta(days=3))

    assert closed.no_shows == 1


def test_only_organisers_of_the_event_close_it() -> None:
    group = make_group()
    event = make_event(group=group)
    supervisor = Actor(user_id=1, group_roles={group.pk: Role.SUPERVISOR})
    stranger = Actor(user_id=2, group_roles={make_group().pk: Role.ORGANISER})

    for act in (close_event, reopen_event):
        with pytest.raises(PermissionDenied):
            act(event.code, by=supervisor, at=LATER)
        with pytest.raises(Event.DoesNotExist):
            act(event.code, by=stranger, at=LATER)
    organiser = Actor(is_system=True, group_roles={group.pk: Role.ORGANISER})

    assert close(event, by=organiser).is_new


def test_the_events_history_keeps_who_closed_and_reopened_it_and_when() -> None:
    event, ana = make_event(), make_user()
    close(event, by=actor_for(ana))

    reopen_event(event.code, by=actor_for(ana), at=LATER + timedelta(minutes=1))

    kept = list(event.history.order_by("-history_id").values_list("closed_at", "history_user_id", "history_date")[:2])
    assert kept == [(None, ana.pk, LATER + timedelta(minutes=1)), (LATER, ana.pk, LATER)]


def test_reopening_forgives_the_no_shows_and_lets_them_in() -> None:
    event = make_event(capacity=1)
    absent, late = expected(event), by_guest_name("Cleo Martin")
    close(event)

    reopened = reopen_event(event.code, by=ORGANISER, at=LATER + timedelta(minutes=1))

    assert (reopened.expected, reopened.is_new) == (1, True)
    assert row_of(absent, event) == ("registered", "registered")
    assert come_in(late, event, at=LATER + timedelta(minutes=2)).outcome is Outcome.FULL
    assert come_in(absent, event, at=LATER + timedelta(minutes=2)).outcome is Outcome.CHECKED_IN
    assert violations() == []


def test_reopening_an_open_event_changes_nothing() -> None:
    event = make_event()
    member = expected(event)

    reopened = reopen_event(event.code, by=ORGANISER, at=AT)

    assert (reopened.expected, reopened.is_new) == (1, False)
    assert row_of(member, event) == ("registered", "registered")
    assert event.history.count() == 1


def test_closing_again_after_reopening_counts_anew() -> None:
    event = make_event()
    member = expected(event)
    close(event)
    reopen_event(event.code, by=ORGANISER, at=LATER + timedelta(minutes=1))
    come_in(member, event, at=LATER + timedelta(minutes=2))

    closed = close(event, at=LATER + timedelta(minutes=3))

    assert (closed.no_shows, closed.is_new, closed.closed_at) == (0, True, LATER + timedelta(minutes=3))


def test_closing_takes_as_many_statements_for_three_people_as_for_one() -> None:
    def statements(people: int) -> int:
        event = make_event()
        for _number in range(people):
            expected(event)
        with CaptureQueriesContext(
            connection,
        ) as captured:
            close_event(event.code, by=SYSTEM, at=LATER)
        return len(captured)

    assert statements(1) == statements(3) <= 9


def test_screens_and_kiosks_are_told_of_a_closing_and_not_of_its_repetition(monkeypatch: pytest.MonkeyPatch) -> None:
    event = make_event()
    expected(event)
    told: list[str] = []
    monkeypatch.setattr(live, "announce_settings", lambda _pk, code: told.append(f"event {code}"))
    monkeypatch.setattr(live, "announce", lambda _pk, code: told.append(f"numbers {code}"))

    close(event)
    first, told[:] = list(told), []
    close(event)

    assert (sorted(first), told) == ([f"event {event.code}", f"numbers {event.code}"], [])
