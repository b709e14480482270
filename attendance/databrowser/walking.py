"""Pages through an order: the keys of the rows after a given one, found without reading what is not shown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

from django.db import connection
from django.db.models import Max, Min, OuterRef, Q, QuerySet, Subquery

from attendance.databrowser.among import among
from attendance.databrowser.filters import Found
from attendance.databrowser.orders import ORDERS, Phase, beyond
from attendance.databrowser.sources import Facts
from events.models import Event
from members.models import Member

# Up to so many rows sorting all of them is quicker than looking for the next one in its place.
FEW = 20_000
# Where a parent's facts are on the parent itself.
PARENTS: dict[str, tuple[Any, dict[str, str], int]] = {
    "event": (Event, {"event_starts_at": "starts_at", "event_name": "name", "event_id": "pk"}, 2),
    "member": (
        Member,
        {key: key for key in ("last_name", "first_name", "classification", "major")} | {"member_id": "pk"},
        64,
    ),
}


@dataclass(frozen=True, slots=True)
class Way:
    """Which way to go: an order's name, its direction, and whether to walk it from the end."""

    order: str
    is_descending: bool
    is_backward: bool = False


def keys_beyond(found: Found, way: Way, start: Facts | None, limit: int, *, matching: int) -> list[int]:
    """Keys of the next `limit` rows after `start` (None: from the beginning), in the way's order."""
    phases = ORDERS[way.order].phases
    keys: list[int] = []
    is_there = start is None
    for phase in reversed(phases) if way.is_backward else phases:
        if found.lacks.get(phase.fact, phase.is_missing) != phase.is_missing:
            # No row is in it, which a database would find out by reading them all.
            is_there = is_there or (start is not None and phase.holds(start))
            continue
        begin = None
        if not is_there and start is not None:
            if not phase.holds(start):
                continue
            is_there, begin = True, start
        keys += _of_phase(found, phase, way, begin, limit - len(keys), matching)
        if len(keys) >= limit:
            break
    return keys


def _of_phase(found: Found, phase: Phase, way: Way, start: Facts | None, limit: int, matching: int) -> list[int]:
    source, is_descending = found.source, way.is_descending != way.is_backward
    rows = found.rows.filter(phase.condition(source))
    is_timed = phase.fact == "checked_in_at" and not phase.is_missing
    if is_timed and start is None and found.events is not None and matching > FEW:
        rows = rows.filter(_within(found, is_descending=is_descending))
    if start is not None:
        keys = [(source.path(key), start[key]) for key in phase.keys]
        rows = rows.filter(beyond(keys, is_descending=is_descending))
    ordered = rows.order_by(*phase.order_by(source, is_descending=is_descending)).values_list("pk", flat=True)
    # The view has an index for each order, which serves unless only some events' rows are wanted.
    is_joined = source.as_of is None or (phase.parent == "event" and found.events is not None)
    if phase.parent and is_joined and matching > FEW and connection.vendor == "postgresql":
        return _by_parents(found, phase, ordered, start, limit, is_descending=is_descending)
    return list(ordered[:limit])


def _within(found: Found, *, is_descending: bool) -> Q:
    """The latest (or first) time of these events: what is beyond need not be walked through to find that out."""
    times = found.source.rows.filter(event_id=OuterRef("pk"), checked_in_at__isnull=False)
    edge = times.order_by("-checked_in_at" if is_descending else "checked_in_at").values("checked_in_at")[:1]
    events = Event.objects.order_by().filter(found.events or Q()).annotate(edge=Subquery(edge))
    last = events.aggregate(last=Max("edge") if is_descending else Min("edge"))["last"]
    return Q(**{f"checked_in_at__{'lte' if is_descending else 'gte'}": last}) if last else Q(pk=None)


def _by_parents(
    found: Found, phase: Phase, ordered: QuerySet[Any, int], start: Facts | None, limit: int, *, is_descending: bool
) -> list[int]:
    """Event by event or member by member: PostgreSQL itself would join and sort a million rows for the first fifty."""
    keys: list[int] = []
    # They come in the same order as their rows, and no row of one stands between rows of another.
    for batch in _parents(found, phase, start, is_descending=is_descending):
        keys += ordered.filter(among(f"{phase.parent}_id", batch))[: limit - len(keys)]
        if len(keys) >= limit:
            break
    return keys


def _parents(found: Found, phase: Phase, start: Facts | None, *, is_descending: bool) -> Iterator[list[int]]:
    model, paths, size = PARENTS[phase.parent]
    asked = [(paths[key], start[key] if start else None) for key in phase.keys[:-1]]
    parents = model.objects.all()
    if found.source.as_of is not None:
        # As the view knows them: an event may have been renamed since.
        seen = found.source.rows.filter(event_id=OuterRef("pk"))
        parents = parents.annotate(**{f"seen_{key}": Subquery(seen.values(key)[:1]) for key in phase.keys[:-2]})
        asked = [(f"seen_{key}", value) for key, (_path, value) in zip(phase.keys, asked, strict=False)][:-1] + asked[
            -1:
        ]
    parents = parents.order_by(*(f"{'-' if is_descending else ''}{path}" for path, _value in asked))
    limits = found.events if phase.parent == "event" else found.people
    if limits is not None:
        parents = parents.filter(limits)
    if start is not None:
        here = list(model.objects.filter(pk=start[f"{phase.parent}_id"]).values_list("pk", flat=True))
        yield here
        parents = parents.filter(beyond(asked, is_descending=is_descending))
    begin = 0
    for _step in count():
        batch = list(parents.values_list("pk", flat=True)[begin : begin + size])
        if batch:
            yield batch
        if len(batch) < size:
            return
        begin, size = begin + size, size * 4
