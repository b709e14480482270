"""One row of an older events' spreadsheet → cleaned values, or what is wrong with it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from checkin_project.platform.legacy import clean_id, is_blank, parse_day, parse_moment, parse_yes_no, unknown_columns
from checkin_project.platform.text import clean_text

# Heading (spaces, case and punctuation aside) → field. docs/how-to/import-legacy-csvs.md prints this table.
ALIASES: dict[str, str] = {
    "id": "legacy_id",
    "legacy_id": "legacy_id",
    "event_id": "legacy_id",
    "name": "name",
    "event_name": "name",
    "event_date": "event_date",
    "date": "event_date",
    "location": "location",
    "event_location": "location",
    "active": "active",
    "created_at": "created_at",
}
# What a column may stand for, in words for people.
FIELDS = {
    "legacy_id": _lazy("legacy id"),
    "name": _lazy("name"),
    "event_date": _lazy("date"),
    "location": _lazy("location"),
    "active": _lazy("active"),
    "created_at": _lazy("created"),
}
# For an event with a time but no end, as calendars do.
DEFAULT_LENGTH = timedelta(hours=1)


@dataclass(slots=True)
class Reading:
    """One row, cleaned. Blank cells are absent from `values` and `extra`; `problems` are (field, reason)."""

    values: dict[str, Any] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)
    problems: list[tuple[str, str]] = field(default_factory=list)


def whole_day(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Midnight to midnight in `zone`, in UTC; 23 or 25 hours apart when the clocks change."""
    following = day + timedelta(days=1)
    start = datetime(day.year, day.month, day.day, tzinfo=zone)
    end = datetime(following.year, following.month, following.day, tzinfo=zone)
    return start.astimezone(UTC), end.astimezone(UTC)


def _times(cell: str, zone: ZoneInfo) -> dict[str, Any]:
    """A date without a time is all day in `zone`."""
    try:
        starts_at, ends_at = whole_day(parse_day(cell), zone)
    except ValidationError:
        starts_at = parse_moment(cell, zone)
        return {"starts_at": starts_at, "ends_at": starts_at + DEFAULT_LENGTH, "all_day": False}
    return {"starts_at": starts_at, "ends_at": ends_at, "all_day": True}


def read_row(cells: Mapping[str, str], unknown: Mapping[str, str], zone: ZoneInfo) -> Reading:
    """`cells` by field of ALIASES, `unknown` by heading. Dates and times without a zone are in `zone`."""
    kept, problems = unknown_columns(unknown)
    reading = Reading(extra=kept, problems=problems)

    def put(name: str, clean: Callable[[str], dict[str, Any]]) -> None:
        cell = cells.get(name, "")
        if is_blank(cell):
            return
        try:
            values = clean(cell)
        except ValidationError as error:
            reading.problems.append((name, error.messages[0]))
            return
        reading.values |= {key: value for key, value in values.items() if value != ""}

    put("legacy_id", lambda cell: {"legacy_id": clean_id(cell)})
    put("name", lambda cell: {"name": clean_text(cell, max_length=200)})
    put("event_date", lambda cell: _times(cell, zone))
    put("location", lambda cell: {"location": clean_text(cell, max_length=300)})
    # An old "active" does not uncover what staff have hidden since.
    put("active", lambda cell: {} if parse_yes_no(cell) else {"hidden": True})
    put("created_at", lambda cell: {"created_at": parse_moment(cell, zone)})
    failed = {name for name, _reason in reading.problems}
    if "name" not in reading.values | dict.fromkeys(failed):
        reading.problems.append(("name", _("An event needs a name.")))
    if "starts_at" not in reading.values and "event_date" not in failed:
        reading.problems.append(("event_date", _("An event needs a date.")))
    return reading
