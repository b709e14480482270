"""Settings, closing, door list and CSV as pages: Ana organises, Ben supervises, Cleo is not signed in."""

import io
import json
import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from openpyxl import load_workbook

from attendance.closing import close_event
from attendance.models import Attendance
from attendance.registration import register
from attendance.subjects import by_member
from attendance.tests.factories import SUPERVISOR, come_in
from attendance.tests.kiosks import open_event
from attendance.tests.test_settingspanel import page_of, stored, touched
from checkin_project.platform.access import SYSTEM, Role
from checkin_project.platform.tests.admin_pages import messages_of, signed_in, text_of
from events.models import CheckInSettings, Event, GroupRole
from events.tests.factories import make_event, make_group
from members.tests.factories import make_member

pytestmark = pytest.mark.django_db
FETCH = {"X-Requested-With": "settings"}
PAGES = ("settings/", "close/", "door-list/", "attendance.csv")


def url(event: Event, page: str) -> str:
    return f"/dashboard/{event.code}/{page}"


def ana(**fields: Any) -> Client:
    return signed_in(Role.ORGANISER, **fields)


def expected(event: Event, people: int = 1) -> None:
    member = make_member()
    register(by_member(member.pk), event.code, by=SUPERVISOR, at=event.starts_at - timedelta(days=1), party_size=people)


# --- Settings -----------------------------------------------------------------------------------


def test_ana_saves_without_a_script_and_is_told_that_every_door_obeys() -> None:
    event = open_event()

    answer = ana().post(url(event, "settings/"), touched(page_of(event), walk_ins="refuse").dict(), follow=True)

    assert messages_of(answer) == ["Saved. Every door obeys from now on."]
    assert answer.redirect_chain == [(url(event, "settings/"), 302)]
    assert stored(event).walk_ins == "refuse"
    assert re.search(r'value="refuse"[^>]*checked', text_of(answer))


def test_the_script_gets_the_panel_alone_with_the_same_sentence() -> None:
    event = open_event()

    answer = ana().post(url(event, "settings/"), touched(page_of(event), points="5").dict(), headers=FETCH)

    assert (answer.status_code, answer.headers["X-Settings"]) == (200, "saved")
    assert "Saved. Every door obeys from now on." in text_of(answer)
    assert "<html" not in text_of(answer)
    assert 'name="points" value="5"' in text_of(answer)
    assert 'name="initial-points" value="5"' in text_of(answer)


def test_a_page_as_it_was_rendered_saves_nothing_when_nothing_was_touched() -> None:
    event, browser = open_event(), ana()
    page = text_of(browser.get(url(event, "settings/")))

    answer = browser.post(url(event, "settings/"), sent_by(page), headers=FETCH)

    assert "Nothing was changed." in text_of(answer)
    assert stored(event).history.count() == 1


def sent_by(page: str) -> dict[str, str]:
    """The fields that a browser sends back of the panel."""
    form = page[page.index("data-settings novalidate") :]
    found = {}
    for tag in re.findall(r"<input[^>]*>", form):
        attributes = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        if attributes.get("type") in ("checkbox", "radio") and " checked" not in tag:
            continue
        found[attributes["name"]] = unescape(attributes.get("value", "on"))
    return found


@pytest.mark.parametrize("headers", [{}, FETCH])
def test_what_makes_no_sense_is_said_and_nothing_typed_is_lost(headers: dict[str, str]) -> None:
    event = open_event()
    data = touched(page_of(event), opens_minutes_before="soon", walk_ins="refuse", play_sound=None).dict()

    answer = ana().post(url(event, "settings/"), data, headers=headers)

    text = text_of(answer)
    assert (answer.status_code, answer.headers["X-Settings"]) == (400, "invalid")
    assert "Nothing was saved yet. Please look at the marked fields." in text
    assert "Type a whole number from 0 to 2880." in text
    assert 'value="soon"' in text
    assert re.search(r'value="refuse"[^>]*checked', text)
    assert not re.search(r'name="play_sound"[^>]*checked', text)
    assert stored(event).walk_ins == "add"


