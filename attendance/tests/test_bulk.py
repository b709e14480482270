from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from attendance import answers, bulk, checkin, history
from attendance.attempt import Terms
from attendance.bulk import Arrival
from attendance.facts import facts_of_row
from attendance.history import Base
from attendance.models import Attendance, Method, Scan
from attendance.registration import register
from attendance.subjects import by_guest_name, by_member
from checkin_project.platform.access import SYSTEM, Actor
from events.models import Event
from events.tests.factories import EVENING, make_event
from members.models import LoyaltyEntry
from members.tests.factories import make_member

AT = EVENING + timedelta(days=400)
COLUMNS = ("state", "attended", "checked_in_at", "checked_out_at", "method", "is_walk_in", "party_size", "scan_count")


def record(*arrivals: Arrival, by: Actor = SYSTEM, at: datetime = AT) -> list[tuple[Attendance, list[Any]]]:
    with transaction.atomic():
        held = bulk.hold([arrival.place for arrival in arrivals])
        return list(bulk.record(arrivals, held, by=by, at=at).values())


def columns(row: Attendance) -> dict[str, Any]:
    return {name: getattr(row, name) for name in COLUMNS}


def is_fold(row: Attendance) -> bool:
    state = history.fold(facts_of_row(row.pk), Base(row.registration, row.registered_party_size))
    return all(getattr(row, name) == getattr(state, name) for name in COLUMNS)


@pytest.mark.django_db
def test_arrivals_in_bulk_are_what_one_check_in_after_the_other_makes() -> None:
    """Two events alike: at one the doors let people in, at the other a file does."""
    doors, file = make_event(), make_event()
    ana, ben, cleo = (make_member(first_name=name) for name in ("Ana", "Ben", "Cleo"))
    for event in (doors, file):
        register(by_member(ben.pk), event.code, by=SYSTEM, at=EVENING, party_size=2)
        checkin.check_in(
            by_member(cleo.pk),
            event.code,
            by=SYSTEM,
            at=EVENING + timedelta(hours=1),
            operation_id=uuid4(),
            door=Method.KIOSK,
        )
    told = [(ana.pk, "Ana", 1, None), (ben.pk, "Ben", 2, 90), (cleo.pk, "Cleo", 3, None), (None, "Dan Reed", 4, None)]

    for member, name, minute, out in told:
        subject = by_member(member) if member else by_guest_name(name)
        terms = Terms(offline=True, occurred_at=EVENING + timedelta(minutes=minute))
        checkin.check_in(subject, doors.code, by=SYSTEM, at=AT, operation_id=uuid4(), door=Method.STAFF, terms=terms)
        if out:
            terms = replace(terms, occurred_at=EVENING + timedelta(minutes=out))
            checkin.check_out(
                subject, doors.code, by=SYSTEM, at=AT, operation_id=uuid4(), door=Method.STAFF, terms=terms
            )
    record(
        *(
            Arrival(
                file.pk,
                member,
                name,
                EVENING + timedelta(minutes=minute),
                EVENING + timedelta(minutes=out) if out else None,
                Method.STAFF,
                party_size=2 if name == "Ben" else 1,
            )
            for member, name, minute, out in told
        )
    )

    by_doors, by_file = (
        [columns(row) for row in Attendance.objects.filter(event=event).order_by("member_id", "pk")]
        for event in (doors, file)
    )
    assert by_file == by_doors
    assert all(map(is_fold, Attendance.objects.all()))
    kinds = [
        list(Scan.objects.filter(event=event).order_by("occurred_at").values_list("kind", "outcome", "subject"))
        for event in (doors, file)
    ]
    assert kinds[0] == kinds[1]


