"""Arrivals over time: from the minutes people came in to bars of a sensible width. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from checkin_project.platform import charts
from checkin_project.platform.charts import HEIGHT, WIDTH

MOST_BARS = 60
# Widths in minutes that people can read off a clock; beyond them whole days.
WIDTHS = (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440)
HOUR = 60
RATE_OVER = 5

Minute = tuple[datetime, int]


@dataclass(frozen=True, slots=True)
class Bar:
    """`heads` came from `starts_at` until before `ends_at`; `total` are all who had come by then."""

    starts_at: datetime
    ends_at: datetime
    heads: int
    total: int


@dataclass(frozen=True, slots=True)
class Curve:
    """`minutes` is a bar's width (the last unit is a day). Nobody came: no bars."""

    bars: tuple[Bar, ...] = ()
    minutes: int = 1

    @property
    def most(self) -> int:
        return max((bar.heads for bar in self.bars), default=0)

    @property
    def total(self) -> int:
        return self.bars[-1].total if self.bars else 0

    @property
    def busiest(self) -> Bar | None:
        return max(self.bars, key=lambda bar: bar.heads, default=None)

    @property
    def shapes(self) -> list[charts.Shape]:
        """One for each bar that somebody came in; drawn a little narrower than its slot."""
        slot = WIDTH / max(1, len(self.bars))
        return [
            charts.bar(number, 0, bar.heads, top=self.most, slot=slot)
            for number, bar in enumerate(self.bars)
            if bar.heads
        ]

    @property
    def line(self) -> str:
        """Points of the line of all who had come, from none at the left to everybody at the right."""
        slot = WIDTH / max(1, len(self.bars))
        points = [f"0,{HEIGHT}"]
        for number, bar in enumerate(self.bars):
            points.append(f"{round((number + 1) * slot, 1)},{round(HEIGHT - HEIGHT * bar.total / self.total, 1)}")
        return " ".join(points)


def curve(minutes: Iterable[Minute], *, until: datetime, zone: ZoneInfo) -> Curve:
    """Bars from the first arrival to the last, or to `until` when that is later; at most MOST_BARS, days excepted.

    `minutes` are (start of a minute, heads). Bars begin at round times of `zone`. Up to an hour they are equally long
    instants, so that the hour which a change of clocks repeats is counted twice; longer ones follow the clock on the
    wall, so that a day stays a day.
    """
    came = sorted(minutes)
    if not came:
        return Curve()
    first, last = came[0][0], max(came[-1][0], until)
    width = _width(first, last)
    edges = list(_edges(first, last, width, zone))
    bars, total, number = [], 0, 0
    for starts_at, ends_at in pairwise(edges):
        heads = 0
        while number < len(came) and came[number][0] < ends_at:
            heads += came[number][1]
            number += 1
        total += heads
        bars.append(Bar(starts_at, ends_at, heads, total))
    return Curve(tuple(bars), width)


def rate(minutes: Iterable[Minute], at: datetime) -> float:
    """Heads per minute over the last five minutes, the present one counted as far as it has got."""
    since = at.replace(second=0, microsecond=0) - timedelta(minutes=RATE_OVER - 1)
    heads = sum(found for minute, found in minutes if since <= minute <= at)
    return heads / ((at - since).total_seconds() / 60)


def _width(first: datetime, last: datetime) -> int:
    """The least width that covers the time with few enough bars; one more bar is lost by beginning at a round time."""
    long = (last - first) / timedelta(minutes=1)
    return next((width for width in WIDTHS if long / width <= MOST_BARS - 2), WIDTHS[-1])


def _edges(first: datetime, last: datetime, width: int, zone: ZoneInfo) -> Iterator[datetime]:
    """The instants between bars: the first at or before `first`, the last after `last`."""
    local = first.astimezone(zone)
    if width > HOUR:
        yield from _edges_on_the_wall(local, last, width)
        return
    into = timedelta(minutes=local.minute % width, seconds=local.second, microseconds=local.microsecond)
    edge = first.astimezone(UTC) - into
    yield edge
    while edge <= last:
        edge += timedelta(minutes=width)
        yield edge


def _edges_on_the_wall(local: datetime, last: datetime, width: int) -> Iterator[datetime]:
    """Edges at the same times of every day. A time that the clocks skip or repeat still parts two bars once."""
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    wall = midnight + timedelta(minutes=(local.hour * 60 + local.minute) // width * width)
    edge = wall.astimezone(UTC)
    yield edge
    while edge <= last:
        # Adding to a local time moves the hands of the clock; the instant follows from where they stand then.
        wall += timedelta(minutes=width)
        edge = wall.astimezone(UTC)
        yield edge
