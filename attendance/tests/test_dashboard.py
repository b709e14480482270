"""What the dashboard tells about one event, and that many screens cost one reading."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django.fixtures import Settings

from attendance import dashboard
from attendance.dashboard import Seats, arrivals_by_minute, board, last_own_operation, lines, own_lines
from attendance.models import Device, Scan
from attendance.registration import register
from attendance.subjects import by_code, by_guest_name, by_member
from attendance.tests.factories import AT, SUPERVISOR, come_in, go_out, make_device, take_back
from checkin_project.platform.access import SYSTEM, Actor, Role, actor_for
from checkin_project.platform.tests.factories import make_user
from events.models import Event
from events.tests.factories import EVENING, make_event, make_group
from members.tests.factories import make_member

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nothing_kept() -> None:
    """Numbers of events come again after each test's transaction."""
    dashboard._kept.clear()


def with_people(event: Event, how_many: int) -> Event:
    for number in range(how_many):
        come_in(by_guest_name(f"Guest {number}"), event, at=AT + timedelta(seconds=number))
    return event


@pytest.mark.parametrize(
    ("held", "band", "left", "over"),
    [
        (0, "calm", 10, 0),
        (7, "calm", 3, 0),
        (8, "busy", 2, 0),
        (9, "busy", 1, 0),
        (10, "full", 0, 0),
        (12, "full", 0, 2),
    ],
)
def test_the_band_says_how_full_it_is(held: int, band: str, left: int, over: int) -> None:
    seats = Seats(10, held)

    assert (seats.band, seats.left, seats.over) == (band, left, over)
    assert (seats.percent == 100) is (band == "full")


def test_an_event_without_any_seats_is_full() -> None:
    assert (Seats(0, 0).band, Seats(0, 0).percent) == ("full", 100)


def test_seats_are_those_that_the_doors_count() -> None:
    event = make_event(capacity=10)
    register(by_member(make_member().pk), event.code, by=SYSTEM, at=AT, party_size=3)
    come_in(by_guest_name("Dora"), event, party_size=2)
    come_in(by_guest_name("Emil"), event)
    go_out(by_guest_name("Emil"), event, at=AT + timedelta(minutes=1))

    found = board(event, at=AT)

    assert found.seats == Seats(10, 5)
    assert found.numbers["checked_in"] == 3


def test_an_event_without_capacity_has_no_seats_to_tell_of() -> None:
    assert board(make_event(), at=AT).seats is None


def test_arrivals_are_heads_in_the_minute_of_the_first_entry() -> None:
    event = make_event(check_in={"reentry": "unlimited"})
    come_in(by_guest_name("Dora"), event, party_size=2)
    come_in(by_guest_name("Emil"), event, at=AT + timedelta(seconds=59))
    come_in(by_guest_name("Dora"), event, at=AT + timedelta(minutes=5))
    come_in(by_guest_name("Finn"), make_event())

    assert arrivals_by_minute(event.pk) == [(AT, 3)]


@pytest.mark.parametrize("people", [1, 3, 200])
def test_a_board_takes_as_many_queries_however_many_came(people: int, django_assert_num_queries: Any) -> None:
    event = with_people(make_event(capacity=1000), people)
    for number in range(min(people, 3)):
        make_device(event_id=event.pk, name=f"Door {number}")

    with django_assert_num_queries(6):
        found = board(event, at=AT)

    assert found.numbers["checked_in"] == found.curve.total == people
    assert len(found.lines) == min(people, dashboard.MOST_LINES)


def test_the_feed_is_newest_first_with_refusals_and_names_no_code() -> None:
    event = make_event()
    ben = make_member(first_name="Ben", last_name="Brown")
    come_in(ben, event, party_size=2)
    come_in(ben, event, at=AT + timedelta(minutes=1))
    come_in(by_code("V99999999"), event, at=AT + timedelta(minutes=2))

    found = lines(Scan.objects.filter(event=event), limit=10)

    assert [(line.name, line.outcome, line.heads) for line in found] == [
        ("", "not_found", 1),
        ("Ben Brown", "already_in", 2),
        ("Ben Brown", "checked_in", 2),
    ]
    assert [line.takes_back is not None for line in found] == [False, False, True]


def test_what_was_taken_back_cannot_be_taken_back_again() -> None:
    event = make_event()
    ben = make_member()
    come_in(ben, event)
    take_back(ben, event, at=AT + timedelta(minutes=1))

    found = lines(Scan.objects.filter(event=event), limit=10)

    assert [(line.kind, line.takes_back) for line in found] == [("Undo", None), ("Entry", None)]


