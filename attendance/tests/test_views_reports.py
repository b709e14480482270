"""Reports as pages and files: Ana organises, Ben supervises, Cleo is not signed in."""

import json
import re
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from attendance.databrowser.asked import Asked
from attendance.databrowser.filters import matching
from attendance.databrowser.materialised import source
from attendance.reports import totals
from attendance.reports.scope import scope_for, usual
from attendance.reports.tables import ASKING, REPORTS
from attendance.stats import counts
from attendance.tests.reporting import came, registered
from checkin_project.platform.access import SYSTEM, Actor, Permission, Role
from checkin_project.platform.exports import exports_for, find
from checkin_project.platform.tests.admin_pages import signed_in, text_of
from events.models import Event, GroupRole
from events.tests.factories import make_event, make_group, make_series
from members.tests.factories import make_member

pytestmark = pytest.mark.django_db
PAGES = ("", "events/", "months/", "people/", "times/", "retention/", "not-seen/")
HOSTILE = '<script>alert("x")</script>&\'=1+1'


def held(days_ago: int = 3, **fields: Any) -> Event:
    return make_event(**({"starts_at": timezone.now() - timedelta(days=days_ago)} | fields))


def a_season() -> list[Event]:
    """Three evenings of a group's series: a regular, one who stayed away lately, a guest with company."""
    group = make_group(name="Chess club")
    series = make_series(name="Chess night", group=group)
    events = [held(days, name=f"Night {days}", group=group, series=series) for days in (9, 6, 3)]
    regular, gone = (
        make_member(first_name="Regular", classification="junior", major="Law"),
        make_member(first_name="Gone"),
    )
    for event in events:
        came(event, regular, registration="registered")
    came(events[0], gone, party_size=2)
    came(events[1], "Gus", party_size=5)
    registered(events[2], gone, state="no_show", registration="no_show")
    return events


@pytest.mark.parametrize("page", PAGES)
def test_ana_reads_every_report_and_it_stays_readable_without_any_events(page: str) -> None:
    ana = signed_in(Role.ORGANISER)

    assert "No events on these days" in text_of(ana.get(f"/reports/{page}"))
    a_season()
    answer = ana.get(f"/reports/{page}")

    assert answer.status_code == 200
    assert "No events on these days" not in text_of(answer)
    assert "All groups · All series" in text_of(answer)


def test_the_overview_shows_the_numbers_that_the_rules_give() -> None:
    a_season()

    page = text_of(signed_in(Role.ORGANISER).get("/reports/"))

    keys = dict(re.findall(r"<dt>([^<]+)</dt>\s*<dd><span class=\"tally__number\">([^<]+)</span>", page))
    assert keys == {
        "Checked in": "10",
        "Events held": "3",
        "Members": "2",
        "At two events or more": "50\u00a0%",
        "First-timers": "2",
        "Show rate": "75\u00a0%",
    }
    assert page.count("<title>") == 1 + len(re.findall(r"<rect class=\"chart__bar chart__bar--1\" x=", page))


def test_lists_and_tables_tell_who_and_what() -> None:
    a_season()
    ana = signed_in(Role.ORGANISER)

    people, missing = text_of(ana.get("/reports/people/")), text_of(ana.get("/reports/not-seen/?missed=2&least=1"))
    assert re.findall(r'<th scope="row">(\w+ Brown)</th>', people) == ["Regular Brown", "Gone Brown"]
    assert "Junior" in people
    assert re.findall(r'<th scope="row">(\w+ Brown)</th>', missing) == ["Gone Brown"]
    assert "Kiosk" in text_of(ana.get("/reports/times/"))
    assert "Chess night" in text_of(ana.get("/reports/events/"))


def test_a_search_finds_people_and_says_when_it_does_not() -> None:
    a_season()
    ana = signed_in(Role.ORGANISER)

    assert re.findall(r'<th scope="row">(\w+ Brown)', text_of(ana.get("/reports/people/?q=gon"))) == ["Gone Brown"]
    assert "Nobody of that name came" in text_of(ana.get("/reports/people/?q=xyz%00"))


