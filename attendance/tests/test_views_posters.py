"""Event codes on paper: one event, or several to choose from."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from attendance import displays, eventcodes
from attendance.tests.kiosks import open_event
from attendance.tests.test_views_displays import OFF, ROTATING, browser, shown_text, url
from checkin_project.platform.access import Role
from events.tests.factories import make_group

pytestmark = pytest.mark.django_db
CHOOSER = "/events/codes/print/"


def posters_in(page: str) -> dict[str, str | None]:
    """Name of each event that has a page of its own, and what its QR code says."""
    found = {}
    for part in page.split('<article class="poster"')[1:]:
        name = re.search(r'class="poster__name[^>]*>([^<]+)<', part)
        assert name
        found[name[1]] = shown_text(part)
    return found


def test_a_poster_carries_a_working_code_and_what_to_do_with_it() -> None:
    event = open_event(name="Chess night", location="Library")

    page = browser().get(url(event, "code-print")).content.decode()

    token = str(posters_in(page)["Chess night"]).rsplit("/", 2)[1]
    assert eventcodes.read(token, at=timezone.now()).event == event
    assert all(words in page for words in ("Library", "Open your camera.", "Works until", "Come to the desk"))


@pytest.mark.parametrize(
    ("fields", "check_in", "words"),
    [
        ({}, ROTATING, "changes every 30 seconds"),
        ({}, OFF, "Self check-in is off"),
        ({"stored_status": "draft"}, {}, "not published yet"),
        ({"stored_status": "cancelled"}, {}, "is cancelled"),
        ({"closed_at": timezone.now() - timedelta(minutes=1)}, {}, "is closed"),
        ({"starts_at": timezone.now() + timedelta(days=3)}, {}, "works for 24 hours. Print this one from"),
    ],
)
def test_what_cannot_be_printed_says_why(fields: dict[str, Any], check_in: dict[str, Any], words: str) -> None:
    page = browser().get(url(open_event(check_in=check_in, **fields), "code-print")).content.decode()

    assert words in page
    assert posters_in(page) == {}


def test_a_poster_that_ends_before_the_event_says_so() -> None:
    event = open_event(ends_at=timezone.now() + timedelta(days=2))

    page = browser().get(url(event, "code-print")).content.decode()

    assert "before check-in closes" in page


def test_a_choice_of_events_becomes_one_page_each() -> None:
    first, second, third = (open_event(name=name) for name in ("First", "Second", "Third"))
    steward = browser()

    chooser = steward.get(CHOOSER).content.decode()
    page = steward.get(CHOOSER, {"event": [first.code, third.code], "print": "1"}).content.decode()

    assert [f'value="{event.code}"' in chooser for event in (first, second, third)] == [True] * 3
    posters = posters_in(page)
    assert list(posters) == ["First", "Third"]
    assert len(set(posters.values())) == 2


def test_the_choice_offers_no_box_for_what_cannot_be_printed() -> None:
    rotating = open_event(name="Rotating one", check_in=ROTATING)

    page = browser().get(CHOOSER).content.decode()

    assert "Rotating one" in page
    assert "changes every 30 seconds" in page
    assert rotating.code not in page
    assert "Make the pages" not in page


def test_who_chooses_nothing_is_asked_again() -> None:
    open_event()

    assert "Choose at least one event." in browser().get(CHOOSER, {"print": "1"}).content.decode()
    assert "Choose at least one event." not in browser().get(CHOOSER).content.decode()


def test_nothing_coming_says_what_to_do_next() -> None:
    assert "No events in the coming week" in browser().get(CHOOSER).content.decode()


def test_a_groups_steward_neither_sees_nor_prints_another_groups_event() -> None:
    group = make_group()
    own, foreign = open_event(name="Own", group=group), open_event(name="Foreign", group=make_group())
    client, _role = browser(None), Role.STEWARD
    user_id = client.session["_auth_user_id"]
    group.roles.create(user_id=user_id, role=Role.STEWARD)

    chooser = client.get(CHOOSER).content.decode()
    page = client.get(CHOOSER, {"event": [own.code, foreign.code]}).content.decode()

    assert ("Own" in chooser, "Foreign" in chooser) == (True, False)
    assert list(posters_in(page)) == ["Own"]


def test_more_events_than_fit_are_named() -> None:
    events = [open_event(name=f"Event {number}") for number in range(displays.MOST_POSTERS + 1)]

    page = browser().get(CHOOSER, {"event": [event.code for event in events]}).content.decode()

    assert len(posters_in(page)) == displays.MOST_POSTERS
    assert f"These are the first {displays.MOST_POSTERS} of the events you chose" in page


@pytest.mark.parametrize("count", [1, 3])
def test_printing_takes_the_same_queries_for_one_and_for_three(count: int) -> None:
    events = [open_event(group=make_group()) for _number in range(count)]
    steward = browser()

    with CaptureQueriesContext(connection) as queries:
        steward.get(CHOOSER, {"event": [event.code for event in events]})
    with CaptureQueriesContext(connection) as chooser:
        steward.get(CHOOSER)

    assert (len(queries), len(chooser)) == (4, 4)


def test_the_admin_leads_from_chosen_events_to_their_posters() -> None:
    events = [open_event(name=name) for name in ("First", "Second")]
    ana = browser(Role.ORGANISER)

    page = ana.post(
        reverse("admin:events_event_changelist"),
        {"action": "print_codes", "_selected_action": [event.pk for event in events]},
        follow=True,
    ).content.decode()

    assert list(posters_in(page)) == ["First", "Second"]


def test_places_where_people_look_for_the_code_lead_there() -> None:
    event = open_event(name="Chess night")
    ana = browser(Role.ORGANISER)
    pages = ("/", "/admin/", reverse("admin:events_event_change", args=[event.pk]), f"/dashboard/{event.code}/")

    assert [url(event) in ana.get(page).content.decode() for page in pages] == [True] * len(pages)
    assert url(event) not in Client().get("/").content.decode()
