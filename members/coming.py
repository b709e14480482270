"""What lies ahead of a member. Members know nothing of events, so the app that does says here where to ask."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from members.models import Member


@dataclass(frozen=True, slots=True)
class Coming:
    """The next thing to come to, as its page tells it. `is_over_night` when it ends on another day than it starts."""

    name: str
    location: str
    starts_at: datetime
    ends_at: datetime
    timezone: str
    all_day: bool
    is_on: bool
    is_registered: bool
    is_checked_in: bool

    @property
    def is_over_night(self) -> bool:
        zone = ZoneInfo(self.timezone)
        return self.starts_at.astimezone(zone).date() != self.ends_at.astimezone(zone).date()


Source = Callable[[Member, datetime], Coming | None]
_sources: list[Source] = []


def ask(source: Source) -> None:
    """From now on `next_for` asks this source. Safe to repeat; called while the site starts."""
    if source not in _sources:
        _sources.append(source)


def next_for(member: Member, *, at: datetime) -> Coming | None:
    """The next event that concerns the member, or None. One query for each source."""
    found = [coming for source in _sources if (coming := source(member, at)) is not None]
    return min(found, key=lambda coming: coming.starts_at, default=None)
