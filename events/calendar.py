"""Dates to lists of days; pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from events.models import Event


@dataclass(frozen=True, slots=True)
class Day:
    """A day and the events on it, all-day ones first, then by start."""

    date: date
    events: tuple[Event, ...]


def by_day(events: Iterable[Event], at: datetime) -> list[Day]:
    """`events` under the day they start on in their own time zone; one that is under way at `at` stands under today."""
    days: dict[date, list[Event]] = {}
    for event in events:
        first = max(event.local_start.date(), min(at.astimezone(event.zone).date(), event.local_end.date()))
        days.setdefault(first, []).append(event)
    return [
        Day(day, tuple(sorted(found, key=lambda event: (not event.all_day, event.starts_at, event.pk))))
        for day, found in sorted(days.items())
    ]


def is_on(event: Event, at: datetime) -> bool:
    """Does `event` touch the day that `at` falls on in the event's own time zone?"""
    today = at.astimezone(event.zone).date()
    return event.local_start.date() <= today <= event.local_end.date()
