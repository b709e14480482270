"""Groups, series and events for tests: dull defaults, every field can be given."""

from datetime import UTC, datetime, time, timedelta
from itertools import count
from typing import Any

from events.models import CheckInSettings, Event, Group, Series

# A Friday evening, far from every change of clocks.
EVENING = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
_numbers = count(1)


def make_group(**fields: Any) -> Group:
    number = next(_numbers)
    return Group.objects.create(**({"name": f"Chess club {number}", "slug": f"chess-club-{number}"} | fields))


def make_series(**fields: Any) -> Series:
    number = next(_numbers)
    defaults = {"name": f"Weekly run {number}", "slug": f"weekly-run-{number}", "default_start": time(18, 0)}
    return Series.objects.create(**(defaults | fields))


def make_event(*, check_in: dict[str, Any] | None = None, **fields: Any) -> Event:
    """A saved, published event on EVENING; it lasts two hours unless `ends_at` is given.

    `check_in` holds values for its CheckInSettings, for example {"walk_ins": "refuse"}.
    """
    starts_at = fields.setdefault("starts_at", EVENING)
    event = Event.objects.create(**({"name": "Open evening", "ends_at": starts_at + timedelta(hours=2)} | fields))
    if check_in:
        CheckInSettings.objects.filter(event=event).update(**check_in)
    # Read back, so that no test works with settings that were changed behind a cached object.
    return Event.objects.select_related("check_in_settings").get(pk=event.pk)
