"""Seats are never given twice, whatever else is going on at the event, on both databases."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from random import Random
from time import sleep

import pytest
from django.db import connection, transaction
from django.utils import timezone

from attendance import checkin, facts
from attendance.models import Attendance, Scan
from attendance.outcomes import Outcome
from attendance.tests.checker import CapacityChange, overfilled, violations
from attendance.tests.factories import come_in, go_out, take_back
from attendance.tests.racing import meanwhile, together, wide_pool
from events.models import Event
from events.tests.factories import make_event
from members.models import Member
from members.tests.factories import make_member

pytestmark = pytest.mark.django_db(transaction=True)
SEATS, PEOPLE = 50, 200


@pytest.fixture(autouse=True)
def _many_connections() -> Iterator[None]:
    with wide_pool():
        yield


def small_room(capacity: int | None = SEATS) -> Event:
    return make_event(
        starts_at=timezone.now() - timedelta(minutes=5), capacity=capacity, check_in={"reentry": "after_exit"}
    )


class Watch:
    """Looks at seats and capacity in one statement, again and again, and keeps what must never be seen."""

    def __init__(self, event: Event) -> None:
        self.event = event
        self.seen: list[str] = []
        self.looks = 0
        self.last: tuple[int | None, int] = (event.capacity, 0)

    def look(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT e.capacity, (SELECT COALESCE(SUM(party_size), 0) FROM attendance a WHERE a.event_id = e.id"
                " AND (state = 'registered' OR (state = 'attended' AND checked_out_at IS NULL)))"
                " FROM events e WHERE e.id = %s",
                [self.event.pk],
            )
            capacity, held = cursor.fetchone()
        # Seats that were taken while there were more of them stay taken, but no more may be.
        most = max(capacity or 0, self.last[0] or 0, self.last[1])
        if None not in (capacity, self.last[0]) and held > most:
            self.seen.append(f"{held} heads in {capacity} seats, after {self.last}")
        self.last = (capacity, held)
        self.looks += 1
        sleep(0.002)


def come_and_go(who: Member, event: Event, random: Random) -> Outcome:
    """Come in; of those who got in, some leave, some are taken back, some leave and come again."""
    result = come_in(who, event, at=timezone.now())
    what_next = random.choice(["stay", "stay", "leave", "undo", "leave and come again"])
    if result.outcome is Outcome.CHECKED_IN and what_next != "stay":
        if what_next == "undo":
            take_back(who, event, at=timezone.now())
        else:
            go_out(who, event, at=timezone.now())
        if what_next == "leave and come again":
            come_in(who, event, at=timezone.now())
    return result.outcome


def set_capacity(event: Event, capacity: int | None, changes: list[CapacityChange]) -> None:
    """As the admin does it: hold the event, then save. No scan gets its id while the event is held so."""
    with transaction.atomic():
        held = Event.objects.select_for_update().get(pk=event.pk)
        newest = Scan.objects.order_by("-pk").values_list("pk", flat=True).first()
        changes.append(CapacityChange(newest or 0, capacity))
        held.capacity = capacity
        held.save()


def edits(event: Event, changes: list[CapacityChange]) -> None:
    for capacity in (SEATS, SEATS + 10, SEATS - 10, SEATS):
        sleep(0.05)
        set_capacity(event, capacity, changes)


def test_fifty_seats_never_hold_fifty_one_while_people_leave_and_staff_change_the_capacity() -> None:
    event, random = small_room(capacity=None), Random(50)
    changes, watch = [CapacityChange(0, None)], Watch(event)
    acts: list[Callable[[], object]] = [
        partial(come_and_go, make_member(), event, Random(random.random())) for _number in range(PEOPLE)
    ]
    edit: Callable[[], object] = partial(edits, event, changes)

    with meanwhile(watch.look):
        together([*acts, edit])

    assert watch.seen == []
    assert watch.looks > 10
    assert overfilled(event, changes) == []
    assert violations() == []


def test_two_hundred_people_at_once_fill_fifty_seats_exactly() -> None:
    event = small_room()
    people = [make_member() for _number in range(PEOPLE)]
    watch = Watch(event)

    with meanwhile(watch.look):
        results = together([partial(come_in, who, event, at=timezone.now()) for who in people])

    assert sum(result.outcome is Outcome.CHECKED_IN for result in results) == SEATS
    assert sum(result.outcome is Outcome.FULL for result in results) == PEOPLE - SEATS
    assert (watch.seen, facts.seats_taken(event.pk)) == ([], SEATS)
    assert overfilled(event, [CapacityChange(0, SEATS)]) == []


def test_a_capacity_given_while_people_come_in_counts_for_all_who_come_after_it() -> None:
    """The moment between no capacity and one: whoever was decided on without it is in before it holds."""
    for _round in range(5):
        event = small_room(capacity=None)
        changes = [CapacityChange(0, None)]
        acts: list[Callable[[], object]] = [
            partial(come_in, make_member(), event, at=timezone.now()) for _number in range(30)
        ]
        edit: Callable[[], object] = partial(set_capacity, event, 10, changes)

        together([*acts, edit])

        assert overfilled(event, changes) == []


def test_who_comes_back_takes_the_seats_of_the_whole_party() -> None:
    event, at = small_room(capacity=3), timezone.now()
    ben, cleo = make_member(), make_member(first_name="Cleo")
    come_in(ben, event, at=at, party_size=3)
    go_out(ben, event, at=at)
    come_in(cleo, event, at=at)

    back = come_in(ben, event, at=at, party_size=1)

    assert back.outcome is Outcome.FULL
    assert facts.seats_taken(event.pk) == 1


# --- Controls: with the promise broken on purpose, the checker has to say so -----------------------------------------


def test_the_checker_finds_the_heads_that_a_count_before_the_lock_lets_in(monkeypatch: pytest.MonkeyPatch) -> None:
    event = small_room(capacity=5)
    people = [make_member() for _number in range(20)]
    counted = threading.local()
    gate = threading.Barrier(len(people))
    watch = Watch(event)
    monkeypatch.setattr(checkin, "seats_taken", lambda event_id: counted.heads)

    def count_then_come_in(who: Member) -> None:
        counted.heads = facts.seats_taken(event.pk)
        connection.close()
        gate.wait(30)
        come_in(who, event, at=timezone.now())

    with meanwhile(watch.look):
        together([partial(count_then_come_in, who) for who in people])

    assert Attendance.objects.filter(event=event, attended=True).count() == 20
    assert len(overfilled(event, [CapacityChange(0, 5)])) == 15
    assert watch.seen != []


@pytest.mark.postgres
def test_the_checker_finds_the_heads_that_come_in_without_the_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    event = small_room(capacity=5)
    people = [make_member() for _number in range(20)]
    gate = threading.Barrier(10)

    def look_only(event_id: int) -> int | None:
        return Event.objects.values_list("capacity", flat=True).get(pk=event_id)

    def count_slowly(event_id: int) -> int:
        heads = facts.seats_taken(event_id)
        gate.wait(30)
        return heads

    monkeypatch.setattr(checkin, "lock_event", look_only)
    monkeypatch.setattr(checkin, "seats_taken", count_slowly)

    together([partial(come_in, who, event, at=timezone.now()) for who in people])

    assert overfilled(event, [CapacityChange(0, 5)]) != []