def test_who_came_to_one_and_then_to_the_other_is_counted_and_named() -> None:
    first, _second, third = a_season()
    ana = signed_in(Role.ORGANISER)
    asked = f"a=e{first.code}&b=e{third.code}"

    page = text_of(ana.get(f"/reports/retention/?{asked}"))

    assert "Of 2 members who came to the first, 1 came to the other afterwards: 50\u00a0%." in page
    assert re.findall(r'<th scope="row">(\w+ Brown)', page) == ["Regular Brown"]
    lines = ana.get(f"/reports/tables/came-and-came-again.json?{asked}").getvalue()
    assert [line["member_name"] for line in json.loads(lines)] == ["Regular Brown"]
    assert "That is not among the events of these days." in text_of(ana.get("/reports/retention/?a=s0&b=e"))


def test_the_number_of_an_event_is_the_same_in_the_data_browser_on_the_dashboard_and_in_reports() -> None:
    event = a_season()[1]
    registered(event, make_member())
    scope = scope_for(SYSTEM, usual(timezone.now()), at=timezone.now())
    line = next(line for line in totals.lines(scope.events) if line.event.pk == event.pk)

    rows = matching(Asked(event=event.code, state="attended"), SYSTEM, source())
    (of_file,) = [
        row
        for row in json.loads(signed_in(Role.ORGANISER).get("/reports/tables/attendance-by-event.json").getvalue())
        if row["event_id"] == event.code
    ]

    assert line.totals.check_ins == rows.count() == of_file["check_ins"] == 2
    assert line.totals.checked_in == counts(event.pk).checked_in == of_file["checked_in"] == 6
    assert line.totals.checked_in == sum(row.party_size for row in rows.rows)


@pytest.mark.parametrize("page", [*PAGES, "meaning/", "tables/attendees.csv"])
def test_ben_and_cleo_read_no_reports(page: str, client: Any) -> None:
    a_season()

    assert signed_in(Role.SUPERVISOR).get(f"/reports/{page}").status_code == 403
    assert client.get(f"/reports/{page}").status_code == 302


def test_an_organiser_of_one_group_sees_that_group_alone() -> None:
    mine = a_season()[0].group_id
    came(held(2, name="Foreign night", group=make_group(name="Foreign club")), make_member(first_name="Foreign"))
    ana = signed_in(None)
    GroupRole.objects.create(user_id=ana.session["_auth_user_id"], group_id=int(mine or 0), role=Role.ORGANISER)

    for page in PAGES:
        assert "Foreign" not in text_of(ana.get(f"/reports/{page}"))
    for name in set(REPORTS) - ASKING:
        assert b"Foreign" not in ana.get(f"/reports/tables/{name}.json").getvalue()
    foreign = Event.objects.get(name="Foreign night").group_id
    assert ana.get(f"/reports/?group={foreign}").status_code == 400


@pytest.mark.parametrize("page", PAGES)
def test_bad_days_are_refused_in_words_with_the_form_kept(page: str) -> None:
    answer = signed_in(Role.ORGANISER).get(f"/reports/{page}?since=2026-13-40&until=2026-01-01&page=x&q=%00")

    assert answer.status_code == 400
    assert "Enter a valid date." in text_of(answer)
    assert "Nothing is shown until the marked fields are right." in text_of(answer)


@pytest.mark.parametrize("page", [f"{page}?page=99999999999999999999&q=%F0%9F%98%80&missed=-1&a=%00" for page in PAGES])
def test_odd_questions_are_answered(page: str) -> None:
    a_season()

    assert signed_in(Role.ORGANISER).get(f"/reports/{page}").status_code == 200


