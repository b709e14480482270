"""New people: registered and checked in as one act."""

import threading
from collections.abc import Callable
from uuid import UUID, uuid4

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import timezone

from attendance.checkin import check_in
from attendance.models import Attendance, Method, Scan
from attendance.newcomers import admit
from attendance.outcomes import Outcome
from attendance.subjects import by_code, by_member
from attendance.tests.kiosks import open_event
from checkin_project.platform.access import SYSTEM
from members.models import Member
from members.registration import register_provisional
from members.tests.factories import make_member


def _admit(details: Member, code: str, operation_id: UUID | None = None) -> Outcome:
    operation_id = operation_id or uuid4()
    return admit(details, code, by=SYSTEM, at=timezone.now(), operation_id=operation_id, door=Method.KIOSK).outcome


@pytest.mark.django_db
def test_a_new_person_is_on_record_and_in() -> None:
    event = open_event()

    outcome = _admit(Member(first_name="Cleo", last_name="Martin"), event.code)

    member = Member.objects.get()
    assert outcome is Outcome.CHECKED_IN
    assert (member.full_name, member.status) == ("Cleo Martin", Member.Status.PROVISIONAL)
    assert Attendance.objects.get().member == member


@pytest.mark.django_db
def test_a_repeated_operation_makes_nobody_twice() -> None:
    event = open_event()
    operation_id = uuid4()

    outcomes = [_admit(Member(first_name="Cleo"), event.code, operation_id) for _time in range(3)]

    assert outcomes == [Outcome.CHECKED_IN] * 3
    assert (Member.objects.count(), Scan.objects.count()) == (1, 1)


@pytest.mark.django_db
def test_who_finds_no_seat_stays_on_record() -> None:
    event = open_event(capacity=0)

    outcome = _admit(Member(first_name="Cleo"), event.code)

    assert outcome is Outcome.FULL
    assert (Member.objects.count(), Attendance.objects.count(), Scan.objects.count()) == (1, 0, 1)


@pytest.mark.django_db
def test_an_operation_of_something_else_is_a_conflict_and_makes_nobody() -> None:
    event = open_event()
    operation_id = uuid4()
    check_in(
        by_code("V00000000"), event.code, by=SYSTEM, at=timezone.now(), operation_id=operation_id, door=Method.KIOSK
    )

    outcome = _admit(Member(first_name="Cleo"), event.code, operation_id)

    assert outcome is Outcome.OPERATION_CONFLICT
    assert not Member.objects.exists()


@pytest.mark.django_db
def test_a_number_that_is_taken_checks_nobody_in() -> None:
    event = open_event()
    make_member(v_number="V01234567")

    with pytest.raises(ValidationError):
        _admit(Member(first_name="Cleo", v_number="V01234567"), event.code)

    assert (Member.objects.count(), Scan.objects.count()) == (1, 0)


def _four_at_once(request: Callable[[], Outcome]) -> list[Outcome]:
    gate = threading.Barrier(4)
    outcomes: list[Outcome] = []

    def run() -> None:
        gate.wait()
        try:
            outcomes.append(request())
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


@pytest.mark.django_db(transaction=True)
def test_the_same_operation_at_the_same_time_makes_one_person() -> None:
    event = open_event()
    operation_id = uuid4()

    outcomes = _four_at_once(lambda: _admit(Member(first_name="Cleo"), event.code, operation_id))

    assert outcomes == [Outcome.CHECKED_IN] * 4
    assert (Member.objects.count(), Attendance.objects.count()) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_registering_apart_from_checking_in_would_make_four_people() -> None:
    event = open_event()
    operation_id = uuid4()

    def in_two_steps() -> Outcome:
        member = register_provisional(Member(first_name="Cleo"))
        return check_in(
            by_member(member.pk), event.code, by=SYSTEM, at=timezone.now(), operation_id=operation_id, door=Method.KIOSK
        ).outcome

    outcomes = _four_at_once(in_two_steps)

    assert sorted(outcomes) == [Outcome.CHECKED_IN, *[Outcome.OPERATION_CONFLICT] * 3]
    assert Member.objects.count() == 4
