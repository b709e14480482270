"""What the rule promises when many doors ask at the same instant, on both databases."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from uuid import UUID, uuid4

import pytest
from django.conf import settings
from django.db import IntegrityError, connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from attendance.models import Attendance, Device, Method, Scan
from attendance.outcomes import Outcome
from attendance.subjects import by_guest_name, by_member
from attendance.tests.checker import violations
from attendance.tests.factories import come_in, make_device
from attendance.tests.racing import open_event, rounds, together, wide_pool
from checkin_project.platform.access import Scope
from events.models import Event
from members import loyalty
from members.keys import create_key
from members.models import Member
from members.tests.factories import make_member, next_v_number

pytestmark = pytest.mark.django_db(transaction=True)
Door = Callable[[], str]
EVERY_DOOR = 25


@pytest.fixture(autouse=True)
def _many_connections() -> Iterator[None]:
    with wide_pool():
        yield


def api_door(secret: str, event: Event, **who: object) -> str:
    """The outcome that the API answers to whoever holds this key or token."""
    body = {"event": event.code, "operation_id": str(uuid4())} | who
    response = Client().post(
        "/api/check-ins", body, content_type="application/json", headers={"Authorization": f"Bearer {secret}"}
    )
    answer = response.json()
    assert response.status_code in (200, 201), answer
    return str(answer["outcome"])


def kiosk_door(token: str, event: Event, entry: str) -> str:
    """The outcome that the kiosk's page shows, by its status."""
    client = Client()
    client.cookies[settings.DEVICE_COOKIE_NAME] = token
    response = client.post(
        reverse("attendance:kiosk-check-in", args=[event.code]), {"entry": entry, "operation_id": str(uuid4())}
    )
    assert response.headers["X-Kiosk"] == "outcome", response.content
    return {201: "checked_in", 200: "already_in"}[response.status_code]


def staff_door(who: Member | str, event: Event) -> str:
    """The outcome as the admin gets it."""
    subject = by_guest_name(who) if isinstance(who, str) else by_member(who.pk)
    return come_in(subject, event, at=timezone.now(), door=Method.STAFF).outcome.value


def secrets_for(event: Event) -> tuple[str, str, str]:
    """A key, a scanner's token and a kiosk's token for the event."""
    _key, secret = create_key("Turnstile", [Scope.CHECK_IN])
    _scanner, scanner = make_device(kind=Device.Kind.SCANNER, event_id=event.pk, at=timezone.now())
    _kiosk, kiosk = make_device(kind=Device.Kind.KIOSK, event_id=event.pk, at=timezone.now())
    return secret, scanner, kiosk


# --- One person, many doors ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("capacity", [None, 1], ids=["without capacity", "for the last seat"])
def test_a_hundred_check_ins_of_one_member_through_four_doors_make_one_row(capacity: int | None) -> None:
    for _round in rounds(4, 1):
        ben, event = make_member(v_number=next_v_number()), open_event(capacity=capacity)
        secret, scanner, kiosk = secrets_for(event)
        doors: list[Door] = [
            *[partial(api_door, secret, event, member=ben.pk)] * EVERY_DOOR,
            *[partial(api_door, scanner, event, code=ben.v_number)] * EVERY_DOOR,
            *[partial(kiosk_door, kiosk, event, str(ben.v_number))] * EVERY_DOOR,
            *[partial(staff_door, ben, event)] * EVERY_DOOR,
        ]

        outcomes = Counter(together(doors))

        assert outcomes == {"checked_in": 1, "already_in": 99}
        assert (Attendance.objects.filter(event=event).count(), Scan.objects.filter(event=event).count()) == (1, 100)
    assert violations() == []


