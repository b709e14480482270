"""Acts that pull at one person or one event from both ends at the same instant, on both databases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from random import Random
from uuid import uuid4

import pytest
from django.db import transaction
from django.utils import timezone

from attendance import checkin, facts
from attendance.attempt import Act
from attendance.models import Attendance
from attendance.outcomes import Outcome
from attendance.registration import register
from attendance.subjects import by_member
from attendance.tests.checker import violations
from attendance.tests.factories import STEWARD, come_in, go_out, take_back
from attendance.tests.racing import open_event, registered, rounds, together, unregistered, wide_pool
from events.models import Event
from members import loyalty
from members.models import Member
from members.tests.factories import make_member

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _many_connections() -> Iterator[None]:
    with wide_pool():
        yield


def checked_in(who: Member, event: Event) -> str:
    return come_in(who, event, at=timezone.now()).outcome.value


def test_the_last_seat_goes_to_who_registers_or_to_who_comes() -> None:
    for _round in rounds(20, 5):
        ben, cleo, event = make_member(), make_member(first_name="Cleo"), open_event(capacity=1)

        answers = together([partial(registered, cleo, event), partial(checked_in, ben, event)])

        assert answers in (["registered", "full"], ["no seat", "checked_in"])
        assert facts.seats_taken(event.pk) == 1
    assert violations() == []


def test_somebody_who_registers_and_comes_at_the_same_instant_has_one_row() -> None:
    for _round in rounds(20, 5):
        ben, event = make_member(), open_event(capacity=None if _round % 2 else 1)

        answers = together([partial(registered, ben, event), partial(checked_in, ben, event)])

        row = Attendance.objects.get(event=event)
        assert answers == ["registered", "checked_in"]
        assert (row.registration, row.state) == ("registered", "attended")
    assert violations() == []


def test_two_undos_of_one_operation_take_it_back_once() -> None:
    for _round in rounds(20, 5):
        ben, event, operation = make_member(), open_event(check_in={"points": 10}), uuid4()
        come_in(ben, event, at=timezone.now(), operation_id=operation)

        results = together([partial(take_back, None, event, at=timezone.now(), undoes=operation)] * 2)

        assert {result.outcome for result in results} == {Outcome.UNDONE, Outcome.NOTHING_TO_UNDO}
        assert loyalty.balance(ben.pk, at=timezone.now()) == 0
    assert violations() == []


def test_an_undo_and_a_second_check_in_leave_what_their_scans_say() -> None:
    for _round in rounds(20, 5):
        ben, event = make_member(), open_event(check_in={"points": 10})
        come_in(ben, event, at=timezone.now())
        acts: list[Callable[[], object]] = [
            partial(take_back, ben, event, at=timezone.now()),
            partial(checked_in, ben, event),
        ]

        together(acts)

        row = Attendance.objects.get(event=event)
        assert loyalty.balance(ben.pk, at=timezone.now()) == (10 if row.attended else 0)
    assert violations() == []


def test_twenty_doors_that_let_people_in_again_count_every_entry() -> None:
    random = Random(20)
    for _round in rounds(10, 3):
        ben, event = make_member(), open_event(check_in={"reentry": "unlimited"})
        # The doors' clocks differ a little, as clocks do.
        now = timezone.now()
        instants = [now + timedelta(milliseconds=random.randint(-50, 50)) for _door in range(20)]

        results = together([partial(come_in, ben, event, at=at) for at in instants])

        row = Attendance.objects.get(event=event)
        accepted = sum(result.outcome is Outcome.CHECKED_IN for result in results)
        assert (accepted, row.scan_count) == (20, 20)
    assert violations() == []


def test_any_acts_on_one_person_at_once_leave_what_their_scans_say() -> None:
    random = Random(7)
    for _round in rounds(8, 2):
        ben, event = make_member(), open_event(capacity=2, check_in={"reentry": "after_exit", "points": 5})
        now = timezone.now()
        acts: list[Callable[[], object]] = []
        for at in (now + timedelta(milliseconds=random.randint(-50, 50)) for _act in range(6)):
            acts += [
                partial(come_in, ben, event, at=at),
                partial(go_out, ben, event, at=at),
                partial(take_back, ben, event, at=at),
                partial(registered, ben, event),
                partial(unregistered, ben, event, at),
            ]
        random.shuffle(acts)

        together(acts)

        assert violations() == []
        assert loyalty.balance(ben.pk, at=now + timedelta(hours=1)) in (0, 5)


def test_an_offline_entry_and_the_undo_that_names_it_may_arrive_at_the_same_instant() -> None:
    for _round in rounds(20, 5):
        ben, event, operation = make_member(), open_event(), uuid4()
        now = timezone.now()

        together(
            [
                partial(come_in, ben, event, at=now, operation_id=operation, offline=True),
                partial(take_back, None, event, at=now, undoes=operation, offline=True),
            ]
        )

        assert not Attendance.objects.get(event=event).attended
    assert violations() == []


def read_around(monkeypatch: pytest.MonkeyPatch, another_door: Callable[[], object], *, mixed: bool) -> None:
    """The next act reads, then another door acts. `mixed` lends it the new row beside the old scans, as one statement
    that reads and locks would."""
    read = checkin._read

    def read_around_another_door(act: Act) -> facts.Facts | None:
        monkeypatch.setattr(checkin, "_read", read)
        before = read(act)
        together([another_door])
        after = read(act)
        assert before is not None
        assert after is not None
        return before._replace(row=after.row) if mixed else before

    monkeypatch.setattr(checkin, "_read", read_around_another_door)


@pytest.mark.postgres
def test_the_checker_finds_the_stale_scans_of_reading_and_locking_in_one_statement(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ben, event, now = make_member(), open_event(check_in={"reentry": "unlimited"}), timezone.now()
    register(by_member(ben.pk), event.code, by=STEWARD, at=now)
    read_around(monkeypatch, partial(come_in, ben, event, at=now), mixed=True)

    come_in(ben, event, at=now - timedelta(seconds=1))

    assert len(violations()) == 1


@pytest.mark.postgres
def test_who_got_the_last_seat_at_another_door_meanwhile_is_in_and_not_told_that_it_is_full(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ben, event = make_member(), open_event(capacity=1)
    read_around(monkeypatch, partial(checked_in, ben, event), mixed=False)

    with transaction.atomic():
        assert checked_in(ben, event) == "already_in"


@pytest.mark.postgres
def test_without_the_second_look_the_same_person_would_be_told_that_it_is_full(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ben, event = make_member(), open_event(capacity=1)
    monkeypatch.setattr(checkin, "_got_a_seat_meanwhile", lambda act, known: False)
    read_around(monkeypatch, partial(checked_in, ben, event), mixed=False)

    with transaction.atomic():
        assert checked_in(ben, event) == "full"


# --- Nobody waits for each other -------------------------------------------------------------------------------------


def test_doors_at_many_people_of_one_event_never_wait_in_a_circle() -> None:
    for _round in rounds(4, 1):
        event = open_event(capacity=1000, check_in={"reentry": "after_exit"})
        people = [make_member() for _number in range(6)]
        forth = [act for who in people for act in _acts_at_doors(who, event)]
        back = [act for who in reversed(people) for act in reversed(_acts_at_doors(who, event))]

        edits: list[Callable[[], object]] = [partial(_edit_capacity, event, 1000 + number) for number in range(6)]

        together([*forth, *back, *edits])

        assert violations() == []


def _edit_capacity(event: Event, capacity: int) -> None:
    """As the admin saves it."""
    with transaction.atomic():
        held = Event.objects.select_for_update().get(pk=event.pk)
        held.capacity = capacity
        held.save()


def _acts_at_doors(who: Member, event: Event) -> list[Callable[[], object]]:
    at = timezone.now()
    return [
        partial(registered, who, event),
        partial(come_in, who, event, at=at),
        partial(go_out, who, event, at=at),
        partial(take_back, who, event, at=at),
        partial(unregistered, who, event, at),
    ]