@pytest.mark.parametrize("headers", [{}, FETCH])
def test_the_second_of_two_sees_what_the_first_chose_and_may_replace_it(headers: dict[str, str]) -> None:
    event, browser = open_event(), ana()
    page = page_of(event)
    ana(first_name="Dana").post(url(event, "settings/"), touched(page, walk_ins="refuse").dict())

    asked = browser.post(url(event, "settings/"), touched(page, walk_ins="ask").dict(), headers=headers)

    assert (asked.status_code, asked.headers["X-Settings"]) == (409, "clash")
    assert "Changed by Dana meanwhile" in text_of(asked)
    assert "Save again to replace it with yours." in text_of(asked)
    assert stored(event).walk_ins == "refuse"

    browser.post(url(event, "settings/"), sent_by(text_of(asked)), headers=headers)

    assert stored(event).walk_ins == "ask"


def test_the_history_keeps_who_saved() -> None:
    event = open_event()
    browser = ana(username="ana")

    browser.post(url(event, "settings/"), touched(page_of(event), walk_ins="ask").dict())

    assert stored(event).history.latest("history_id").history_user.username == "ana"


def test_a_post_without_the_pages_hidden_values_is_taken_as_it_is() -> None:
    event = open_event(check_in={"play_sound": True})
    data = {name: value for name, value in page_of(event).dict().items() if not name.startswith("initial-")}
    del data["play_sound"]

    ana().post(url(event, "settings/"), data)

    assert stored(event).play_sound is False


def test_the_panel_takes_as_many_queries_whatever_was_saved_before() -> None:
    def queries(changes: int) -> int:
        event, browser = open_event(), ana()
        for number in range(changes):
            browser.post(url(event, "settings/"), touched(page_of(event), points=str(number + 1)).dict())
        with CaptureQueriesContext(connection) as captured:
            browser.get(url(event, "settings/"))
        return len(captured)

    assert queries(1) == queries(3) <= 6


# --- Closing ------------------------------------------------------------------------------------


def test_the_question_tells_the_numbers_and_changes_nothing() -> None:
    event = open_event()
    expected(event, people=3)
    come_in(make_member(), event, at=timezone.now())

    page = text_of(ana().get(url(event, "close/")))

    assert "3 people who registered did not come and become no-shows." in page
    assert "1 person is still inside and can still check out." in page
    event.refresh_from_db()
    assert event.closed_at is None
    assert set(Attendance.objects.values_list("state", flat=True)) == {"registered", "attended"}


def test_ana_closes_and_reopens() -> None:
    event, browser = open_event(), ana()
    expected(event)

    closed = browser.post(url(event, "close/"), {"act": "close"}, follow=True)
    assert messages_of(closed) == ["The event is closed. 1 registered person did not come."]
    assert Attendance.objects.get().state == "no_show"
    again = browser.post(url(event, "close/"), {"act": "close"}, follow=True)
    assert messages_of(again) == ["The event was closed already. 1 registered person did not come."]
    assert "Reopen the event" in text_of(browser.get(url(event, "close/")))

    reopened = browser.post(url(event, "close/"), {"act": "reopen"}, follow=True)

    assert messages_of(reopened) == ["The event is open again. 1 person is still expected."]
    assert Attendance.objects.get().state == "registered"


def test_an_event_that_cannot_be_closed_says_why_and_offers_no_button() -> None:
    event = make_event(starts_at=timezone.now() + timedelta(days=3))
    browser = ana()

    asked = text_of(browser.get(url(event, "close/")))
    answer = browser.post(url(event, "close/"), {"act": "close"})

    assert "Check-in has not opened yet." in asked
    assert 'value="close"' not in asked
    assert (answer.status_code, "Check-in has not opened yet." in text_of(answer)) == (409, True)


# --- Lists --------------------------------------------------------------------------------------