@pytest.mark.django_db
def test_what_happened_goes_past_windows_seats_blocks_and_cancellation_and_brings_no_points() -> None:
    event = make_event(capacity=1, stored_status=Event.Stored.CANCELLED, check_in={"points": 10, "walk_ins": "refuse"})
    people = [make_member(status="blocked") for _number in range(3)]

    record(*(Arrival(event.pk, member.pk, "Ben Brown", EVENING) for member in people))

    assert Attendance.objects.filter(event=event, attended=True).count() == 3
    assert not LoyaltyEntry.objects.exists()


@pytest.mark.django_db
def test_a_scan_remembers_who_brought_it_when_and_from_where() -> None:
    event, ana = make_event(), make_member(first_name="Ana", last_name="Cruz")

    [(row, [operation])] = record(
        Arrival(
            event.pk, ana.pk, "Ana Cruz", EVENING, method=Method.KIOSK, reason="import (method: verify)", note="late"
        )
    )

    scan = Scan.objects.get()
    assert (scan.operation_id, scan.attendance, scan.subject) == (operation, row, f"m:{ana.pk}")
    assert (scan.occurred_at, scan.received_at, scan.method) == (EVENING, AT, Method.KIOSK)
    assert (scan.reason, answers.from_json(scan.answer).name) == ("import (method: verify)", "Ana Cruz")
    row.refresh_from_db()
    assert (row.note, row.version, row.created_at, row.is_walk_in) == ("late", 1, AT, True)


@pytest.mark.django_db
def test_taking_back_leaves_every_row_as_if_the_file_had_never_been() -> None:
    event = make_event()
    ana, ben, cleo = (make_member(first_name=name) for name in ("Ana", "Ben", "Cleo"))
    register(by_member(ben.pk), event.code, by=SYSTEM, at=EVENING)
    checkin.check_in(by_member(cleo.pk), event.code, by=SYSTEM, at=EVENING, operation_id=uuid4(), door=Method.KIOSK)
    before = {row.member_id: columns(row) for row in Attendance.objects.all()}
    early = EVENING - timedelta(minutes=5)
    written = record(
        Arrival(event.pk, ana.pk, "Ana", EVENING, EVENING + timedelta(hours=1)),
        Arrival(event.pk, ben.pk, "Ben", EVENING),
        Arrival(event.pk, cleo.pk, "Cleo", early),
    )
    assert Attendance.objects.get(member=cleo).checked_in_at == early

    with transaction.atomic():
        operations = {row.pk: found for row, found in written}
        bulk.take_back(operations, dict.fromkeys(operations, ""), by=SYSTEM, at=AT)

    after = {row.member_id: columns(row) for row in Attendance.objects.all()}
    assert {pk: after[pk] for pk in before} == before
    assert (after[ana.pk]["state"], after[ana.pk]["attended"]) == ("cancelled", False)
    assert all(map(is_fold, Attendance.objects.all()))
    assert Scan.objects.filter(kind="undo", reason=bulk.UNDONE).count() == 4


@pytest.mark.django_db
def test_someone_whom_a_door_let_in_meanwhile_stops_the_whole_batch() -> None:
    event, ana, ben = make_event(), make_member(), make_member()
    arrivals = [Arrival(event.pk, person.pk, "Ben Brown", EVENING) for person in (ana, ben)]
    held = bulk.hold([arrival.place for arrival in arrivals])
    checkin.check_in(by_member(ben.pk), event.code, by=SYSTEM, at=EVENING, operation_id=uuid4(), door=Method.KIOSK)

    with pytest.raises(IntegrityError), transaction.atomic():
        bulk.record(arrivals, held, by=SYSTEM, at=AT)

    assert list(Attendance.objects.values_list("member", flat=True)) == [ben.pk]


@pytest.mark.django_db
def test_the_number_of_statements_does_not_grow_with_the_people() -> None:
    def statements(count: int) -> int:
        event = make_event()
        arrivals = [Arrival(event.pk, make_member().pk, "Ben Brown", EVENING) for _number in range(count)]
        with CaptureQueriesContext(
            connection,
        ) as captured:
            record(*arrivals)
        return len(captured)

    assert statements(20) == statements(2)
