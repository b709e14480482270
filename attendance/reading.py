"""An event's numbers, counted from its rows and reused for a moment, and the message that tells screens of them."""

from __future__ import annotations

import threading
import time
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

from django.conf import settings

from attendance.stats import Counts, Movement, Numbers, counts, latest, numbers
from events.models import Event

# At most this share of a process' time goes into counting; what a quiet time left over is saved up to COUNTING_SAVED s.
COUNTING_SHARE = 0.01
COUNTING_SAVED = 0.1
MOST_KEPT = 500


@dataclass(slots=True)
class _Kept:
    counts: Counts
    taken_at: float
    is_stale: bool = False


@dataclass(slots=True)
class Reading:
    """What one message says; the feed is asked for when the first one wants it who may see names."""

    numbers: Numbers
    taken_at: float
    feed: list[Movement] | None = None
    is_stale: bool = False


class _Budget:
    """Seconds that may be spent on counting: they come in slowly and are saved up to a little."""

    def __init__(self) -> None:
        self.left = COUNTING_SAVED
        self.at = time.monotonic()

    def is_left(self, now: float) -> bool:
        self.left = min(COUNTING_SAVED, self.left + (now - self.at) * COUNTING_SHARE)
        self.at = now
        return self.left > 0


_kept: dict[int, _Kept] = {}
_readings: dict[int, Reading] = {}
_budget = _Budget()
_lock = threading.Lock()
_Any = TypeVar("_Any", _Kept, Reading)


def snapshot(event_id: int) -> Counts:
    """The event's numbers, never older than COUNTS_MAX_AGE seconds.

    Within that age they are counted anew after each change this process made, as long as the process has not spent its
    share of time on counting: at the pace of a door they are exact at once, in a storm they lag by that age.
    """
    now = time.monotonic()
    with _lock:
        kept = _still_good(_kept.get(event_id), now)
    if kept is not None:
        return kept.counts
    found = counts(event_id)
    _keep(_kept, event_id, _Kept(found, now))
    return found


def message_for(event: Event, actor_may_see_names: bool, *, since: float = 0.0) -> dict[str, Any]:
    """The message with the event's numbers as of now: what a page starts with, a poll gets, a screen is greeted with.

    However many ask, they are counted at most once in COUNTS_MAX_AGE seconds, unless this process changed them: then at
    once, within its share of time. `since` (time.monotonic()) asks for numbers that are not older than that.
    """
    now = time.monotonic()
    with _lock:
        reading = _still_good(_readings.get(event.pk), now)
    if reading is None or reading.taken_at < since:
        reading = read(event.pk)
    if actor_may_see_names and reading.feed is None:
        reading.feed = latest(event.pk)
    return as_message(event.code, reading.numbers, reading.feed if actor_may_see_names else None)


def read(event_id: int, *, names: bool = False) -> Reading:
    """Count now, whatever is kept, and keep it for those who ask next. One query, two with `names`."""
    now = time.monotonic()
    found = Reading(numbers(event_id), now)
    if names:
        found.feed = latest(event_id)
    _keep(_readings, event_id, found)
    return found


def note_change(event_id: int) -> None:
    """This process changed the event's rows: what was counted before is not of now."""
    with _lock:
        for kept in (_kept.get(event_id), _readings.get(event_id)):
            if kept is not None:
                kept.is_stale = True


def _still_good(kept: _Any | None, now: float) -> _Any | None:
    """What may be used again. Whoever asks while another thread counts gets the numbers before."""
    if kept is None or now - kept.taken_at >= settings.COUNTS_MAX_AGE:
        return None
    if kept.is_stale and _budget.is_left(now):
        kept.is_stale = False
        return None
    return kept


def _keep(shelf: dict[int, _Any], event_id: int, found: _Any) -> None:
    with _lock:
        if len(shelf) > MOST_KEPT:
            shelf.clear()
        shelf[event_id] = found
        _budget.left -= time.monotonic() - found.taken_at


def as_message(event_code: str, found: Numbers, feed: list[Movement] | None) -> dict[str, Any]:
    """Absolute numbers, ready for JSON. `feed` None for those who may not see names."""
    rate = found.counts.show_rate
    return {
        "type": "counts",
        "event": event_code,
        "version": found.version,
        **asdict(found.counts),
        "show_rate": rate,
        "show_percent": None if rate is None else round(rate * 100),
        "capacity": found.capacity,
        "latest": [_told(movement) for movement in feed or ()],
    }


def _told(movement: Movement) -> dict[str, Any]:
    # asdict() copies what needs no copy.
    return {name: getattr(movement, name) for name in Movement.__slots__} | {"at": movement.at.isoformat()}
