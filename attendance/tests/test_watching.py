"""Ana works at the event, Ben may look at what is public, Cleo works elsewhere: who watches what, and with names."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from attendance.models import Method, Scan
from attendance.stats import Movement, latest
from attendance.subjects import by_guest_name
from attendance.tests.factories import come_in, go_out, make_device, take_back
from attendance.watching import right_to_watch
from checkin_project.platform.access import ANONYMOUS, Actor, Role
from checkin_project.platform.models import User
from checkin_project.platform.tests.factories import make_user
from events.models import Event, GroupRole, ReviewStatus
from events.tests.factories import make_event, make_group
from members.tests.factories import make_member

pytestmark = pytest.mark.django_db

HIDDEN = [
    {"stored_status": Event.Stored.DRAFT},
    {"review_status": ReviewStatus.PENDING},
    {"review_status": ReviewStatus.REJECTED},
    {"hidden": True},
]


def ask(event: Event | str, *, user: User | None = None, device: str = "") -> Any:
    client = Client()
    if user is not None:
        client.force_login(user)
    if device:
        client.cookies[settings.DEVICE_COOKIE_NAME] = device
    response = client.get(reverse("attendance:live", args=[event if isinstance(event, str) else event.code]))
    return response.json() if response.status_code == 200 else response.status_code


def test_anybody_gets_the_numbers_of_a_published_event_without_names() -> None:
    event = make_event(capacity=40)
    come_in(make_member(first_name="Dora"), event)

    message = ask(event)

    version = message.pop("version")
    assert abs(version - timezone.now().timestamp() * 1_000_000) < 60_000_000
    assert message == {
        "type": "counts",
        "event": event.code,
        "expected": 0,
        "checked_in": 1,
        "inside": 1,
        "walk_ins": 1,
        "no_shows": 0,
        "shown": 0,
        "show_rate": None,
        "show_percent": None,
        "capacity": 40,
        "latest": [],
    }


@pytest.mark.parametrize("fields", HIDDEN, ids=str)
def test_what_is_not_published_does_not_exist_for_the_public(fields: dict[str, Any]) -> None:
    event = make_event(group=make_group(), **fields)
    ana, cleo = make_user(role=Role.SUPERVISOR), make_user(role=None)
    GroupRole.objects.create(user=cleo, group=make_group(), role=Role.ORGANISER)

    assert ask(event, user=ana)["event"] == event.code
    assert (ask(event), ask(event, user=cleo), ask("NOPENOPE")) == (404, 404, 404)


def test_staff_who_may_search_get_names_and_stewards_numbers() -> None:
    group = make_group()
    event = make_event(group=group)
    come_in(make_member(first_name="Dora", last_name="Diaz"), event)
    people = {role: make_user(role=role) for role in Role}
    here, elsewhere = make_user(role=None), make_user(role=None)
    GroupRole.objects.create(user=here, group=group, role=Role.SUPERVISOR)
    GroupRole.objects.create(user=elsewhere, group=make_group(), role=Role.ORGANISER)

    named = {who: [one["name"] for one in ask(event, user=user)["latest"]] for who, user in people.items()}

    assert named == {
        Role.STEWARD: [],
        Role.SUPERVISOR: ["Dora Diaz"],
        Role.ORGANISER: ["Dora Diaz"],
        Role.ADMINISTRATOR: ["Dora Diaz"],
    }
    assert [one["name"] for one in ask(event, user=here)["latest"]] == ["Dora Diaz"]
    # Published, so the numbers are anybody's; the names are not.
    assert (ask(event, user=elsewhere)["checked_in"], ask(event, user=elsewhere)["latest"]) == (1, [])


def test_a_kiosk_gets_the_numbers_of_its_own_event_even_before_it_is_published() -> None:
    now = timezone.now()
    event = make_event(starts_at=now, ends_at=now + timedelta(hours=1), stored_status=Event.Stored.DRAFT)
    other = make_event(starts_at=now, ends_at=now + timedelta(hours=1), stored_status=Event.Stored.DRAFT)
    _kiosk, token = make_device(event_id=event.pk, at=now, role=Role.SUPERVISOR)

    assert ask(event, device=token)["latest"] == []
    assert ask(other, device=token) == 404


def test_the_feed_tells_of_entries_exits_and_undos_newest_first() -> None:
    event = make_event()
    dora, guest = make_member(first_name="Dora", last_name="Diaz"), by_guest_name("Eli")
    at = event.starts_at
    come_in(dora, event, at=at, door=Method.KIOSK, party_size=2)
    come_in(guest, event, at=at + timedelta(minutes=1))
    come_in(guest, event, at=at + timedelta(minutes=2))  # already in: not news
    go_out(dora, event, at=at + timedelta(minutes=3))
    take_back(guest, event, at=at + timedelta(minutes=4))

    feed = ask(event, user=make_user(role=Role.SUPERVISOR))["latest"]

    told = [(one["name"], one["kind"], one["outcome"], one["method"], one["party_size"]) for one in feed]
    assert told == [
        ("Eli", "undo", "undone", "staff", 1),
        ("Dora Diaz", "exit", "checked_out", "staff", 2),
        ("Eli", "entry", "checked_in", "staff", 1),
        ("Dora Diaz", "entry", "checked_in", "kiosk", 2),
    ]
    assert [one["at"] for one in feed][-1] == at.isoformat()
    assert (feed[-1]["visit"], feed[-1]["is_walk_in"]) == (1, True)
    assert [one["scan"] for one in feed] == sorted((one["scan"] for one in feed), reverse=True)
    assert list(feed[0]) == list(Movement.__slots__)


@pytest.mark.parametrize("rows", [1, 3, 14])
def test_a_poll_costs_the_same_however_many_came(rows: int) -> None:
    event, ana = make_event(), make_user(role=Role.SUPERVISOR)
    for number in range(rows):
        come_in(by_guest_name(f"Guest {number}"), event)
    client = Client()
    client.force_login(ana)
    url = reverse("attendance:live", args=[event.code])

    with CaptureQueriesContext(connection) as asked:
        message = client.get(url).json()

    assert len(message["latest"]) == min(rows, 10)
    # Session, user, roles in groups, event; numbers, feed.
    assert len(asked) == 6


def test_looking_up_who_may_watch_is_one_question() -> None:
    event = make_event()

    with CaptureQueriesContext(connection) as asked:
        assert right_to_watch(event.code, ANONYMOUS) is not None
        assert right_to_watch(event.code, Actor(role=Role.STEWARD)) is not None

    assert len(asked) == 2


def test_the_feed_written_by_hand_is_what_the_orm_finds() -> None:
    event, other = make_event(), make_event()
    dora = make_member(first_name="Dora", last_name="Diaz")
    come_in(dora, other)
    for number in range(7):
        come_in(by_guest_name(f"Guest {number}"), event, at=event.starts_at + timedelta(minutes=number % 3))
    come_in(dora, event, at=event.starts_at + timedelta(minutes=2), party_size=4)
    go_out(by_guest_name("Guest 1"), event, at=event.starts_at + timedelta(minutes=30))
    take_back(dora, event, at=event.starts_at + timedelta(minutes=40))

    scans = (
        Scan.objects.accepted().filter(event=event).select_related("attendance__member").order_by("-received_at", "-id")
    )
    expected = [
        Movement(
            scan=scan.pk,
            operation=str(scan.operation_id),
            attendance=scan.attendance_id,
            name=scan.attendance.name if scan.attendance else "",
            at=scan.occurred_at,
            method=scan.method,
            kind=scan.kind,
            outcome=scan.outcome,
            party_size=scan.party_size,
            is_walk_in=bool(scan.attendance and scan.attendance.is_walk_in),
            visit=scan.answer.get("visit", 0),
        )
        for scan in scans
    ]

    assert len(expected) == 10
    assert latest(event.pk, 20) == expected
    assert latest(event.pk, 4) == expected[:4]
    assert max(movement.visit for movement in expected) == 2
