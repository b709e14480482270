"""Months: new and returning members, the way things go, and what becomes of first-timers."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from attendance.reports import months, totals
from attendance.reports.months import Cohort, Month
from attendance.reports.scope import Filters, Scope
from attendance.reports.totals import Totals
from attendance.tests.reporting import came, scoped
from events.models import Event
from events.tests.factories import make_event
from members.tests.factories import make_member

pytestmark = pytest.mark.django_db
AUTUMN = Filters(date(2026, 8, 1), date(2026, 11, 20))


def on(month: int, day: int = 10, year: int = 2026) -> Event:
    return make_event(starts_at=datetime(year, month, day, 18, 0, tzinfo=UTC))


def found(scope: Scope) -> list[Month]:
    return months.by_month(scope, totals.lines(scope.events), months.calendar(scope))


def test_months_with_who_is_new_who_stayed_and_how_it_goes() -> None:
    old, new, other = make_member(), make_member(), make_member()
    came(on(1), old)
    for event, who in ((on(8), [old, new]), (on(9), [new]), (on(10), [new, other]), (on(11), [other])):
        for member in who:
            came(event, member, party_size=2)

    def month(number: int, heads: int, **fields: Any) -> Month:
        sums = Totals(held=1, checked_in=2 * heads, members=heads)
        return Month(day=date(2026, number, 1), totals=sums, members=heads, **fields)

    assert found(scoped(AUTUMN)) == [
        month(8, 2, first_timers=1, stayed=1, change=None, trailing=None, whole=True),
        month(9, 1, first_timers=0, stayed=1, change=-0.5, trailing=None, whole=True),
        month(10, 2, first_timers=1, stayed=1, change=1.0, trailing=10 / 3, whole=True),
        month(11, 1, first_timers=0, stayed=None, change=None, trailing=None, whole=False),
    ]


def test_first_timers_are_followed_month_by_month() -> None:
    new, old = make_member(), make_member()
    came(on(7), old)
    for event in (on(8), on(10)):
        came(event, new)
        came(event, old)

    assert months.cohorts(months.calendar(scoped(AUTUMN))) == [
        Cohort(date(2026, 8, 1), 1, (0, 1, 0)),
        Cohort(date(2026, 9, 1), 0, (0, 0)),
        Cohort(date(2026, 10, 1), 0, (0,)),
        Cohort(date(2026, 11, 1), 0, ()),
    ]


def test_days_of_a_month_before_the_range_are_no_part_of_it() -> None:
    old = make_member()
    came(on(8, day=3), old)
    came(on(8, day=20), old)

    first = found(scoped(Filters(date(2026, 8, 10), date(2026, 9, 30))))[0]

    assert (first.members, first.first_timers, first.whole) == (1, 0, False)


def test_more_months_than_bits_in_a_number_are_told_apart() -> None:
    member = make_member()
    for year in (2013, 2019, 2026):
        came(on(3, year=year), member)

    seen = months.calendar(scoped(Filters(date(2013, 1, 1), date(2026, 11, 20))))

    # The first month is the one of the first event.
    assert seen.days[0] == date(2013, 3, 1)
    assert seen.members == {0: 1, 72: 1, 156: 1}
    assert seen.first_timers == {0: 1}


def test_months_take_one_query(django_assert_num_queries: Any) -> None:
    came(on(8), make_member())
    scope = scoped(AUTUMN)

    with django_assert_num_queries(1):
        months.cohorts(months.calendar(scope))
