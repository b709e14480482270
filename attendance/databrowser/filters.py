"""From what is asked to the rows that match, of those that somebody may see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

from django.db.models import Q, QuerySet

from attendance.databrowser.among import among, keys_or_query
from attendance.databrowser.asked import NONE, Asked
from attendance.databrowser.searching import guests_for, people_for
from attendance.databrowser.sources import Source
from attendance.models import Attendance
from checkin_project.platform.access import Actor, Permission
from checkin_project.platform.text import fold, words
from events.models import CODE_ALPHABET, CODE_LENGTH, Event, EventQuerySet
from members.models import Member

MOST_SPELLINGS = 50
# Every zone's idea of a day lies within.
AROUND = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Found:
    """`rows` match. They are as many as those of each of `counted`, which are quicker to count, and `known` more.

    `events` and `people` limit which events and members they belong to, None for any. `lacks` tells of a fact whether
    it is missing in all of the rows, or in none.
    """

    source: Source
    rows: QuerySet[Any]
    counted: tuple[QuerySet[Any], ...]
    known: int = 0
    events: Q | None = None
    people: Q | None = None
    lacks: Mapping[str, bool] = field(default_factory=dict)

    def count(self) -> int:
        return self.known + sum(rows.count() for rows in self.counted)


def visible_to(actor: Actor, source: Source) -> Found:
    """All that this actor may look through: everything, or the events of the groups whose reports the actor may read.

    Who may is asked of the events as they are now, however old the rows are.
    """
    if actor.may(Permission.REPORTS):
        return Found(source, source.rows, (source.rows,))
    return _limited(Found(source, source.rows, (source.rows,)), events_of(actor))


def events_of(actor: Actor) -> EventQuerySet:
    events: EventQuerySet = Event.objects.order_by()
    if actor.may(Permission.REPORTS):
        return events
    return events.filter(group_id__in=actor.groups_where(Permission.REPORTS))


def matching(asked: Asked, actor: Actor, source: Source) -> Found:
    """The rows that match every filter."""
    found = visible_to(actor, source)
    if asked.event or asked.since or asked.until or asked.group:
        found = _limited(found, _events(asked, actor))
    rows = found.rows.filter(_of_row(asked, source))
    found = replace(found, rows=rows, counted=(rows,), people=_of_person(asked) or None, lacks=_lacks(asked))
    return _searched(found, asked.q) if asked.q else found


def _limited(found: Found, events: EventQuerySet) -> Found:
    keys = keys_or_query(events)
    rows = found.rows.filter(among("event_id", keys))
    return replace(found, rows=rows, counted=(rows,), events=among("pk", keys))


def _of_row(asked: Asked, source: Source) -> Q:
    limits = Q()
    if asked.method:
        limits &= Q(method="" if asked.method == NONE else asked.method)
    if asked.state:
        limits &= Q(state=asked.state)
    if asked.who:
        limits &= Q(member_id__isnull=asked.who == "guest")
    if asked.classification:
        wanted = "" if asked.classification == NONE else asked.classification
        limits &= Q(**{source.path("classification"): wanted})
    if asked.major:
        limits &= Q(**{f"{source.path('major')}__in": _spelt(asked.major)})
    return limits


def _of_person(asked: Asked) -> Q:
    limits = Q()
    if asked.classification:
        limits &= Q(classification="" if asked.classification == NONE else asked.classification)
    if asked.major:
        limits &= Q(major__in=_spelt(asked.major))
    return limits


def _spelt(major: str) -> list[str]:
    """As members have it: an index knows these spellings, and nothing of upper and lower case."""
    members = Member.objects.order_by().filter(major__iexact=major)
    return list(members.values_list("major", flat=True).distinct()[:MOST_SPELLINGS]) or [major]


def _lacks(asked: Asked) -> dict[str, bool]:
    """A named constraint ties the state to the time; only members have a classification and a major."""
    found = {}
    if asked.state:
        found["checked_in_at"] = asked.state != Attendance.State.ATTENDED
    if asked.who or asked.classification or asked.major:
        found["member_id"] = asked.who == "guest"
    return found


def _events(asked: Asked, actor: Actor) -> EventQuerySet:
    events = events_of(actor)
    if asked.group:
        is_none = asked.group == NONE
        events = events.filter(group_id__isnull=True) if is_none else events.filter(group_id=int(asked.group))
    if asked.since or asked.until:
        events = _on_days(events, asked)
    return _called(events, asked.event) if asked.event else events


def _on_days(events: EventQuerySet, asked: Asked) -> EventQuerySet:
    """Those that start on these days by their own clocks. Only events near the edges are looked at one by one."""
    outside: list[int] = []
    for day, verb in ((asked.since, "gte"), (asked.until, "lt")):
        if day is None:
            continue
        edge = datetime.combine(day, time(), UTC) + (AROUND if verb == "lt" else timedelta())
        wide = edge - AROUND if verb == "gte" else edge + AROUND
        events = events.filter(**{f"starts_at__{verb}": wide})
        near = events.filter(starts_at__gte=edge - AROUND, starts_at__lt=edge + AROUND)
        for event in near.only("starts_at", "timezone"):
            local = event.local_start.date()
            if local < day if verb == "gte" else local > day:
                outside.append(event.pk)
    return events.exclude(pk__in=outside) if outside else events


def _called(events: EventQuerySet, text: str) -> EventQuerySet:
    """The one of this code, at the end of what was chosen; else those in whose names the words are."""
    code = text.rsplit(maxsplit=1)[-1].upper()
    if len(code) == CODE_LENGTH and set(code) <= set(CODE_ALPHABET):
        chosen = events.filter(code=code)
        if chosen.exists():
            return chosen
    asked = words(text)
    named = ((pk, " ".join(words(name)) if asked else fold(name)) for pk, name in events.values_list("pk", "name"))
    return events.filter(pk__in=[pk for pk, name in named if all(word in name for word in asked or [fold(text)])])


def _searched(found: Found, text: str) -> Found:
    keys = keys_or_query(people_for(text))
    members = found.rows.filter(among("member_id", keys))
    named = replace(found, rows=members, counted=(members,), people=among("pk", keys) & (found.people or Q()))
    guests = guests_for(text)
    if guests is None or found.lacks.get("member_id") is False:
        return named
    others = found.rows.filter(guests, member_id__isnull=True)
    others_keys = keys_or_query(others)
    # By their keys, so that PostgreSQL can look up both instead of reading everything for either.
    rows = found.rows.filter(among("member_id", keys) | among("pk", others_keys))
    if isinstance(others_keys, list):
        return replace(named, rows=rows, known=len(others_keys))
    return replace(named, rows=rows, counted=(members, others))
