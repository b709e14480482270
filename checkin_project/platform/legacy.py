"""What the cells and headings of old spreadsheets mean: blanks, ids, days and moments. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from checkin_project.platform.text import clean_text, fold

_BLANK = frozenset({"", "nan", "none", "null", "n/a", "na", "#n/a", "nat", "undefined"})
# People are called Nan, Na and Null; programs write these spellings.
_BLANK_NAME = frozenset({"", "nan", "NaN", "None", "NULL", "null", "n/a", "N/A", "#N/A"})
_WHOLE_AS_FLOAT = re.compile(r"(\d+)\.0+")
_DAY = re.compile(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})")
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)? ?(Z|z|UTC|[+-]\d{2}(:?\d{2})?)?")
_UTC = re.compile(r" ?(Z|z|UTC)$")
_YEARS = range(1900, 2101)
_YES = frozenset({"true", "t", "yes", "y", "1", "1.0", "active", "on"})
_NO = frozenset({"false", "f", "no", "n", "0", "0.0", "inactive", "off"})


def heading_key(heading: str) -> str:
    """A heading as it is compared: "Personal Email" and "personal_email" are one."""
    return re.sub(r"[^\w]+", "_", fold(heading)).strip("_")


def field_of(heading: str, aliases: Mapping[str, str]) -> str:
    """The field a heading stands for, or "" when it is none of `aliases` (heading key → field)."""
    return aliases.get(heading_key(heading), "")


def is_blank(cell: str) -> bool:
    """Nothing, or a program's word for nothing."""
    return cell.strip().casefold() in _BLANK


def is_blank_name(cell: str) -> bool:
    """As `is_blank`, but spares the names of people."""
    return cell.strip() in _BLANK_NAME


def clean_id(cell: str) -> str:
    """An id of an older system; "12.0", as some programs write whole numbers, is "12". Raises ValidationError."""
    if is_blank(cell):
        return ""
    text = clean_text(cell, max_length=100)
    whole = _WHOLE_AS_FLOAT.fullmatch(text) if "." in text else None
    return whole[1] if whole else text


def parse_day(cell: str) -> date:
    """A date, year first. Raises ValidationError: other orders mean different days in different countries."""
    match = _DAY.fullmatch(cell.strip())
    try:
        if match and int(match[1]) in _YEARS:
            return date(*(int(part) for part in match.groups()))
    except ValueError:
        pass
    raise ValidationError(_("This is not a date. Write year, month and day, for example 2026-11-20."), code="day")


def parse_moment(cell: str, zone: ZoneInfo) -> datetime:
    """An instant in UTC; a time without a zone is in `zone`, a date alone is its midnight. Raises ValidationError."""
    text = cell.strip()
    if _DAY.fullmatch(text):
        day = parse_day(text)
        return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
    try:
        if _MOMENT.fullmatch(text) and int(text[:4]) in _YEARS:
            moment = datetime.fromisoformat(_UTC.sub("+00:00", text))
            if moment.tzinfo is UTC:
                return moment
            return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
    except ValueError:
        pass
    raise ValidationError(_("This is not a date and time. Example: 2026-11-20 18:30."), code="moment")


def parse_yes_no(cell: str) -> bool:
    """Raises ValidationError for what is neither."""
    text = cell.strip().casefold()
    if text in _YES:
        return True
    if text in _NO:
        return False
    raise ValidationError(_("Write true or false."), code="yes_no")


# The key of `extra` under which the ids of other generations of spreadsheets are kept.
LEGACY_IDS = "legacy_ids"


def other_legacy_ids(extra: Mapping[str, Any]) -> list[str]:
    """Ids that other generations of spreadsheets gave the same record, beside its `legacy_id`."""
    ids = extra.get(LEGACY_IDS)
    return [str(item) for item in ids] if isinstance(ids, list) else []


def with_legacy_id(extra: Mapping[str, Any], legacy_id: str) -> dict[str, Any]:
    """`extra` that knows one more id."""
    known = other_legacy_ids(extra)
    return {**extra} if legacy_id in known else {**extra, LEGACY_IDS: [*known, legacy_id]}


def unknown_columns(unknown: Mapping[str, str]) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """What a row's columns without a field here add to `extra`, and (column, reason) of what cannot be kept."""
    kept: dict[str, Any] = {}
    problems: list[tuple[str, str]] = []
    for heading, cell in unknown.items():
        if is_blank(cell):
            continue
        try:
            text = clean_text(cell, max_length=20_000, multiline=True)
        except ValidationError as error:
            problems.append((heading, error.messages[0]))
            continue
        if text:
            # The key under which other ids are kept must not be taken by a column.
            kept[f"{heading} (column)" if heading == LEGACY_IDS else heading] = text
    return kept, problems
