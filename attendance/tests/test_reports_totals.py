"""Heads and check-ins of events, by hand, and the same wherever else they are counted."""

from datetime import timedelta

import pytest

from attendance.closing import close_event
from attendance.models import Attendance
from attendance.registration import register
from attendance.reports import totals
from attendance.reports.scope import usual
from attendance.reports.totals import Totals
from attendance.stats import counts
from attendance.subjects import by_guest_name, by_member
from attendance.tallies import with_tallies
from attendance.tests.factories import AT, come_in, take_back
from attendance.tests.reporting import came, registered, scoped
from checkin_project.platform.access import SYSTEM
from events.models import Event
from events.tests.factories import EVENING, make_event, make_series
from members.tests.factories import make_member

pytestmark = pytest.mark.django_db
LATER = EVENING + timedelta(days=1)


def a_whole_evening() -> Event:
    """By the doors: a party, a walk-in, an undone check-in, a guest with company, and one who stayed away."""
    event = make_event()
    party, absent, undone, walk_in = (make_member() for _person in range(4))
    for who, heads in ((party, 3), (absent, 2), (undone, 1)):
        register(by_member(who.pk), event.code, by=SYSTEM, at=AT, party_size=heads)
    come_in(party, event, party_size=2)
    come_in(undone, event)
    take_back(undone, event)
    come_in(walk_in, event)
    come_in(by_guest_name("Gus"), event, party_size=4)
    take_back_of_a_walk_in = make_member()
    come_in(take_back_of_a_walk_in, event)
    take_back(take_back_of_a_walk_in, event)
    close_event(event.code, by=SYSTEM, at=AT)
    return event


def test_an_evening_by_the_doors_in_heads_and_check_ins() -> None:
    a_whole_evening()

    (line,) = totals.lines(scoped(usual(LATER), at=LATER).events)

    assert line.totals == Totals(
        held=1, expected=6, checked_in=7, walk_ins=5, no_shows=3, shown=3, members=2, guests=1, guest_heads=4
    )
    assert (line.totals.check_ins, line.totals.show_rate, line.totals.average) == (3, 0.5, 7.0)


def test_the_number_is_the_same_on_the_dashboard_in_lists_and_in_reports() -> None:
    event = a_whole_evening()

    (line,) = totals.lines(scoped(usual(LATER), at=LATER).events)
    board, listed = counts(event.pk), with_tallies(Event.objects.all()).get()

    assert line.totals.checked_in == board.checked_in == listed.checked_in_heads  # type: ignore[attr-defined]
    assert line.totals.expected == board.expected == listed.expected_heads  # type: ignore[attr-defined]
    assert line.totals.show_rate == board.show_rate
    assert line.totals.check_ins == Attendance.objects.filter(state="attended").count()


def test_an_event_that_nobody_came_to_is_listed_and_part_of_no_sum() -> None:
    registered(make_event(), make_member())
    came(make_event(name="Held"), make_member())

    lines = totals.lines(scoped(usual(LATER), at=LATER).events)

    assert [(line.is_held, line.totals.expected) for line in lines] == [(False, 1), (True, 0)]
    assert [event.name for event in totals.held([line.event for line in lines])] == ["Held"]
    assert totals.total(lines) == Totals(held=1, checked_in=1, members=1)


def test_sums_stand_under_their_names() -> None:
    run = make_series(name="Run")
    for number, series in enumerate((run, None, run), start=1):
        event = make_event(series=series, starts_at=EVENING - timedelta(days=10 - number))
        for _person in range(number):
            came(event, make_member())

    found = totals.by(lambda event: event.series, totals.lines(scoped(usual(LATER), at=LATER).events))

    assert found == {
        "Run": Totals(held=2, checked_in=4, members=4),
        "": Totals(held=1, checked_in=2, members=2),
    }


def test_no_events_have_no_lines() -> None:
    assert totals.lines(()) == []
    assert totals.total(()) == Totals()
    assert Totals().show_rate is None
    assert Totals().average is None
