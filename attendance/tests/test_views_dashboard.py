"""The dashboard's pages as Ana (supervisor), Ben (steward), an organiser and strangers see them."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django.fixtures import Settings

from attendance import dashboard
from attendance.subjects import by_guest_name
from attendance.tests.desks import Desk, text_of
from attendance.tests.factories import SUPERVISOR, come_in, make_device
from attendance.tests.kiosks import open_event
from checkin_project.platform.access import Role
from checkin_project.platform.tests.factories import make_user
from events.models import Event, GroupRole
from events.tests.factories import make_group
from members.tests.factories import make_member

pytestmark = pytest.mark.django_db
CANARY = "<script>alert(1)</script>"


@pytest.fixture(autouse=True)
def _nothing_kept() -> None:
    dashboard._kept.clear()


def come(name: str, event: Event, **more: Any) -> None:
    come_in(by_guest_name(name), event, at=timezone.now(), by=SUPERVISOR, **more)


def test_a_supervisor_sees_numbers_feed_and_search() -> None:
    event = open_event(capacity=10)
    come("Dora", event, party_size=3)

    text = text_of(Desk(event).page())

    assert ">3</span>" in text
    assert "Dora" in text
    assert "7 seats left" in text
    assert "Name, V-number or pass" in text
    assert "Edit the event" not in text


def test_a_steward_sees_numbers_and_the_own_scans_alone() -> None:
    event = open_event()
    ben = Desk(event, Role.STEWARD)
    come("Dora", event)
    ben.act("walk_in", guest="Emil")

    for text in (text_of(ben.page()), text_of(ben.parts())):
        assert "Dora" not in text
        assert "Emil" in text
    assert "Your last ten" in text_of(ben.page())
    assert ">2</span>" in text_of(ben.page())
    assert "data-search" not in text_of(ben.page())


def test_devices_are_for_those_who_manage_them() -> None:
    event = open_event()
    make_device(event_id=event.pk, name="Front tablet", at=timezone.now())

    assert "Front tablet" in text_of(Desk(event, Role.ORGANISER).page())
    assert "Front tablet" not in text_of(Desk(event, Role.SUPERVISOR).page())
    assert "Front tablet" not in text_of(Desk(event, Role.SUPERVISOR).parts())


def test_a_role_in_a_group_opens_its_events_alone() -> None:
    own, foreign = make_group(), make_group()
    user = make_user(role=None)
    GroupRole.objects.create(user=user, group=own, role=Role.SUPERVISOR)

    assert Desk(open_event(group=own), user=user).page().status_code == 200
    for act in ("page", "parts"):
        assert getattr(Desk(open_event(group=foreign), user=user), act)().status_code == 404
        assert getattr(Desk(open_event(), user=user), act)().status_code == 404


def test_strangers_see_nothing() -> None:
    event = open_event()
    come("Dora", event)
    cleo = Desk(event, role=None)

    assert cleo.page().status_code == 404
    assert cleo.act("walk_in", guest="Emil").status_code == 404
    assert cleo.client.get("/dashboard/").status_code == 403
    assert Client().get(f"/dashboard/{event.code}/").status_code == 302


def test_names_are_text_wherever_they_stand() -> None:
    event = open_event(name=CANARY, location=CANARY, group=make_group(name=CANARY))
    ana = Desk(event, Role.ORGANISER)
    make_device(event_id=event.pk, name=CANARY, gate=CANARY, at=timezone.now())
    make_member(first_name=CANARY, last_name="Brown")
    come(CANARY, event)

    answers = [
        ana.page(),
        ana.parts(),
        ana.client.get("/dashboard/"),
        ana.act("search", entry="script"),
        ana.act("check_in", guest=CANARY),
        ana.act("likely", guest=f"{CANARY} Brown"),
        ana.act("walk_in", guest=f"{CANARY} Brown"),
        ana.act("check_in", entry=f"{CANARY}9", script=False),
    ]

    assert all(CANARY not in text_of(answer) for answer in answers)
    assert all("&lt;script&gt;" in text_of(answer) for answer in answers[:-1])


def test_the_parts_are_those_of_the_page() -> None:
    event = open_event(capacity=5)
    come("Dora", event)
    ana = Desk(event, Role.ORGANISER)

    parts, page = ana.parts(), text_of(ana.page())

    assert parts.headers["X-Dashboard"] == "parts"
    for name in ("pulse", "feed", "arrivals", "devices"):
        assert f'data-part="{name}"' in text_of(parts)
        assert f'data-part="{name}"' in page


@pytest.mark.parametrize("version", ["", "abc", "-1", "9" * 30, "٣"])
def test_a_strange_version_is_any_version(version: str) -> None:
    event = open_event()
    ana = Desk(event)

    assert ana.client.get(f"{ana.url}parts/", {"version": version}).status_code == 200


@pytest.mark.parametrize("people", [1, 3, 200])
def test_a_page_takes_as_many_queries_however_many_came(people: int, django_assert_num_queries: Any) -> None:
    event = open_event()
    for number in range(people):
        come(f"Guest {number}", event)
    ana = Desk(event, Role.ORGANISER)
    ana.page()

    # Session, user, roles in groups, the event; then the five of a board without a capacity.
    with django_assert_num_queries(9):
        ana.page()


def test_ten_open_dashboards_cost_one_reading(settings: Settings) -> None:
    settings.COUNTS_MAX_AGE = 60
    event = open_event()
    come("Dora", event)
    desks = [Desk(event) for _number in range(10)]
    first = text_of(desks[0].parts())

    with CaptureQueriesContext(connection) as queries:
        texts = [text_of(desk.parts()) for desk in desks]

    assert texts == [first] * 10
    assert len(queries) == 10 * 4  # who asks, and the event


def test_what_one_may_see_is_not_kept_for_another(settings: Settings) -> None:
    settings.COUNTS_MAX_AGE = 60
    event = open_event()
    come("Dora", event)
    make_device(event_id=event.pk, name="Front tablet", at=timezone.now())

    assert "Front tablet" in text_of(Desk(event, Role.ORGANISER).parts())
    assert "Front tablet" not in text_of(Desk(event, Role.SUPERVISOR).parts())
    assert "Dora" not in text_of(Desk(event, Role.STEWARD).parts())


def test_the_events_settings_travel_with_the_feed() -> None:
    quiet = {"show_popup": False, "play_sound": False, "highlight_checked_in": False, "alert_on_duplicate": False}
    loud, silent = open_event(), open_event(check_in=quiet)

    feed = text_of(Desk(loud).parts()).split('data-part="feed"')[1].split(">")[0]
    silent_feed = text_of(Desk(silent).parts()).split('data-part="feed"')[1].split(">")[0]

    assert [word in feed for word in ("data-popup", "data-sound", "data-highlight", "data-duplicates")] == [True] * 4
    assert [word in silent_feed for word in ("data-popup", "data-sound", "data-highlight", "data-duplicates")] == [
        False
    ] * 4


def test_the_overview_leads_to_each_event(django_assert_num_queries: Any) -> None:
    event = open_event(name="Chess night", capacity=9)
    come("Dora", event)
    ana = Desk(event)

    with django_assert_num_queries(6):
        text = text_of(ana.client.get("/dashboard/"))

    assert f'href="/dashboard/{event.code}/"' in text
    assert "Check-in open" in text


def test_an_empty_overview_says_what_to_do() -> None:
    client = Client()
    client.force_login(make_user(Role.ORGANISER))

    text = text_of(client.get("/dashboard/"))

    assert "No events around today" in text
    assert "Add an event" in text


def test_the_navigation_leads_to_the_dashboard() -> None:
    assert '<a href="/dashboard/"' in text_of(Desk(open_event(), Role.STEWARD).client.get("/"))


def test_nothing_yet_is_said_kindly() -> None:
    text = text_of(Desk(open_event()).page())

    assert "Nobody has arrived yet" in text
    assert "Nothing has happened at the doors yet" in text


def test_the_start_page_and_the_admin_lead_to_todays_dashboards() -> None:
    event = open_event(ends_at=timezone.now())
    ana = Desk(event, Role.ORGANISER)

    for page in ("/", "/admin/"):
        assert f'href="/dashboard/{event.code}/"' in text_of(ana.client.get(page))
