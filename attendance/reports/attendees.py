"""Members by how often they came, and those who have not been seen lately. Names follow from who is asking."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from attendance.reports.relation import relation, rows
from attendance.reports.scope import Occurrence, Scope
from attendance.reports.totals import held
from checkin_project.platform.access import Actor, Permission
from members.models import Member, MemberQuerySet
from members.search import find_by_name

MOST_FOUND = 200
AT_ONCE = 500
_ATTENDEES = """SELECT member_id, visits, first_place, last_place, standing, COUNT(*) OVER ()
FROM (SELECT a.member_id, COUNT(*) AS visits, MIN(s.place) AS first_place, MAX(s.place) AS last_place,
    RANK() OVER (ORDER BY COUNT(*) DESC) AS standing
    FROM {events} JOIN attendance a ON a.event_id = s.event_id
    WHERE a.state = 'attended' AND a.member_id IS NOT NULL GROUP BY a.member_id) people
WHERE {which} ORDER BY visits DESC, last_place DESC, member_id LIMIT %s"""
_ALL = 2**62


@dataclass(frozen=True, slots=True)
class Attendee:
    """`visits` are events of the range, `standing` the place among all members who came (shared by equals).

    `first` and `last` are the first and last of those events.
    """

    member_id: int
    name: str
    classification: str
    visits: int
    standing: int
    first: Occurrence
    last: Occurrence


@dataclass(frozen=True, slots=True)
class Found:
    """The first of them, and how many there are."""

    attendees: tuple[Attendee, ...]
    total: int


@dataclass(frozen=True, slots=True)
class Absence:
    """Not seen lately: who came to `least` events of the range or more, and to none of the last `missed` ones held."""

    missed: int
    least: int


USUAL = Absence(missed=4, least=2)


@dataclass(frozen=True, slots=True)
class Absent:
    """`events` is at how many of those really held the attendee has been missing since."""

    attendee: Attendee
    events: int


@dataclass(frozen=True, slots=True)
class NotSeen:
    """`since` is the first of the last events held; None when there were too few to say anything."""

    absent: tuple[Absent, ...]
    total: int
    since: Occurrence | None


def nameable(actor: Actor) -> MemberQuerySet:
    """Members whom the actor may be told by name."""
    return Member.objects.visible_to(actor).whom(actor, Permission.REPORTS)


def attendees(scope: Scope, *, by: Actor, name: str = "", limit: int | None = None) -> Found:
    """Members by visits, the most first; with `name` those whose names begin so. Two queries, or three."""
    which, values = _known_to(by, name)
    return _found(scope, by, (which, values), limit)


def not_seen(scope: Scope, absence: Absence, *, by: Actor, limit: int | None = None) -> NotSeen:
    """Three queries, or four. Only events really held count as missed: what nobody came to, nobody can have missed."""
    happened = held(scope.events)
    if len(happened) < absence.missed:
        return NotSeen((), 0, None)
    since = happened[-absence.missed]
    which, values = _known_to(by, "")
    which = f"{which} AND last_place < %s AND visits >= %s"
    found = _found(scope, by, (which, [*values, since.place, absence.least]), limit)
    places = [event.place for event in happened]
    missing = [Absent(each, len(places) - bisect_right(places, each.last.place)) for each in found.attendees]
    return NotSeen(tuple(missing), found.total, since)


def _known_to(actor: Actor, name: str) -> tuple[str, list[object]]:
    """The condition that keeps to people whom the actor may be told of, and its values."""
    if name.strip():
        ids = [member.pk for member in find_by_name(name, within=nameable(actor), limit=MOST_FOUND)]
    elif actor.may(Permission.REPORTS):
        return "1 = 1", []
    else:
        ids = list(nameable(actor).order_by().values_list("pk", flat=True))
    asked, values = relation(member_id=ids)
    return f"member_id IN (SELECT s.member_id FROM {asked})", values


def _found(scope: Scope, by: Actor, which: tuple[str, list[object]], limit: int | None) -> Found:
    of, values = relation(event_id=[event.pk for event in scope.events], place=[event.place for event in scope.events])
    condition, more = which
    statement = _ATTENDEES.format(events=of, which=condition)
    counted = rows(statement, [*values, *more, _ALL if limit is None else limit])
    total = int(counted[0][-1]) if counted else 0
    return Found(tuple(_named(counted, scope, by)), total)


def _named(counted: Sequence[Sequence[int]], scope: Scope, by: Actor) -> Iterator[Attendee]:
    for start in range(0, len(counted), AT_ONCE):
        part = counted[start : start + AT_ONCE]
        names = names_of([row[0] for row in part], by=by)
        for member_id, visits, first, last, standing, _total in part:
            if member_id in names:
                name, classification = names[member_id]
                yield Attendee(
                    member_id=member_id,
                    name=name,
                    classification=classification,
                    visits=visits,
                    standing=standing,
                    first=scope.history[first],
                    last=scope.history[last],
                )


def names_of(ids: Sequence[int], *, by: Actor) -> dict[int, tuple[str, str]]:
    """Full name and classification of those whom the actor may be told of. One query."""
    found = nameable(by).filter(pk__in=ids).order_by()
    return {
        pk: (f"{first} {last}".strip(), classification)
        for pk, first, last, classification in found.values_list("pk", "first_name", "last_name", "classification")
    }
