"""Which events a report is about, and whose."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from attendance.reports.scope import NO_GROUP, Filters, groups_of, series_of, usual
from attendance.tests.reporting import ALL, AT, scoped
from checkin_project.platform.access import ANONYMOUS, SYSTEM, Actor, Role
from events.models import Event, ReviewStatus
from events.tests.factories import make_event, make_group, make_series

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 5, 10, 12, 0, tzinfo=UTC)


def names(filters: Filters = ALL, *, by: Actor = SYSTEM) -> list[str]:
    return [event.name for event in scoped(filters, by=by).events]


def test_an_event_belongs_to_the_day_and_month_on_its_own_clock() -> None:
    # 23:30 on the last of April there is the first of May in UTC.
    make_event(name="Late", starts_at=datetime(2026, 5, 1, 3, 30, tzinfo=UTC), timezone="America/New_York")
    make_event(name="Early", starts_at=datetime(2026, 4, 30, 12, 30, tzinfo=UTC), timezone="Pacific/Auckland")

    april, may = Filters(date(2026, 4, 1), date(2026, 4, 30)), Filters(date(2026, 5, 1), date(2026, 5, 31))

    assert names(april) == ["Late"]
    assert names(may) == ["Early"]
    assert [(event.on, event.month) for event in scoped(april).events] == [(date(2026, 4, 30), date(2026, 4, 1))]


def test_what_does_not_take_place_is_left_out_and_what_is_hidden_is_not() -> None:
    first = make_event(name="Held", starts_at=NOON)
    make_event(name="Hidden", starts_at=NOON, hidden=True)
    make_event(name="Cancelled", starts_at=NOON, stored_status=Event.Stored.CANCELLED)
    make_event(name="Draft", starts_at=NOON, stored_status=Event.Stored.DRAFT)
    make_event(name="Pending", starts_at=NOON, review_status=ReviewStatus.PENDING)
    make_event(name="Rejected", starts_at=NOON, review_status=ReviewStatus.REJECTED)
    make_event(name="Duplicate", starts_at=NOON, duplicate_of=first)
    make_event(name="Not begun", starts_at=AT + timedelta(minutes=1))

    assert names() == ["Held", "Hidden"]


def test_an_organiser_of_a_group_asks_about_the_own_events_alone() -> None:
    own, foreign = make_group(name="Own"), make_group(name="Foreign")
    for group in (own, foreign, None):
        make_event(name=f"{group.name if group else 'House'} night", starts_at=NOON, group=group)
        make_series(name=f"{group.name if group else 'House'} run", group=group)
    organiser = Actor(user_id=1, group_roles={own.pk: Role.ORGANISER, foreign.pk: Role.STEWARD})

    assert names(by=organiser) == ["Own night"]
    assert names(Filters(ALL.first, ALL.last, group_id=foreign.pk), by=organiser) == []
    assert list(groups_of(organiser)) == [own]
    assert [series.name for series in series_of(organiser)] == ["Own run"]


@pytest.mark.parametrize("actor", [ANONYMOUS, Actor(user_id=1), Actor(user_id=1, role=Role.SUPERVISOR)])
def test_who_reads_no_reports_asks_about_nothing(actor: Actor) -> None:
    make_event(starts_at=NOON)

    assert names(by=actor) == []


def test_a_group_a_series_or_events_of_no_group_can_be_chosen() -> None:
    group, series = make_group(), make_series()
    make_event(name="Club", starts_at=NOON, group=group)
    make_event(name="Run", starts_at=NOON, series=series)

    assert names(Filters(ALL.first, ALL.last, group_id=group.pk)) == ["Club"]
    assert names(Filters(ALL.first, ALL.last, group_id=NO_GROUP)) == ["Run"]
    assert names(Filters(ALL.first, ALL.last, series_id=series.pk)) == ["Run"]


def test_as_many_days_before_are_there_to_compare_with() -> None:
    for day in (9, 10, 19, 20, 29, 30):
        make_event(name=str(day), starts_at=NOON.replace(day=day))

    scope = scoped(Filters(date(2026, 5, 20), date(2026, 5, 29)))

    assert [event.name for event in scope.events] == ["20", "29"]
    assert [event.name for event in scope.before] == ["10", "19"]
    assert [(event.name, event.place) for event in scope.history] == [
        ("9", 0), ("10", 1), ("19", 2), ("20", 3), ("29", 4),
    ]  # fmt: skip


def test_usual_are_twelve_months_with_the_present_one(settings: Any) -> None:
    settings.TIME_ZONE = "Pacific/Auckland"

    assert usual(datetime(2026, 11, 20, 18, 0, tzinfo=UTC)) == Filters(date(2025, 12, 1), date(2026, 11, 21))
    assert usual(datetime(2026, 12, 31, 18, 0, tzinfo=UTC)) == Filters(date(2026, 2, 1), date(2027, 1, 1))


@pytest.mark.parametrize("events", [1, 3])
def test_a_scope_takes_one_query(events: int, django_assert_num_queries: Any) -> None:
    for _number in range(events):
        make_event(starts_at=NOON, group=make_group(), series=make_series())

    with django_assert_num_queries(1):
        assert len(scoped().events) == events
