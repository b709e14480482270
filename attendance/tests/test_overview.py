"""Which events the people at the doors are shown."""

from datetime import timedelta
from typing import Any

import pytest

from attendance.overview import overview
from attendance.tests.factories import AT, STEWARD, come_in
from checkin_project.platform.access import ANONYMOUS, Actor, Role
from events.models import Event, ReviewStatus
from events.tests.factories import EVENING, make_event, make_group
from members.tests.factories import make_member

pytestmark = pytest.mark.django_db


def test_events_are_todays_next_or_ended_lately() -> None:
    make_event(name="Now")
    make_event(name="Cancelled", stored_status=Event.Stored.CANCELLED)
    make_event(name="Tomorrow", starts_at=EVENING + timedelta(days=1))
    make_event(name="In a year", starts_at=EVENING + timedelta(days=365))
    make_event(name="Yesterday", starts_at=EVENING - timedelta(days=1))
    make_event(name="Last year", starts_at=EVENING - timedelta(days=365))
    make_event(name="Draft", stored_status=Event.Stored.DRAFT)
    make_event(name="Awaiting approval", review_status=ReviewStatus.PENDING)

    found = overview(STEWARD, at=AT)

    assert {event.name for event in found.today} == {"Now", "Cancelled"}
    assert [event.name for event in found.coming] == ["Tomorrow"]
    assert [event.name for event in found.ended] == ["Yesterday"]


def test_last_nights_party_is_todays_while_its_doors_are_open() -> None:
    late = make_event(starts_at=EVENING, ends_at=EVENING + timedelta(hours=5, minutes=30))  # until 23:30

    found = overview(STEWARD, at=EVENING + timedelta(hours=6, minutes=10))

    assert found.is_open == {late.pk}
    assert found.today == [late]


def test_today_is_each_events_own_day() -> None:
    at = EVENING + timedelta(hours=4, minutes=30)  # 22:30 UTC, 11:30 of the next day in Auckland
    make_event(name="Yesterday there", starts_at=EVENING - timedelta(hours=10), timezone="Pacific/Auckland")
    make_event(name="Today here", starts_at=EVENING - timedelta(hours=10), timezone="America/New_York")

    assert [event.name for event in overview(STEWARD, at=at).today] == ["Today here"]


def test_everybody_is_shown_the_own_events_alone() -> None:
    group = make_group()
    own = make_event(group=group)
    make_event(group=make_group())
    steward = Actor(user_id=1, group_roles={group.pk: Role.STEWARD})

    assert overview(steward, at=AT).today == [own]
    assert overview(ANONYMOUS, at=AT).is_empty
    assert overview(Actor(user_id=1), at=AT).is_empty


@pytest.mark.parametrize("events", [1, 30])
def test_the_overview_takes_three_queries(events: int, django_assert_num_queries: Any) -> None:
    for number in range(events):
        for days in (0, 3, -3):
            come_in(make_member(), make_event(name=f"Event {number}", starts_at=EVENING + timedelta(days=days)))

    with django_assert_num_queries(3):
        found = overview(STEWARD, at=AT)
        names = [(event.name, event.checked_in_heads, event.group) for event in found.today]  # type: ignore[attr-defined]

    assert len(names) == events
