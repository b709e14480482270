"""The data browser's page and files: Ana looks and takes along, others see none of it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from attendance.databrowser.pages import ROWS
from attendance.models import Attendance
from attendance.tests.browsing import World
from attendance.tests.reporting import came
from checkin_project.platform.access import Role
from checkin_project.platform.tests.factories import make_user
from events.tests.factories import make_event, make_group
from members.tests.factories import make_member

pytestmark = pytest.mark.django_db
HOSTILE = '<script>alert("x")</script>=1+1'


def browser_of(user: Any) -> Client:
    client = Client()
    client.force_login(user, backend="checkin_project.platform.signin.RoleBackend")
    return client


def ana() -> Client:
    return browser_of(make_user(Role.ORGANISER))


def test_ana_sees_who_came_and_the_way_to_each_record() -> None:
    event = make_event(name="Chess night")
    member = make_member(first_name="Ben", last_name="Brown", classification="junior", major="Art")
    row = came(event, member)

    page = ana().get("/data/").content.decode()

    shown = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page[page.index("<tbody") :]))
    assert "Ben Brown Nov. 20, 2026, 6 p.m. Chess night Nov. 20, 2026 Kiosk Attended Junior Art Open" in shown
    for path in (f"members/member/{member.pk}", f"events/event/{event.pk}", f"attendance/attendance/{row.pk}"):
        assert f'href="/admin/{path}/change/"' in page
    assert re.search(r"<strong[^>]*>1</strong> of <span[^>]*>1</span>", page)


@pytest.mark.parametrize("path", ["/data/", "/data/download/csv/", "/data/views/", "/data/views/1/"])
@pytest.mark.parametrize("role", [Role.STEWARD, Role.SUPERVISOR, None])
def test_who_reads_no_reports_sees_no_data(role: Role | None, path: str) -> None:
    assert browser_of(make_user(role)).get(path).status_code == 403


@pytest.mark.parametrize("path", ["/data/", "/data/download/csv/", "/data/views/"])
def test_cleo_has_to_sign_in(path: str) -> None:
    assert Client().get(path).headers["Location"] == f"/sign-in/?next={path}"


def test_a_groups_organiser_sees_own_people_events_and_files_only() -> None:
    own = make_group(name="Ours")
    came(make_event(name="Our run", group=own), make_member(last_name="Known", major="Art"))
    came(
        make_event(name="Their night", group=make_group(name="Theirs")), make_member(last_name="Stranger", major="Law")
    )
    user = make_user(None)
    user.group_roles.create(group=own, role=Role.ORGANISER)
    browser = browser_of(user)

    page = browser.get("/data/").content.decode()
    file = b"".join(browser.get("/data/download/csv/").streaming_content).decode()  # type: ignore[attr-defined]

    for words in (page, file):
        assert "Known" in words
        assert not any(secret in words for secret in ("Stranger", "Their night", "Theirs", "Law"))
    foreign = make_group()
    assert browser.get(f"/data/?group={foreign.pk}").status_code == 400
    assert browser.get("/data/?group=none").status_code == 400


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("since=yesterday", "Enter a valid date."),
        ("since=2026-02-02&until=2026-02-01", "This day is before the first one."),
        ("since=0001-01-01", "Choose a day between the years 1900 and 2200."),
        ("until=9999-12-31", "Choose a day between the years 1900 and 2200."),
        ("method=teleport", "Select a valid choice."),
        ("sort=password", "Nothing is shown yet."),
        ("group=abc", "Select a valid choice."),
        ("q=a%00b", "This text contains a NUL character, which cannot be stored."),
        ("q=%E2%80%AEx", "This text contains a hidden mark"),
        (f"q={'a' * 200}", "This text has 200 characters; at most 100 fit."),
    ],
)
def test_what_cannot_be_understood_is_said_and_nothing_is_shown(query: str, sentence: str) -> None:
    came(make_event(), "Zed Guest")
    browser = ana()

    answers = [browser.get(f"/data/?{query}"), browser.get(f"/data/download/csv/?{query}")]

    for answer in answers:
        page = answer.content.decode()
        assert (answer.status_code, sentence in page, "Zed Guest" in page) == (400, True, False)


def test_hostile_text_is_text_on_the_page_and_no_formula_in_files() -> None:
    event = make_event(name=HOSTILE)
    came(event, make_member(first_name=HOSTILE, last_name="", major="=cmd()"), note="@SUM(1)")
    browser = ana()
    query = f"q=script&event={HOSTILE}&major==cmd()&col=member_name&col=member_major&col=note"

    page = browser.get("/data/", {"q": "script", "event": "script", "major": "=cmd()"}).content.decode()
    file = b"".join(browser.get(f"/data/download/csv/?{query}").streaming_content).decode()  # type: ignore[attr-defined]

    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page
    assert "'=cmd()" in file
    assert "'@SUM(1)" in file


def test_filters_that_are_on_can_be_taken_away_one_by_one() -> None:
    World()

    page = ana().get("/data/?classification=junior&who=member&sort=member_name&col=member_name").content.decode()

    chips = re.findall(r'class="chip" href="\?([^"]*)"', page)
    assert chips == [
        "who=member&amp;sort=member_name&amp;col=member_name",
        "classification=junior&amp;sort=member_name&amp;col=member_name",
    ]


def test_columns_are_chosen_and_a_click_on_one_sorts() -> None:
    World()

    page = ana().get("/data/?sort=member_name&col=member_name&col=member_major").content.decode()

    head = page[page.index("<thead") : page.index("</thead>")]
    assert re.findall(r'scope="col"(?: aria-sort="(\w+)")?>\s*(?:<a class="sorter" href="([^"]*)">)?(\w*)', head)[
        :2
    ] == [
        ("ascending", "?sort=-member_name&amp;col=member_name&amp;col=member_major", "Name"),
        ("", "?sort=member_major&amp;col=member_name&amp;col=member_major", "Major"),
    ]


def test_next_and_previous_lead_through_all_rows() -> None:
    event = make_event()
    for number in range(2 * ROWS + 10):
        came(event, f"Guest {number:03}")
    browser, address, page = ana(), "/data/?q=guest&sort=member_name", ""
    seen: list[str] = []

    while address:
        page = browser.get(address).content.decode()
        seen += re.findall(r'scope="row">\s*(Guest \d+)', page)
        found = re.search(r'rel="next" href="([^"]+)"', page)
        address = f"/data/{found[1].replace('&amp;', '&')}" if found else ""

    assert seen == [f"Guest {number:03}" for number in range(2 * ROWS + 10)]
    assert 'rel="prev"' in page


def test_without_rows_the_page_says_what_to_do() -> None:
    browser = ana()

    assert "Nobody has come yet" in browser.get("/data/").content.decode()
    assert "Take a filter away" in browser.get("/data/?q=zzz").content.decode()
    assert "This is the first page" in browser.get("/data/?after=nonsense").content.decode()


@pytest.mark.parametrize("extension", ["csv", "xlsx", "json"])
def test_a_file_comes_in_every_format_with_the_chosen_columns(extension: str) -> None:
    World()

    answer = ana().get(f"/data/download/{extension}/?who=guest&col=member_name&col=method")
    content = b"".join(answer.streaming_content)  # type: ignore[attr-defined]

    assert answer.status_code == 200
    assert f".{extension}" in answer.headers["Content-Disposition"]
    if extension == "csv":
        lines = content.decode().splitlines()
        assert lines[0] == "\ufeffmember_name,method"
        assert len(lines) == 10


def test_the_older_shape_leaves_out_who_did_not_come() -> None:
    World()

    answer = ana().get("/data/download/csv/?shape=legacy")
    lines = b"".join(answer.streaming_content).decode().splitlines()  # type: ignore[attr-defined]

    assert len(lines) == 1 + Attendance.objects.filter(attended=True).count()
    assert lines[0].startswith("\ufeffevent_id,event_name,event_date")


def test_the_page_takes_as_many_queries_however_many_rows_it_has() -> None:
    browser, event, numbers = ana(), make_event(group=make_group()), []
    for amount in (1, 3):
        for number in range(amount):
            came(event, make_member(last_name=f"Number {amount} {number}", major=f"Art {amount}"))
        with CaptureQueriesContext(connection) as queries:
            browser.get("/data/?method=kiosk")
        numbers.append(len(queries))

    assert numbers[0] == numbers[1] <= 13