def test_a_hundred_check_ins_of_one_guest_under_many_spellings_make_one_row() -> None:
    for _round in rounds(4, 1):
        event = open_event()
        secret, scanner, _kiosk = secrets_for(event)
        doors: list[Door] = [
            *[partial(api_door, secret, event, guest_name="Cleo  Stranger")] * EVERY_DOOR,
            *[partial(api_door, scanner, event, guest_name="CLEO STRANGER")] * EVERY_DOOR,
            *[partial(staff_door, "cleo stranger", event)] * (2 * EVERY_DOOR),
        ]

        outcomes = Counter(together(doors))

        assert outcomes == {"checked_in": 1, "already_in": 99}
        assert (Attendance.objects.filter(event=event).count(), Scan.objects.filter(event=event).count()) == (1, 100)
    assert violations() == []


def test_the_checker_finds_the_second_row_that_looking_before_creating_makes(monkeypatch: pytest.MonkeyPatch) -> None:
    ben, event = make_member(), open_event()
    both_looked = threading.Barrier(8)

    def look_then_create() -> None:
        if not Attendance.objects.filter(event=event, member=ben).exists():
            both_looked.wait(10)
            at = timezone.now()
            Attendance.objects.create(event=event, member=ben, state="cancelled", created_at=at, updated_at=at)

    once = next(rule for rule in Attendance._meta.constraints if rule.name == "attendance_once_per_event")
    others = [rule for rule in Attendance._meta.constraints if rule is not once]
    with monkeypatch.context() as without, connection.schema_editor() as schema:
        without.setattr(Attendance._meta, "constraints", others)
        schema.remove_constraint(Attendance, once)
    try:
        together([look_then_create] * 8)

        found = violations()
    finally:
        Attendance.objects.all().delete()
        with connection.schema_editor() as schema:
            schema.add_constraint(Attendance, once)

    assert any("8 rows" in sentence for sentence in found)


# --- One operation, many times ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("points", [0, 10])
def test_one_operation_sent_ten_times_at_once_has_one_effect_and_one_answer(points: int) -> None:
    for _round in rounds(10, 3):
        ben, event, operation = make_member(), open_event(check_in={"points": points}), uuid4()

        results = together([partial(come_in, ben, event, at=timezone.now(), operation_id=operation)] * 10)

        assert {(result.outcome, result.attendance_id, result.answer) for result in results} == {
            (Outcome.CHECKED_IN, results[0].attendance_id, results[0].answer)
        }
        assert Counter(result.replayed for result in results) == {False: 1, True: 9}
        assert Scan.objects.filter(event=event).count() == 1
        assert loyalty.balance(ben.pk, at=timezone.now()) == points
    assert violations() == []


def test_a_refused_operation_sent_ten_times_at_once_is_refused_once() -> None:
    for _round in rounds(10, 3):
        ben, operation = make_member(), uuid4()
        event = open_event(check_in={"walk_ins": "refuse"})

        results = together([partial(come_in, ben, event, at=timezone.now(), operation_id=operation)] * 10)

        assert {result.outcome for result in results} == {Outcome.NOT_REGISTERED}
        assert Scan.objects.filter(event=event).count() == 1


def test_of_two_people_with_one_operation_one_comes_in_and_the_other_is_told_of_the_conflict() -> None:
    for _round in rounds(20, 5):
        people, event, operation = [make_member(), make_member()], open_event(), uuid4()

        results = together([partial(come_in, who, event, at=timezone.now(), operation_id=operation) for who in people])

        assert {result.outcome for result in results} == {Outcome.CHECKED_IN, Outcome.OPERATION_CONFLICT}
        assert Attendance.objects.filter(event=event).count() == 1
    assert violations() == []


def test_operation_ids_are_what_a_race_is_decided_by() -> None:
    """The error that says "this operation exists" names the operation on both databases; the rule relies on it."""
    ben, event, operation = make_member(), open_event(), uuid4()
    come_in(ben, event, at=timezone.now(), operation_id=operation)
    first = Scan.objects.get()

    with pytest.raises(IntegrityError, match="operation"):
        Scan.objects.create(
            event=event,
            kind="entry",
            outcome="already_in",
            operation_id=UUID(str(operation)),
            occurred_at=first.occurred_at,
            received_at=first.received_at,
            method="staff",
            subject=first.subject,
        )