def test_the_door_list_shows_names_times_and_lines_for_walk_ins() -> None:
    event = open_event(name="Chess night", location="Library")
    expected(event, people=4)
    come_in(make_member(first_name="Cleo", last_name="Martin"), event, at=timezone.now())

    page = text_of(signed_in(Role.SUPERVISOR).get(url(event, "door-list/")))

    for words in ("Chess night", "Library", "Brown, Ben", "Martin, Cleo", "W15", "5 on the list, 1 in"):
        assert words in page


def test_the_door_list_of_nobody_says_so_and_has_lines_for_walk_ins() -> None:
    page = text_of(ana().get(url(open_event(), "door-list/")))

    assert "Nobody is on the list yet." in page
    assert "W1" in page


def test_the_door_list_takes_as_many_queries_for_three_people_as_for_one() -> None:
    def queries(people: int) -> int:
        event, browser = open_event(), ana()
        for _person in range(people):
            expected(event)
        with CaptureQueriesContext(connection) as captured:
            browser.get(url(event, "door-list/"))
        return len(captured)

    assert queries(1) == queries(3) <= 6


def test_the_csv_is_streamed_as_a_file_of_a_safe_name_that_no_cache_keeps() -> None:
    event = open_event(name='Chess "night"; filename=x')
    come_in(make_member(), event, at=timezone.now())

    answer = ana().get(url(event, "attendance.csv"))

    assert answer.streaming
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert re.fullmatch(
        r'attachment; filename="attendance-chess-night-filenamex-\d{4}-\d\d-\d\d\.csv"',
        answer.headers["Content-Disposition"],
    )
    assert answer.headers["Cache-Control"] == "no-store"
    text = answer.getvalue().decode()
    assert text.count("\r\n") == 2
    assert "Ben,Brown" in text


def test_the_same_table_comes_as_workbook_and_json() -> None:
    event = open_event(name="Chess")
    come_in(make_member(), event, at=timezone.now())

    book, data, other = (ana().get(url(event, f"attendance.{form}")) for form in ("xlsx", "json", "pdf"))

    names = [row[5].value for row in load_workbook(io.BytesIO(book.getvalue())).worksheets[0].iter_rows(min_row=2)]
    assert names == [row["member_name"] for row in json.loads(data.getvalue())] == ["Ben Brown"]
    assert other.status_code == 404


# --- Who ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES)
def test_a_group_organiser_reaches_the_own_groups_events_and_no_others(page: str) -> None:
    group = make_group()
    own, foreign = open_event(group=group), open_event(group=make_group())
    browser = signed_in(None, username="gia")
    user_id = browser.session["_auth_user_id"]
    GroupRole.objects.create(user_id=user_id, group=group, role=Role.ORGANISER)

    assert (browser.get(url(own, page)).status_code, browser.get(url(foreign, page)).status_code) == (200, 404)


@pytest.mark.parametrize("page", PAGES)
def test_cleo_has_to_sign_in(page: str) -> None:
    assert Client().get(url(open_event(), page)).status_code == 302


def test_a_post_without_the_pages_token_is_refused() -> None:
    event = open_event()
    browser = Client(enforce_csrf_checks=True)
    browser.cookies = ana().cookies

    assert browser.post(url(event, "close/"), {"act": "close"}).status_code == 403
    event.refresh_from_db()
    assert event.closed_at is None


def test_names_are_escaped_wherever_they_are_shown() -> None:
    event = open_event(name="<script>alert(1)</script>", location="<b>x</b>")
    come_in(make_member(first_name="<i>Ben</i>"), event, at=timezone.now())
    close_event(event.code, by=SYSTEM, at=timezone.now())

    pages = "".join(text_of(ana().get(url(event, page))) for page in PAGES[:3])

    assert not re.search(r"<script>alert|<b>x|<i>Ben", pages)
    assert "&lt;i&gt;Ben&lt;/i&gt;" in pages


def test_settings_of_an_all_day_event_say_that_minutes_do_not_count() -> None:
    event = open_event(all_day=True)

    assert "the minutes do not count" in text_of(ana().get(url(event, "settings/")))
    assert CheckInSettings.objects.count() == 1
