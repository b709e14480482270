"""Events under their days."""

from datetime import UTC, date, datetime, timedelta

from events.calendar import Day, by_day, is_on
from events.models import Event

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def unsaved(name: str, starts_at: datetime, hours: float = 2, *, zone: str = "UTC", all_day: bool = False) -> Event:
    ends_at = starts_at + timedelta(hours=hours)
    return Event(name=name, starts_at=starts_at, ends_at=ends_at, timezone=zone, all_day=all_day)


def named(days: list[Day]) -> list[tuple[date, list[str]]]:
    return [(day.date, [event.name for event in day.events]) for day in days]


def test_all_day_events_come_first_then_the_earliest() -> None:
    late = unsaved("late", NOON + timedelta(hours=9))
    early = unsaved("early", NOON + timedelta(hours=3))
    all_day = unsaved("all day", NOON.replace(hour=0) + timedelta(days=1), 24, all_day=True)
    next_day = unsaved("next day", NOON + timedelta(hours=13))

    days = by_day([late, next_day, all_day, early], NOON)

    assert named(days) == [(date(2026, 11, 20), ["early", "late"]), (date(2026, 11, 21), ["all day", "next day"])]


def test_an_event_under_way_since_yesterday_stands_under_today() -> None:
    festival = unsaved("festival", NOON - timedelta(days=1), 72)

    days = by_day([festival], NOON)

    assert named(days) == [(date(2026, 11, 20), ["festival"])]


def test_the_day_is_that_of_the_events_own_time_zone() -> None:
    tokyo = unsaved("tokyo", datetime(2026, 11, 20, 16, 0, tzinfo=UTC), zone="Asia/Tokyo")
    honolulu = unsaved("honolulu", datetime(2026, 11, 21, 3, 0, tzinfo=UTC), zone="Pacific/Honolulu")

    days = by_day([tokyo, honolulu], NOON)

    assert named(days) == [(date(2026, 11, 20), ["honolulu"]), (date(2026, 11, 21), ["tokyo"])]


def test_an_event_is_on_from_its_first_day_to_its_last() -> None:
    festival = unsaved("festival", NOON, 48)

    on = [is_on(festival, NOON + timedelta(days=days)) for days in (-1, 0, 1, 2, 3)]

    assert on == [False, True, True, True, False]
