"""The data browser's rules against an oracle: every filter in every order, page by page, live and from the view."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext

from attendance.databrowser import materialised, walking
from attendance.databrowser.asked import Asked, DataForm
from attendance.databrowser.columns import COLUMNS
from attendance.databrowser.pages import page
from attendance.databrowser.sources import Source, live
from attendance.databrowser.tables import table
from attendance.exports import attendance_for, databrowser_table
from attendance.models import Attendance
from attendance.tests.browsing import SIZE, World, expected, questions, walked, walked_back
from attendance.tests.reporting import came
from checkin_project.platform.access import SYSTEM, Actor, Role
from events.tests.factories import EVENING, make_event, make_group
from members.tests.factories import make_member

pytestmark = pytest.mark.django_db


VIEW = [pytest.param(name, marks=pytest.mark.postgres) for name in ("view", "view, many rows")]


@pytest.fixture(params=["live", "live, many rows", *VIEW])
def source(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, settings: object) -> Source:
    """A world of rows, and the way they are read. On PostgreSQL many rows are walked through event by event."""
    World()
    if request.param.endswith("many rows"):
        monkeypatch.setattr(walking, "FEW", 0)
    if request.param.startswith("live"):
        return live()
    settings.DATABROWSER = "materialized"  # type: ignore[attr-defined]
    materialised.refresh(at=EVENING)
    found = materialised.source()
    assert found.as_of == EVENING
    return found


def test_every_filter_in_every_order_gives_every_row_once(source: Source) -> None:
    for name, asked, predicate in questions():
        wanted = expected(asked, predicate)

        assert walked(asked, source) == wanted, name
        assert page(asked, SYSTEM, source).matching == len(wanted), name


def test_the_way_back_is_the_same_way(source: Source) -> None:
    for name, asked, predicate in questions():
        if not name.startswith(("everything", "text ", "days")):
            continue
        assert walked_back(asked, source) == expected(asked, predicate), name


def test_a_file_holds_what_is_filtered_in_its_order(source: Source) -> None:
    for name, asked, predicate in questions():
        if not name.startswith(("everything", "text ", "came")):
            continue
        # Nothing in a file is a key, so rows are told apart by what stands in them.
        facts = {
            row.pk: [row.name, row.event.name, row.event.local_start.date()]
            for row in Attendance.objects.select_related("event", "member")
        }
        columns = ("member_name", "event_name", "event_date")

        rows = [list(row) for row in table(replace(asked, columns=columns), SYSTEM, source).rows()]

        assert rows == [facts[pk] for pk in expected(asked, predicate)], name


def test_the_older_shape_is_the_one_of_the_exports(source: Source) -> None:
    wanted = sorted(map(repr, databrowser_table(attendance_for(SYSTEM)).rows()))

    found = table(Asked(), SYSTEM, source, as_legacy=True)

    assert found.headings == databrowser_table(attendance_for(SYSTEM)).headings
    assert sorted(repr(tuple(row)) for row in found.rows()) == wanted


def test_a_groups_organiser_sees_the_own_groups_rows_and_no_others(source: Source) -> None:
    runners = Attendance.objects.filter(event__group__name="Runners")
    group_id = runners.values_list("event__group_id", flat=True)[0]
    foreign = Attendance.objects.exclude(event__group__name="Runners").filter(attended=True)[0]
    own = set(runners.values_list("pk", flat=True))
    # A steward's role elsewhere shows nothing there.
    roles = {group_id: Role.ORGANISER, foreign.event.group_id or 0: Role.STEWARD}
    actor = Actor(user_id=1, group_roles=roles)

    for name, asked, predicate in questions():
        if asked.order in ("checked_in_at", "member_name"):
            assert walked(asked, source, by=actor) == [pk for pk in expected(asked, predicate) if pk in own], name
    lost = page(Asked(after=foreign.pk), actor, source)
    assert (lost.is_lost, lost.total) == (True, len(own))
    assert len(list(table(Asked(), actor, source).rows())) == len(own)


def test_somebody_without_reports_sees_nothing(source: Source) -> None:
    nobody = Actor(user_id=1, group_roles={})

    assert (page(Asked(), nobody, source).lines, page(Asked(), nobody, source).total) == ((), 0)


@pytest.mark.parametrize("asked", [Asked(after=-1), Asked(before=-1), Asked(after=999_999), Asked(before=2**63 - 1)])
def test_a_position_that_is_none_gives_the_first_page_and_says_so(asked: Asked, source: Source) -> None:
    first = page(Asked(), SYSTEM, source, size=SIZE)

    found = page(asked, SYSTEM, source, size=SIZE)

    assert found == replace(first, is_lost=True, next=found.next)


def test_a_page_counts_x_of_y(source: Source) -> None:
    found = page(Asked(who="guest"), SYSTEM, source)

    assert (found.matching, found.total) == (9, 29)


def test_a_page_takes_as_many_queries_however_many_rows_it_has() -> None:
    event, numbers = make_event(group=make_group()), []
    for amount in (1, 3):
        for each in range(amount):
            came(event, make_member(last_name=f"Number {each}"))
            came(event, f"Guest {amount} {each}")
        with CaptureQueriesContext(connection) as queries:
            page(Asked(q="n", method="kiosk"), SYSTEM, live())
        numbers.append(len(queries))

    assert numbers[0] == numbers[1] <= 8


def test_a_day_is_the_one_on_the_events_own_clock() -> None:
    # Already the 21st in Auckland, still the 20th in Honolulu.
    at = EVENING.replace(hour=12)
    near = make_event(name="Auckland", starts_at=at, timezone="Pacific/Auckland")
    far = make_event(name="Honolulu", starts_at=at, timezone="Pacific/Honolulu")
    for event in (near, far):
        came(event, "Zed")
    day = {number: EVENING.date() + timedelta(days=number) for number in (-1, 0, 1)}

    def names(**days: object) -> set[str]:
        asked = Asked(columns=("event_name",), **days)  # type: ignore[arg-type]
        return {line.cells[0][1] for line in page(asked, SYSTEM, live()).lines}

    assert names(since=day[1]) == {"Auckland"}
    assert names(until=day[0]) == {"Honolulu"}
    assert names(since=day[0], until=day[1]) == {"Auckland", "Honolulu"}
    assert names(until=day[-1]) == set()


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("obrien", {"Ána O’Brien", "Guest O'Brien"}),
        ("brien", set()),
        ("ana o'b", {"Ána O’Brien"}),
        ("jean luc", {"Jean-Luc Strauß", "jean-luc guest"}),
        ("strauss", {"Jean-Luc Strauß"}),
        ("asa", {"Åsa Ærø", "ÅSA Guest"}),
        ("aero", {"Åsa Ærø"}),
        (".*", set()),
        ("a|z", set()),
        ("[", set()),
        ("\\", set()),
        ("_", set()),
        ("guest", {"Guest O'Brien", "jean-luc guest", "ÅSA Guest"}),
    ],
)
def test_words_are_found_by_their_beginnings_however_they_are_spelt(text: str, names: set[str]) -> None:
    event = make_event()
    for first, last in (("Ána", "O’Brien"), ("Jean-Luc", "Strauß"), ("Åsa", "Ærø")):
        came(event, make_member(first_name=first, last_name=last))
    for guest in ("Guest O'Brien", "jean-luc guest", "ÅSA Guest"):
        came(event, guest)

    found = page(Asked(q=text), SYSTEM, live())

    assert {line.cells[0][1] for line in found.lines} == names
    assert found.matching == len(names)


def test_an_address_reads_back_as_the_same_question() -> None:
    group = make_group()
    address = (
        f"q=ana&event=Chess&since=2026-01-02&until=2026-03-04&classification=none&major=Art&method=kiosk&state=attended"
        f"&who=member&group={group.pk}&sort=member_name&col=member_name&col=note"
    )
    form = DataForm(QueryDict(address), by=SYSTEM)

    assert form.is_valid(), form.errors
    assert form.asked(QueryDict(address)).query() == address


def test_unknown_columns_are_left_out_and_none_means_the_usual_ones() -> None:
    for address, columns in (("col=note&col=nonsense", ("note",)), ("col=nonsense", Asked().columns)):
        form = DataForm(QueryDict(address), by=SYSTEM)
        assert form.is_valid()
        assert form.asked(QueryDict(address)).columns == columns


def test_every_column_of_every_kind_of_row_can_be_shown_and_written() -> None:
    World()
    asked = Asked(columns=tuple(COLUMNS))

    found = page(asked, SYSTEM, live())
    rows = list(table(asked, SYSTEM, live()).rows())

    assert len(found.lines) == len(rows) == 29
    assert all([name for name, _text in line.cells] == list(COLUMNS) for line in found.lines)