def test_hostile_names_stay_text_in_pages_drawings_and_files() -> None:
    group = make_group(name=HOSTILE)
    series = make_series(name=HOSTILE, group=group)
    hostile = make_member(first_name=HOSTILE, last_name="", major=HOSTILE)
    for days in (5, 4, 3, 2):
        event = held(days, name=HOSTILE, group=group, series=series)
        came(event, hostile if days > 3 else "Gus")
    ana = signed_in(Role.ORGANISER)

    pages = [text_of(ana.get(f"/reports/{page}?missed=2&least=1")) for page in PAGES]

    assert all("<script>alert" not in page for page in pages)
    assert sum("&lt;script&gt;" in page for page in pages) == len(PAGES)
    lines = ana.get("/reports/tables/attendees.csv").getvalue().decode("utf-8-sig").splitlines()
    assert lines[1].startswith('1,"<script>')


@pytest.mark.parametrize("file_format", ["csv", "xlsx", "json"])
def test_every_table_is_a_file_in_every_format(file_format: str) -> None:
    a_season()
    came(held(60), make_member())
    ana = signed_in(Role.ORGANISER)

    for name in set(REPORTS) - ASKING:
        answer = ana.get(f"/reports/tables/{name}.{file_format}?missed=2&least=1")
        assert answer.headers["Content-Disposition"] == (
            f'attachment; filename="{name}-{timezone.localdate():%Y-%m-%d}.{file_format}"'
        )
        content = answer.getvalue()
        if file_format == "json":
            assert tuple(json.loads(content)[0]) == REPORTS[name].headings
        if file_format == "csv":
            assert content.decode("utf-8-sig").splitlines()[0] == ",".join(REPORTS[name].headings)


@pytest.mark.parametrize(
    "path",
    [
        "nothing.csv",
        "attendees.exe",
        "attendees.csv?since=x",
        "came-and-came-again.csv",
        "came-and-came-again.csv?a=g0&b=",
    ],
)
def test_a_file_that_makes_no_sense_is_not_there(path: str) -> None:
    assert signed_in(Role.ORGANISER).get(f"/reports/tables/{path}").status_code == 404


def test_every_report_that_needs_no_choice_is_an_export_by_its_name() -> None:
    event = a_season()[0]
    organiser = Actor(user_id=1, group_roles={int(event.group_id or 0): Role.ORGANISER})

    offered = {export.name for export in exports_for(organiser) if export.name in REPORTS}

    assert offered == set(REPORTS) - ASKING
    export = find("attendance-by-event")
    assert export is not None
    assert export.permission == Permission.REPORTS
    assert len(list(export.table(organiser).rows())) == 3
    assert export.narrowed is not None
    day = str(event.starts_at.date())
    assert len(list(export.narrowed(organiser, {"since": day, "until": day}).rows())) == 1
    for asked in ({"since": "x"}, {"event": event.code}, {"group": "999"}):
        with pytest.raises(ValidationError):
            export.narrowed(organiser, asked)


@pytest.mark.parametrize("page", PAGES)
def test_pages_take_the_same_few_queries_for_any_number_of_rows(page: str) -> None:
    ana = signed_in(Role.ORGANISER)
    a_season()
    taken = []
    for _time in range(2):
        a_season()
        with CaptureQueriesContext(connection) as queries:
            ana.get(f"/reports/{page}?missed=2&least=1")
        taken.append(len(queries))

    # Three for who is asking, two for what there is to choose from, one for the events; the rest are the answers.
    assert taken[0] == taken[1] <= 6 + 3


@pytest.mark.parametrize("odd", ["\0", "'; --", "\ud800", "%", "ａｎａ", "x" * 5_000, "\u061c\u202e"])
def test_whatever_is_asked_for_is_answered(odd: str) -> None:
    a_season()
    ana = signed_in(Role.ORGANISER)

    for name in ("q", "series", "group", "since", "a", "missed", "page"):
        query = urlencode({name: odd}, errors="replace")
        assert {ana.get(f"/reports/{page}?{query}").status_code for page in ("people/", "retention/")} <= {200, 400}
