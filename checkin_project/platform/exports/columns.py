"""Cells that the apps' tables share: moments with their zone's offset, and the columns of older spreadsheets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connections
from django.db.models import F, Func, QuerySet, TextField, Value

from checkin_project.platform.exports.table import Cell, Row, Table, stream
from checkin_project.platform.legacy import field_of, unknown_columns

# Before this year offsets had seconds, which no reader of moments knows.
_WHOLE_MINUTES = 1972


def house_zone() -> ZoneInfo:
    return ZoneInfo(settings.TIME_ZONE)


def local(at: datetime | None, zone: ZoneInfo) -> datetime | None:
    """The same instant on the clocks of `zone`: written with that offset, it reads back exactly."""
    if at is None:
        return None
    return at.astimezone(zone if at.year > _WHOLE_MINUTES else UTC)


def plain(name: str, rows: QuerySet[Any], columns: Mapping[str, str]) -> Table:
    """A table straight from the database: heading → path of a field. Moments are on the house's clocks."""
    zone = house_zone()

    def cells() -> Iterator[Row]:
        for row in stream(rows.values_list(*columns.values())):
            yield [_cell(value, zone) for value in row]

    return Table(name, tuple(columns), cells)


def _cell(value: Any, zone: ZoneInfo) -> Cell:
    if isinstance(value, datetime):
        return local(value, zone)
    if value is None or isinstance(value, Cell):
        return value
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def extra_headings(rows: QuerySet[Any], taken: tuple[str, ...], aliases: Mapping[str, str]) -> tuple[str, ...]:
    """The columns of older spreadsheets that these rows keep in `extra`, by name. One query.

    Only headings that the import would put into `extra` again: none that stands for a field or is there already.
    """
    used = {heading.casefold() for heading in taken}
    found = []
    for key in sorted(_keys(rows)):
        is_heading = key == key.strip() and key and "\x00" not in key and not field_of(key, aliases)
        if is_heading and key.casefold() not in used:
            used.add(key.casefold())
            found.append(key)
    return tuple(found)


def _keys(rows: QuerySet[Any]) -> set[str]:
    rows = rows.order_by().exclude(extra={})
    if connections[rows.db].vendor == "postgresql":
        keys = Func(F("extra"), function="jsonb_object_keys", output_field=TextField())
        objects = rows.alias(kind=Func(F("extra"), function="jsonb_typeof", output_field=TextField()))
        return set(objects.filter(kind=Value("object")).values_list(keys, flat=True).distinct())
    found: set[str] = set()
    for extra in rows.values_list("extra", flat=True).iterator():
        found |= extra.keys() if isinstance(extra, dict) else set()
    return found


def extra_cell(extra: Any, heading: str) -> str | None:
    """What stands under this heading in `extra`, if it would read back as it is."""
    value = extra.get(heading) if isinstance(extra, dict) else None
    return value if isinstance(value, str) and unknown_columns({heading: value}) == ({heading: value}, []) else None
