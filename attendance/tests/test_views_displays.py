"""The pages of an event's code: Ana withdraws it, a steward shows it, Cleo sees numbers and nothing else."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from attendance import eventcodes
from attendance.models import Scan
from attendance.subjects import by_member
from attendance.tests.factories import come_in
from attendance.tests.kiosks import open_event
from checkin_project.platform.access import Role
from checkin_project.platform.tests import qrreader
from checkin_project.platform.tests.factories import make_user
from events.models import CheckInSettings, Event
from events.tests.factories import make_event, make_group
from members.tests.factories import make_member

pytestmark = pytest.mark.django_db
ROTATING, OFF = {"self_check_in": "rotating"}, {"self_check_in": "off"}


def browser(role: Role | None = Role.STEWARD, **group_roles: Any) -> Client:
    client = Client()
    client.force_login(make_user(role), backend="checkin_project.platform.signin.RoleBackend")
    return client


def shown_text(page: str) -> str | None:
    """What the one QR code on the page says."""
    found = re.findall(r'class="qr" viewBox="0 0 (\d+) \d+".*? d="([^"]+)"', page, re.DOTALL)
    assert len(found) == 1
    return qrreader.read(qrreader.drawn(found[0][1], int(found[0][0])))


def url(event: Event, name: str = "code-display") -> str:
    return reverse(f"attendance:{name}", args=[event.code])


def test_a_steward_shows_the_code_with_the_event_and_its_numbers() -> None:
    event = open_event(name="Chess night", location="Library")
    come_in(by_member(make_member().pk), event, at=timezone.now())

    response = browser().get(url(event))
    page = response.content.decode()

    token = str(shown_text(page)).rsplit("/", 2)[1]
    assert eventcodes.read(token, at=timezone.now()).event == event
    assert all(words in page for words in ("Chess night", "Library", "Scan the code"))
    assert re.search(r'data-count="checked_in">1<', page)
    assert "Withdraw" not in page
    assert response["Cache-Control"] == "no-store"


def test_the_script_is_told_the_present_code_and_how_long_it_lasts() -> None:
    event = open_event(check_in=ROTATING)

    response = browser().get(url(event, "code-now"))
    answer = response.json()

    assert set(answer) == {"state", "version", "changes_in", "url", "qr", "kind", "renews_in", "expires_in"}
    assert (answer["state"], answer["kind"]) == ("open", "rotating")
    assert qrreader.read(qrreader.drawn(answer["qr"]["path"], answer["qr"]["size"])) == answer["url"]
    assert 0 <= answer["renews_in"] <= 30
    assert answer["expires_in"] - answer["renews_in"] == pytest.approx(30)
    assert response["Cache-Control"] == "no-store"


def test_page_and_script_agree_about_the_version() -> None:
    event, ana = open_event(), browser()

    page = ana.get(url(event)).content.decode()

    assert f'data-version="{ana.get(url(event, "code-now")).json()["version"]}"' in page


@pytest.mark.parametrize(
    ("fields", "check_in", "state", "words"),
    [
        ({}, OFF, "off", "Self check-in is off"),
        ({"stored_status": "cancelled"}, {}, "cancelled", "This event is cancelled"),
        ({"stored_status": "draft"}, {}, "draft", "Not published yet"),
        ({"closed_at": timezone.now() - timedelta(minutes=1)}, {}, "closed", "Check-in is closed"),
        ({"starts_at": timezone.now() + timedelta(hours=3)}, {}, "early", "Check-in opens"),
    ],
)
def test_a_screen_without_a_code_says_why(
    fields: dict[str, Any], check_in: dict[str, Any], state: str, words: str
) -> None:
    event = open_event(check_in=check_in, **fields)
    steward = browser()

    page = steward.get(url(event)).content.decode()
    answer = steward.get(url(event, "code-now")).json()

    assert words in page
    assert 'class="qr"' not in page
    assert (answer["state"], "url" in answer) == (state, False)


def test_who_may_turn_self_check_in_on_gets_a_link() -> None:
    event = open_event(check_in=OFF)
    words = "Turn self check-in on"

    assert words in browser(Role.ORGANISER).get(url(event)).content.decode()
    assert words not in browser(Role.SUPERVISOR).get(url(event)).content.decode()


@pytest.mark.parametrize(("check_in", "longest"), [(ROTATING, 31), ({}, 60)])
def test_a_browser_without_scripts_looks_again_by_itself(check_in: dict[str, Any], longest: int) -> None:
    page = browser().get(url(open_event(check_in=check_in))).content.decode()

    found = re.search(r'<noscript><meta http-equiv="refresh" content="(\d+)"></noscript>', page)
    assert found
    assert 1 <= int(found[1]) <= longest


def test_ana_withdraws_the_code_after_a_question() -> None:
    event, ana = open_event(), browser(Role.SUPERVISOR)
    before = ana.get(url(event, "code-now")).json()["url"]

    question = ana.get(url(event, "code-withdraw"))
    asked = CheckInSettings.objects.get(event=event).code_version
    done = ana.post(url(event, "code-withdraw"), follow=True)
    after = ana.get(url(event, "code-now")).json()["url"]

    assert "stops working at once" in question.content.decode()
    assert asked == 1
    assert "Every earlier code of this event has stopped working" in done.content.decode()
    problems = [eventcodes.read(each.rsplit("/", 2)[1], at=timezone.now()).problem for each in (before, after)]
    assert problems == ["code_revoked", None]


def test_a_steward_withdraws_nothing() -> None:
    event = open_event()

    assert browser(Role.STEWARD).post(url(event, "code-withdraw")).status_code == 403
    assert CheckInSettings.objects.get(event=event).code_version == 1


def test_opening_any_page_of_the_code_changes_no_row() -> None:
    event, ana = open_event(check_in=ROTATING), browser(Role.SUPERVISOR)

    for name in ("code-display", "code-now", "code-print", "code-withdraw", "screen"):
        for method in (ana.get, ana.head, ana.options):
            method(url(event, name))

    rules = CheckInSettings.objects.get(event=event)
    assert (Scan.objects.count(), rules.code_version) == (0, 1)
    assert rules.history.count() == 1


def test_the_script_asks_little_of_the_database() -> None:
    event, steward = open_event(group=make_group()), browser()
    steward.get(url(event, "code-now"))

    with CaptureQueriesContext(connection) as queries:
        steward.get(url(event, "code-now"))

    # Session, user, the roles in groups, and the event with settings and group.
    assert len(queries) == 4


def test_everybody_sees_the_numbers_and_nobodys_name() -> None:
    event = open_event(name="Chess night", group=make_group(name="Knights"))
    come_in(by_member(make_member(first_name="Benedikta", last_name="Quill").pk), event, at=timezone.now())

    for client in (Client(), browser(None), browser(Role.ADMINISTRATOR)):
        page = client.get(url(event, "screen")).content.decode()

        assert re.search(r'data-count="checked_in">1<', page)
        assert "Chess night" in page
        assert "Knights" in page
        assert "Benedikta" not in page
        assert "Quill" not in page


@pytest.mark.parametrize("fields", [{"stored_status": "draft"}, {"hidden": True}, {"review_status": "pending"}])
def test_the_numbers_of_what_is_not_public_do_not_exist(fields: dict[str, Any]) -> None:
    event = make_event(**fields)

    assert Client().get(url(event, "screen")).status_code == 404
    assert browser(Role.ADMINISTRATOR).get(url(event, "screen")).status_code == 404
    assert url(event, "screen") not in browser().get(url(event)).content.decode()


def test_is_published_says_what_the_database_is_asked() -> None:
    fields: list[dict[str, Any]] = [
        {},
        {"stored_status": "cancelled"},
        {"stored_status": "draft"},
        {"hidden": True},
        {"review_status": "pending"},
        {"duplicate_of": make_event()},
    ]

    events = [make_event(**each) for each in fields]

    public = set(Event.objects.published().values_list("pk", flat=True))
    assert [event.is_published for event in events] == [event.pk in public for event in events]
    assert [event.is_published for event in events] == [True, True, False, False, False, False]


def test_a_code_stands_in_no_address() -> None:
    event, ana = open_event(), browser(Role.SUPERVISOR)

    page = ana.get(url(event)).content.decode()

    token = str(shown_text(page)).rsplit("/", 2)[1]
    assert page.count(token) == 1  # what the script compares; no link leads there
    assert f'data-url="{settings.SITE_URL}/c/{token}/"' in page
