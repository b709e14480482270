"""The start page."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from checkin_project.platform.access import Role
from checkin_project.platform.tests.factories import make_user
from events.models import Event, GroupRole, ReviewStatus
from events.tests.factories import make_event, make_group
from events.views import UPCOMING_LIMIT

pytestmark = pytest.mark.django_db

IN_3_DAYS = timedelta(days=3)


def page(client: Client) -> str:
    response = client.get(reverse("home"))
    assert response.status_code == 200
    return response.content.decode()


def test_a_stranger_sees_what_is_published_and_nothing_else(client: Client) -> None:
    at = timezone.now() + IN_3_DAYS
    shown = make_event(name="Open evening", starts_at=at)
    make_event(name="A draft", starts_at=at, stored_status=Event.Stored.DRAFT)
    make_event(name="A hidden one", starts_at=at, hidden=True)
    make_event(name="A proposal", starts_at=at, review_status=ReviewStatus.PENDING)
    make_event(name="A refused one", starts_at=at, review_status=ReviewStatus.REJECTED)
    make_event(name="A double", starts_at=at, duplicate_of=shown)
    make_event(name="Long over", starts_at=at - timedelta(days=9))

    response = client.get(reverse("home"))

    names = [event.name for day in response.context["days"] for event in day.events]
    assert names == ["Open evening"]
    assert "Open evening" in response.content.decode()


def test_ongoing_and_cancelled_events_say_so(client: Client) -> None:
    make_event(name="On the way", starts_at=timezone.now() - timedelta(minutes=30))
    make_event(name="Called off", starts_at=timezone.now() + IN_3_DAYS, stored_status=Event.Stored.CANCELLED)

    text = page(client)

    assert "On now" in text
    assert "Cancelled" in text


def test_time_place_and_group_are_told_in_the_events_own_zone(client: Client) -> None:
    start = (timezone.now() + IN_3_DAYS).replace(hour=15, minute=30)
    group = make_group(name="Harbour runners")
    make_event(name="Run", starts_at=start, timezone="Asia/Kolkata", location="Boathouse", group=group)

    text = page(client)

    assert [word in text for word in ("9 p.m.", "IST", "Boathouse", "Harbour runners")] == [True] * 4


def test_an_empty_calendar_says_what_to_expect(client: Client) -> None:
    assert "Nothing planned yet" in page(client)


def test_a_name_cannot_bring_markup(client: Client) -> None:
    make_event(name="<script>alert(1)</script>", starts_at=timezone.now() + IN_3_DAYS)

    text = page(client)

    assert ("<script>alert" in text, "&lt;script&gt;alert" in text) == (False, True)


def test_a_long_calendar_ends_with_a_word(client: Client) -> None:
    at = timezone.now() + IN_3_DAYS
    Event.objects.bulk_create(
        Event(name=f"Event {number}", starts_at=at, ends_at=at) for number in range(UPCOMING_LIMIT + 1)
    )

    response = client.get(reverse("home"))

    shown = sum(len(day.events) for day in response.context["days"])
    assert (shown, f"the next {UPCOMING_LIMIT} events" in response.content.decode()) == (UPCOMING_LIMIT, True)


def test_ana_sees_todays_events_drafts_too_and_each_event_once(client: Client) -> None:
    now = timezone.now()
    make_event(name="Tonight", starts_at=now)
    make_event(name="Still a draft", starts_at=now, stored_status=Event.Stored.DRAFT)
    make_event(name="Some other day", starts_at=now + IN_3_DAYS)
    client.force_login(make_user(Role.STEWARD))

    response = client.get(reverse("home"))

    todays = [event.name for event in response.context["todays_events"]]
    later = [event.name for day in response.context["days"] for event in day.events]
    assert (todays, later) == (["Tonight", "Still a draft"], ["Some other day"])


def test_a_steward_of_one_group_sees_only_its_events_today(client: Client) -> None:
    now = timezone.now()
    own, other = make_group(), make_group()
    make_event(name="Ours", starts_at=now, group=own)
    make_event(name="Theirs, a draft", starts_at=now, group=other, stored_status=Event.Stored.DRAFT)
    user = make_user(None)
    GroupRole.objects.create(user=user, group=own, role=Role.STEWARD)
    client.force_login(user)

    response = client.get(reverse("home"))

    assert [event.name for event in response.context["todays_events"]] == ["Ours"]
    assert "Theirs, a draft" not in response.content.decode()


def test_somebody_signed_in_without_a_role_sees_what_a_stranger_sees(client: Client) -> None:
    make_event(name="Draft", starts_at=timezone.now(), stored_status=Event.Stored.DRAFT)
    client.force_login(make_user(None))

    response = client.get(reverse("home"))

    assert (response.context["todays_events"], "Nothing planned yet" in response.content.decode()) == ([], True)


@pytest.mark.parametrize("rows", [1, 3])
def test_the_number_of_queries_does_not_grow_for_strangers(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries, rows: int
) -> None:
    for _row in range(rows):
        make_event(starts_at=timezone.now() + IN_3_DAYS, group=make_group())

    with django_assert_num_queries(1):
        client.get(reverse("home"))


@pytest.mark.parametrize("rows", [1, 3])
def test_the_number_of_queries_does_not_grow_for_staff(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries, rows: int
) -> None:
    for _row in range(rows):
        make_event(starts_at=timezone.now(), group=make_group())
        make_event(starts_at=timezone.now() + IN_3_DAYS, group=make_group())
    client.force_login(make_user())

    with django_assert_num_queries(5):  # session, user, roles in groups, today, coming up
        client.get(reverse("home"))


def test_the_start_page_takes_no_post(client: Client) -> None:
    assert client.post(reverse("home")).status_code == 405
