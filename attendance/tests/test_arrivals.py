"""Arrivals over time: bars of a sensible width, at round times of the event's own zone."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attendance.arrivals import MOST_BARS, Bar, Curve, curve, rate
from checkin_project.platform.charts import HEIGHT, WIDTH

BERLIN = ZoneInfo("Europe/Berlin")
AT = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)


def later(**more: int) -> datetime:
    return AT + timedelta(**more)


def test_nobody_makes_no_bars() -> None:
    assert curve([], until=AT, zone=BERLIN) == Curve()
    assert Curve().shapes == []
    assert Curve().busiest is None


def test_one_arrival_makes_one_bar() -> None:
    found = curve([(AT, 3)], until=AT, zone=BERLIN)

    assert found == Curve((Bar(AT, later(minutes=1), heads=3, total=3),), minutes=1)
    assert found.line == f"0,{HEIGHT} {WIDTH}.0,0.0"


def test_minutes_without_anybody_are_bars_of_nobody() -> None:
    found = curve([(AT, 2), (later(minutes=3), 1)], until=later(minutes=4), zone=BERLIN)

    assert [(bar.heads, bar.total) for bar in found.bars] == [(2, 2), (0, 2), (0, 2), (1, 3), (0, 3)]
    assert [shape.height for shape in found.shapes] == [HEIGHT, HEIGHT / 2]


def test_long_events_get_wider_bars_at_round_times() -> None:
    at = datetime(2026, 11, 20, 18, 7, tzinfo=UTC)

    found = curve([(at, 1), (at + timedelta(hours=4), 1)], until=at, zone=BERLIN)

    assert found.minutes == 5
    assert found.bars[0].starts_at == datetime(2026, 11, 20, 18, 5, tzinfo=UTC)


def test_round_times_are_those_of_the_event() -> None:
    # Kathmandu is five hours and three quarters ahead: its full hours are a quarter past in UTC.
    at = datetime(2026, 11, 20, 18, 7, tzinfo=UTC)

    found = curve([(at, 1), (at + timedelta(hours=48), 1)], until=at, zone=ZoneInfo("Asia/Kathmandu"))

    assert found.minutes == 60
    assert found.bars[0].starts_at == datetime(2026, 11, 20, 17, 15, tzinfo=UTC)


def test_an_evening_over_midnight_is_one_curve() -> None:
    at = datetime(2026, 11, 20, 22, 50, tzinfo=UTC)  # ten to midnight in Berlin

    found = curve([(at, 1), (at + timedelta(minutes=20), 1)], until=at, zone=BERLIN)

    assert len(found.bars) == 21
    assert found.total == 2


def test_the_hour_that_clocks_repeat_is_counted_twice() -> None:
    # In Berlin 2026-10-25 has 02:30 at 00:30 and again at 01:30 UTC.
    once, again = datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC)

    found = curve([(once, 1), (again, 1)], until=again, zone=BERLIN)

    came = [bar.starts_at.astimezone(BERLIN) for bar in found.bars if bar.heads]
    assert [(moment.hour, moment.minute, moment.fold) for moment in came] == [(2, 30, 0), (2, 30, 1)]


@pytest.mark.parametrize(
    ("first", "hours"),
    [(datetime(2026, 10, 24, 22, tzinfo=UTC), 25), (datetime(2026, 3, 28, 23, tzinfo=UTC), 23)],
    ids=["the long day", "the short day"],
)
def test_a_day_stays_a_day_when_clocks_change(first: datetime, hours: int) -> None:
    found = curve([(first, 1), (first + timedelta(days=40), 1)], until=first, zone=BERLIN)

    assert found.minutes == 24 * 60
    assert found.bars[0].ends_at - found.bars[0].starts_at == timedelta(hours=hours)
    assert all(bar.starts_at.astimezone(BERLIN).hour == 0 for bar in found.bars)


def test_half_days_begin_at_noon_and_midnight_after_clocks_changed() -> None:
    first = datetime(2026, 10, 20, 10, 5, tzinfo=UTC)

    found = curve([(first, 1), (first + timedelta(days=20), 1)], until=first, zone=BERLIN)

    assert found.minutes == 12 * 60
    assert {bar.starts_at.astimezone(BERLIN).hour for bar in found.bars} == {0, 12}


@given(
    st.lists(st.tuples(st.integers(0, 60 * 24 * 50), st.integers(1, 9)), min_size=1, max_size=40),
    st.integers(0, 60 * 24 * 50),
    st.sampled_from(["UTC", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Pacific/Apia"]),
)
def test_nobody_is_lost_or_counted_twice(came: list[tuple[int, int]], until: int, zone: str) -> None:
    start = datetime(2026, 9, 20, 3, 17, tzinfo=UTC)
    minutes = [(start + timedelta(minutes=minute), heads) for minute, heads in came]

    found = curve(minutes, until=start + timedelta(minutes=until), zone=ZoneInfo(zone))

    assert sum(bar.heads for bar in found.bars) == sum(heads for _minute, heads in came) == found.total
    assert all(one.ends_at == other.starts_at for one, other in pairwise(found.bars))
    assert found.bars[0].starts_at <= min(minutes)[0]
    assert len(found.bars) <= MOST_BARS


def test_the_rate_looks_at_the_last_five_minutes() -> None:
    minutes = [(later(minutes=-10), 50), (later(minutes=-4), 6), (AT, 2)]

    assert rate(minutes, later(seconds=30)) == pytest.approx(8 / 4.5)
    assert rate([], AT) == 0
