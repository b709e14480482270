"""When people come, by the clock where the event takes place."""

from datetime import UTC, datetime, timedelta

import pytest

from attendance.reports import times
from attendance.reports.times import EARLIEST, LATEST, Arrivals, Door, Doors, Slot, Weekday
from attendance.tests.reporting import came, scoped
from events.tests.factories import make_event
from members.tests.factories import make_member

pytestmark = pytest.mark.django_db


def heads(arrivals: Arrivals) -> dict[int, int]:
    return {slot.start: slot.heads for slot in arrivals.hours if slot.heads}


def test_an_event_at_half_past_eleven_at_night_has_its_own_day_and_hour() -> None:
    # A Thursday night there, a Friday morning in UTC.
    event = make_event(starts_at=datetime(2026, 5, 1, 3, 30, tzinfo=UTC), timezone="America/New_York")
    came(event, make_member(), minutes=-1, party_size=2)
    came(event, make_member(), minutes=45)

    assert heads(times.arrivals(scoped())) == {23: 2, 0: 1}
    held = {day.number: (day.held, day.checked_in) for day in times.doors(scoped()).weekdays if day.held}
    assert held == {3: (1, 3)}


def test_hours_follow_zones_of_half_and_quarter_hours_and_a_change_of_clocks() -> None:
    kathmandu = make_event(starts_at=datetime(2026, 5, 1, 12, 15, tzinfo=UTC), timezone="Asia/Kathmandu")
    berlin = make_event(starts_at=datetime(2026, 10, 25, 0, 30, tzinfo=UTC), timezone="Europe/Berlin")
    came(kathmandu, make_member(), minutes=-1)
    came(kathmandu, make_member())
    # Half past two comes twice that night.
    came(berlin, make_member())
    came(berlin, make_member(), minutes=60)

    assert heads(times.arrivals(scoped())) == {17: 1, 18: 1, 2: 2}


def test_minutes_are_those_of_the_clock_from_the_start() -> None:
    start = datetime(2026, 5, 1, 18, 0, 30, tzinfo=UTC)
    event, all_day = make_event(starts_at=start), make_event(starts_at=start, all_day=True)
    for number, moment in enumerate((start - timedelta(seconds=31), start, start + timedelta(seconds=89))):
        came(event, make_member(), party_size=number + 1, checked_in_at=moment)
    came(all_day, make_member(), minutes=7)

    assert times.arrivals(scoped()).minutes == (Slot(-1, 1), Slot(0, 2), Slot(1, 3))


def test_who_comes_very_early_or_late_counts_at_the_edge() -> None:
    event = make_event(starts_at=datetime(2026, 5, 1, 18, 0, tzinfo=UTC))
    came(event, make_member(), minutes=-500)
    came(event, make_member(), minutes=5_000)

    found = times.arrivals(scoped()).minutes

    assert (found[0], found[-1]) == (Slot(EARLIEST, 1), Slot(LATEST, 1))


def test_doors_are_counted_in_check_ins_and_heads() -> None:
    event = make_event(starts_at=datetime(2026, 5, 1, 18, 0, tzinfo=UTC))
    came(event, make_member(), party_size=5, method="paper")
    came(event, "Gus")
    came(event, make_member())

    assert times.doors(scoped()) == Doors(
        weekdays=tuple(Weekday(number, int(number == 4), 7 * int(number == 4)) for number in range(7)),
        methods=(Door("paper", 1, 5), Door("kiosk", 2, 2)),
    )
    assert Weekday(0, 0, 0).average is None


def test_minutes_are_put_together_at_round_ones() -> None:
    slots = [Slot(-3, 1), Slot(0, 2), Slot(4, 3), Slot(11, 1)]

    assert times.grouped(slots, 5) == [Slot(-5, 1), Slot(0, 5), Slot(5, 0), Slot(10, 1)]
    assert times.grouped([], 5) == []


def test_nobody_came_at_no_time() -> None:
    assert times.arrivals(scoped()) == Arrivals(tuple(Slot(hour, 0) for hour in range(24)), ())
