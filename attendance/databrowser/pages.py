"""One page of the data browser: rows, how many match of how many, and where the next and previous rows are."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from django.db import ProgrammingError
from django.utils.formats import number_format

from attendance.databrowser.among import among
from attendance.databrowser.asked import Asked
from attendance.databrowser.columns import shown
from attendance.databrowser.filters import Found, matching, visible_to
from attendance.databrowser.sources import Facts, Source, facts_of, live, named
from attendance.databrowser.walking import Way, keys_beyond
from checkin_project.platform.access import Actor, Permission
from members.models import Member

ROWS = 50


@dataclass(frozen=True, slots=True)
class Line:
    """One row: (column, text) of each cell. `member` is 0 for guests and for people whose page is not open."""

    attendance: int
    event_code: str
    event: int
    member: int
    cells: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Page:
    """`matching` of `total` rows match; `next` and `previous` are what to ask for beside this page, None at an end.

    `is_lost`: the row the page was to begin at is gone, or is not for this actor, so this is the first page.
    `as_of` is how old the rows are, None for rows as they are now.
    """

    lines: tuple[Line, ...]
    matching: int
    total: int
    next: Asked | None
    previous: Asked | None
    is_lost: bool
    as_of: datetime | None

    @property
    def matching_words(self) -> str:
        return number_format(self.matching, force_grouping=True)

    @property
    def total_words(self) -> str:
        return number_format(self.total, force_grouping=True)


def steady_page(asked: Asked, actor: Actor, source: Source) -> Page:
    """As `page`; live rows when the view was taken down, for a migration, after the source had been chosen."""
    try:
        return page(asked, actor, source)
    except ProgrammingError:
        if source.as_of is None:
            raise
        return page(asked, actor, live())


def page(asked: Asked, actor: Actor, source: Source, *, size: int = ROWS) -> Page:
    """No more rows are read than one page has, however many match."""
    everything, found = visible_to(actor, source), matching(asked, actor, source)
    how_many = found.count()
    total = everything.count() if any(True for _filter in asked.filters()) else how_many
    start = _start(asked, everything)
    is_lost = bool(asked.after or asked.before) and start is None
    way = Way(asked.order, asked.is_descending, is_backward=bool(asked.before) and start is not None)
    keys = keys_beyond(found, way, start, size + 1, matching=how_many)
    if way.is_backward:
        if len(keys) <= size:
            # The beginning: the first page whole, rather than what is left before the row.
            start, way = None, replace(way, is_backward=False)
            keys = keys_beyond(found, way, None, size + 1, matching=how_many)
        else:
            keys = keys[size - 1 :: -1]
    is_first = start is None
    has_more = way.is_backward or len(keys) > size
    rows = _rows(keys[:size], found)
    return Page(
        lines=_lines(rows, asked, actor),
        matching=how_many,
        total=total,
        next=replace(asked, after=rows[-1]["id"], before=0) if has_more and rows else None,
        previous=replace(asked, after=0, before=rows[0]["id"]) if not is_first and rows else None,
        is_lost=is_lost,
        as_of=source.as_of,
    )


def _start(asked: Asked, everything: Found) -> Facts | None:
    """The row next to the page, as it is now. It need not match any more: its place in the order counts."""
    key = asked.after or asked.before
    if key <= 0:
        return None
    found = facts_of(everything.source, everything.rows.filter(pk=key)).first()
    return named(found) if found else None


def _rows(keys: list[int], found: Found) -> list[Facts]:
    by_key = {
        values[0]: named(values) for values in facts_of(found.source, found.source.rows.filter(among("pk", keys)))
    }
    # One that was deleted since its key was read is left out.
    return [by_key[key] for key in keys if key in by_key]


def _lines(rows: list[Facts], asked: Asked, actor: Actor) -> tuple[Line, ...]:
    known = {row["member_id"] for row in rows if row["member_id"]}
    if not actor.may(Permission.SEARCH):
        members = Member.objects.visible_to(actor).filter(pk__in=known)
        known = set(members.order_by().values_list("pk", flat=True))
    return tuple(
        Line(
            attendance=row["id"],
            event_code=row["event_code"],
            event=row["event_id"],
            member=row["member_id"] if row["member_id"] in known else 0,
            cells=tuple((column, shown(column, row)) for column in asked.columns),
        )
        for row in rows
    )
