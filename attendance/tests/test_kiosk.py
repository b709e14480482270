"""What a kiosk shows and whom it may find."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from attendance import kiosk
from attendance.devices import Place, pair_here
from attendance.models import Device
from attendance.registration import cancel_registration, register
from attendance.subjects import by_member
from attendance.tests.kiosks import open_event
from checkin_project.platform.access import SYSTEM
from events.models import CheckInSettings, Event, GroupMember, ReviewStatus
from events.tests.factories import make_event, make_group
from members.models import Member
from members.tests.factories import make_member

pytestmark = pytest.mark.django_db


def _device(**place: Any) -> Device:
    where = Place(**({"kind": Device.Kind.KIOSK, "name": "Front door"} | place))
    return pair_here(where, by_user_id=None, at=timezone.now())[0]


def _found(query: str, event: Event) -> list[str]:
    return [hit.label for hit in kiosk.search(query, event, _device(event_id=event.pk), at=timezone.now())]


def test_a_search_finds_the_beginnings_of_names_without_accents() -> None:
    event = open_event()
    make_member(first_name="Zoë", last_name="Łukasiewicz")
    make_member(first_name="Chloë", last_name="Zoethout")
    make_member(first_name="Alonzo", last_name="Ruiz")

    assert _found("zoe", event) == ["Chloë Z.", "Zoë Ł."]
    assert _found("ZOE LUK", event) == ["Zoë Ł."]


@pytest.mark.parametrize("query", ["", "an", "a n", "%%%", "___", "***"])
def test_less_than_three_letters_find_nobody(query: str) -> None:
    make_member(first_name="Ana", last_name="Kovacs")

    assert _found(query, open_event()) == []


def test_a_search_shows_eight_people_at_most() -> None:
    for number in range(12):
        make_member(first_name="Ana", last_name=f"Kovacs{number}")

    assert len(_found("ana", open_event())) == 8


def test_a_groups_event_finds_its_list_and_its_own_people_only() -> None:
    group = make_group()
    event = open_event(group=group)
    on_list, linked, cancelled, stranger = (make_member(first_name="Ana", last_name=name) for name in "ABCD")
    GroupMember.objects.create(group=group, member=linked)
    for member in (on_list, cancelled):
        register(by_member(member.pk), event.code, by=SYSTEM, at=timezone.now())
    cancel_registration(by_member(cancelled.pk), event.code, by=SYSTEM, at=timezone.now())

    assert _found("ana", event) == ["Ana A.", "Ana B."]
    assert _found("ana", open_event()) == ["Ana A.", "Ana B.", "Ana C.", "Ana D."]
    assert stranger.masked_name == "Ana D."


@pytest.mark.parametrize("field", ["kiosk_hidden", "is_minor"])
def test_hidden_people_and_minors_are_never_shown(field: str) -> None:
    event = open_event()
    make_member(first_name="Ana", last_name="Kovacs")
    hidden = make_member(first_name="Ana", last_name="Lopez", **{field: True})

    likely = kiosk.likely_hits(Member(first_name="Ana", last_name="Lopez"), event, _device(), at=timezone.now())

    assert _found("ana", event) == ["Ana K."]
    assert likely == []
    assert hidden.masked_name == "Ana L."


@pytest.mark.parametrize(
    ("text", "is_name"),
    [("Ana", True), ("Ana Kovacs", True), ("V01234567", False), ("01234567", False), ("P" + "A" * 26, False)],
)
def test_names_are_told_from_codes(text: str, is_name: bool) -> None:
    assert kiosk.is_name(text) is is_name


def test_todays_kiosk_shows_what_is_open_now() -> None:
    now = timezone.now()
    early = open_event(name="Early")
    late = open_event(name="Late", starts_at=now + timedelta(minutes=30))
    open_event(name="Cancelled", stored_status=Event.Stored.CANCELLED)
    open_event(name="Draft", stored_status=Event.Stored.DRAFT)
    open_event(name="Pending", review_status=ReviewStatus.PENDING)
    open_event(name="Over", starts_at=now - timedelta(hours=9))
    coming = open_event(name="Coming", starts_at=now + timedelta(hours=5))

    assert kiosk.open_events(_device(), now) == [early, late]
    assert kiosk.next_event(_device(), now) == coming


def test_a_groups_kiosk_shows_the_groups_events_alone() -> None:
    group = make_group()
    ours = open_event(group=group)
    theirs = open_event(group=make_group())

    assert kiosk.open_events(_device(group_id=group.pk), timezone.now()) == [ours]
    assert kiosk.open_events(_device(event_id=theirs.pk), timezone.now()) == [theirs]


def test_a_kiosk_of_one_event_waits_for_it() -> None:
    event = make_event(starts_at=timezone.now() + timedelta(days=10))
    open_event()

    assert kiosk.open_events(_device(event_id=event.pk), timezone.now()) == []
    assert kiosk.next_event(_device(event_id=event.pk), timezone.now()) == event


def test_a_kiosk_knows_when_the_next_event_opens_or_closes() -> None:
    at = timezone.now()
    device = _device()
    assert kiosk.outlook(device, at).next_change_in is None
    open_event(starts_at=at - timedelta(hours=1), ends_at=at)  # Closes in an hour.
    assert kiosk.outlook(device, at).next_change_in == 3600
    event = open_event(starts_at=at + timedelta(hours=1, seconds=2.5))

    before, moment, after = (kiosk.outlook(device, at + timedelta(seconds=seconds)) for seconds in (0, 2.5, 4))

    assert before.next_change_in == 2.5
    assert event not in before.open
    assert event in moment.open
    assert after.next_change_in == 3596


def test_an_events_last_instant_is_a_change_to_come() -> None:
    event = open_event()
    closes = event.check_in_settings.window(event)[1]

    ahead = kiosk.outlook(_device(), closes)

    assert (ahead.open, ahead.next_change_in) == ([event], 0)


def test_what_a_kiosk_shows_is_found_by_one_question(django_assert_num_queries: Any) -> None:
    device = _device()
    for _event in range(3):
        open_event(group=make_group())

    with django_assert_num_queries(1):
        ahead = kiosk.outlook(device, timezone.now())
        assert [kiosk.version_of(event) for event in ahead.open]
        assert ahead.next_change_in


@pytest.mark.parametrize(
    ("model", "change"),
    [
        ("event", {"name": "Another name"}),
        ("event", {"location": "The other hall"}),
        ("event", {"timezone": "Asia/Tokyo"}),
        ("event", {"all_day": True}),
        ("event", {"closed_at": datetime(2026, 1, 1, tzinfo=UTC)}),
        ("settings", {"play_sound": False}),
        ("settings", {"walk_ins": CheckInSettings.WalkIns.REFUSE}),
        ("settings", {"opens_minutes_before": 7}),
        ("settings", {"closes_minutes_after": 7}),
    ],
)
def test_the_version_follows_what_the_page_shows_and_lets_people_do(model: str, change: dict[str, Any]) -> None:
    event = open_event()
    before = kiosk.version_of(event)

    for name, value in change.items():
        setattr(event if model == "event" else event.check_in_settings, name, value)

    assert kiosk.version_of(event) != before


def test_the_version_stays_when_nothing_that_shows_has_changed() -> None:
    event = open_event()
    before = kiosk.version_of(event)

    event.check_in_settings.points = 5
    event.capacity = 12

    assert kiosk.version_of(event) == before


def test_screens_without_an_event_have_a_version_too() -> None:
    now, device = timezone.now(), _device()
    coming = make_event(starts_at=now + timedelta(days=1))
    bound = _device(event_id=coming.pk)
    waiting = kiosk.home_version(device, [], coming)
    over = kiosk.home_version(bound, [], None)

    coming.starts_at += timedelta(hours=1)
    Event.objects.update(stored_status=Event.Stored.CANCELLED)
    bound.refresh_from_db()

    assert kiosk.home_version(device, [], coming) != waiting
    assert kiosk.home_version(device, [], None) not in (waiting, kiosk.home_version(device, [coming], None))
    assert kiosk.home_version(bound, [], None) != over