def test_who_may_not_search_sees_the_own_last_ten_of_ten_minutes_alone() -> None:
    event = make_event()
    ana, other = actor_for(make_user(Role.STEWARD)), actor_for(make_user(Role.STEWARD))
    come_in(by_guest_name("Long ago"), event, by=ana, at=AT - timedelta(minutes=11))
    come_in(by_guest_name("Of another"), event, by=other)
    come_in(by_guest_name("At another event"), make_event(), by=ana)
    for number in range(11):
        come_in(by_guest_name(f"Own {number}"), event, by=ana, at=AT + timedelta(seconds=number))

    found = own_lines(event, ana, at=AT + timedelta(seconds=11))

    assert [line.name for line in found] == [f"Own {number}" for number in range(10, 0, -1)]


def test_the_own_last_operation_is_the_latest_that_stands() -> None:
    event = make_event()
    ana = actor_for(make_user(Role.SUPERVISOR))
    first = come_in(by_guest_name("Dora"), event, by=ana)
    second = come_in(by_guest_name("Emil"), event, by=ana, at=AT + timedelta(seconds=1))
    come_in(by_guest_name("Finn"), event, by=SUPERVISOR, at=AT + timedelta(seconds=2))
    soon = AT + timedelta(minutes=1)

    assert last_own_operation(event, ana, at=soon) == second.operation_id
    take_back(None, event, undoes=second.operation_id, by=ana, at=soon)
    assert last_own_operation(event, ana, at=soon) == first.operation_id
    assert last_own_operation(event, ana, at=AT + timedelta(minutes=11)) is None


def test_devices_are_those_that_serve_the_event_and_that_the_actor_may_see() -> None:
    own, foreign = make_group(), make_group()
    event = make_event(group=own)
    make_device(event_id=event.pk, name="Its own")
    make_device(group_id=own.pk, name="Its group's")
    make_device(name="Everybody's")
    make_device(group_id=foreign.pk, name="Another group's")
    make_device(event_id=make_event(group=own).pk, name="Another event's")
    make_device(event_id=event.pk, name="Revoked")
    Device.objects.filter(name="Revoked").update(revoked_at=AT)
    found = board(event, at=AT)

    def seen_by(actor: Actor) -> list[str]:
        devices = [device for device, _is_there in dashboard.devices_for(actor, event, found)]
        allowed = set(Device.objects.visible_to(actor))
        assert set(devices) <= allowed
        return [device.name for device in devices]

    assert seen_by(Actor(is_system=True, role=Role.ORGANISER)) == ["Everybody's", "Its group's", "Its own"]
    assert seen_by(Actor(is_system=True, group_roles={own.pk: Role.ORGANISER})) == ["Its group's", "Its own"]
    assert seen_by(SUPERVISOR) == []


def test_a_device_that_went_silent_is_said_so() -> None:
    event = make_event()
    device, _token = make_device(event_id=event.pk, at=AT)
    organiser = Actor(is_system=True, role=Role.ORGANISER)
    Device.objects.filter(pk=device.pk).update(last_seen_at=AT - timedelta(seconds=91))

    [(_device, is_there)] = dashboard.devices_for(organiser, event, board(event, at=AT))

    assert not is_there


def test_ten_screens_that_ask_for_one_version_cost_one_reading(settings: Settings) -> None:
    settings.COUNTS_MAX_AGE = 60
    event = with_people(make_event(), 3)
    version = board(event, at=AT).numbers["version"]

    with CaptureQueriesContext(connection) as queries:
        for _screen in range(10):
            board(event, at=AT, version=version)

    assert len(queries) == 0


def test_nobody_waits_long_for_a_reading_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dashboard, "TURN_SECONDS", 0.01)
    event = make_event()
    hangs = dashboard._reading.setdefault(event.pk, threading.Lock())

    with hangs:
        found = board(event, at=AT)

    assert found.numbers["checked_in"] == 0


def test_a_screen_that_knows_of_something_newer_is_read_for_anew(settings: Settings) -> None:
    settings.COUNTS_MAX_AGE = 60
    event = make_event()
    version = board(event, at=AT).numbers["version"]
    come_in(make_member(), event)

    found = board(event, at=AT, version=version + 1)

    assert (found.numbers["checked_in"], len(found.lines)) == (1, 1)


def test_an_own_act_is_seen_at_once(settings: Settings) -> None:
    settings.COUNTS_MAX_AGE = 60
    event = make_event()
    board(event, at=AT)
    come_in(make_member(), event)

    assert board(event, at=AT).lines == ()
    dashboard.forget(event.pk)
    assert len(board(event, at=AT).lines) == 1


def test_the_curve_ends_when_check_in_closed() -> None:
    event = make_event()
    come_in(make_member(), event)

    found = board(event, at=EVENING + timedelta(days=3))

    assert found.curve.bars[-1].starts_at <= EVENING + timedelta(hours=3)
