"""Members by first visit, number of visits and kind; by hand. test_reports_oracle.py tries the rest."""

from datetime import date, timedelta
from typing import Any

import pytest

from attendance.reports import people
from attendance.reports.people import Band, Crowd, Kind, People, Seen
from attendance.reports.scope import Filters
from attendance.tests.reporting import came, scoped
from events.tests.factories import EVENING, make_event
from members.tests.factories import make_member

pytestmark = pytest.mark.django_db
NOVEMBER = Filters(date(2026, 11, 11), date(2026, 11, 20))


def test_who_came_before_is_returning_and_who_did_not_is_a_first_timer() -> None:
    old, new, once = make_member(), make_member(), make_member()
    long_ago, before, first, second = (make_event(starts_at=EVENING - timedelta(days=days)) for days in (60, 12, 5, 4))
    came(long_ago, old)
    came(before, once)
    for event in (first, second):
        came(event, old)
    came(second, new)
    came(first, "Gus", party_size=9)

    assert people.seen(scoped(NOVEMBER)) == Seen(
        now=People(members=2, regulars=1, first_timers=1),
        before=People(members=1, regulars=0, first_timers=1),
        first_timers={0: 1, 1: 1, 3: 1},
    )


def test_shares_of_nobody_are_unknown() -> None:
    assert people.seen(scoped(NOVEMBER)) == Seen(People(), People(), {})
    assert People().regular_share is None
    assert People(members=4, regulars=1, first_timers=3).regular_share == 0.25
    assert People(members=4, regulars=1, first_timers=3).returning == 1


def test_kinds_and_guests_are_everybody_together() -> None:
    ben = make_member(classification="junior", major="Law")
    cleo = make_member(classification="senior")
    first, second = make_event(starts_at=EVENING - timedelta(days=2)), make_event(starts_at=EVENING - timedelta(days=1))
    came(first, ben, party_size=2)
    came(second, ben)
    came(second, cleo)
    came(first, "Gus")
    came(second, "Gus", party_size=3)

    assert people.crowd(scoped(NOVEMBER)) == Crowd(
        classifications=(Kind("junior", 1, 2, 3), Kind("senior", 1, 1, 1)),
        majors=(Kind("Law", 1, 2, 3), Kind("", 1, 1, 1)),
        bands=(Band(1, 1, 1), Band(2, 2, 1), Band(3, 5, 0), Band(6, 10, 0), Band(11, None, 0)),
        guests=Kind("", 0, 2, 4),
    )


def test_each_takes_one_query(django_assert_num_queries: Any) -> None:
    for _number in range(3):
        came(make_event(starts_at=EVENING - timedelta(days=1)), make_member())
    scope = scoped(NOVEMBER)

    with django_assert_num_queries(2):
        people.seen(scope)
        people.crowd(scope)
