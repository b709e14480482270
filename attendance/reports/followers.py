"""Who came to one thing and then to another: events, series or groups, in the order in which they took place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from attendance.reports.attendees import AT_ONCE, names_of
from attendance.reports.relation import relation, rows
from attendance.reports.scope import Occurrence, Scope
from checkin_project.platform.access import Actor

# A member followed when the last of B that they came to lies after the first of A.
_PEOPLE = """FROM (SELECT a.member_id, MIN(CASE WHEN s.is_a = 1 THEN s.place END) AS first_a,
        MAX(CASE WHEN s.is_b = 1 THEN s.place END) AS last_b
    FROM {events} JOIN attendance a ON a.event_id = s.event_id
    WHERE a.state = 'attended' AND a.member_id IS NOT NULL AND (s.is_a = 1 OR s.is_b = 1)
    GROUP BY a.member_id) people"""
_COUNTS = f"""SELECT COUNT(first_a), COUNT(last_b), COUNT(CASE WHEN last_b > first_a THEN 1 END) {_PEOPLE}"""
_NAMES = (
    f"""SELECT member_id, first_a, last_b {_PEOPLE} WHERE last_b > first_a ORDER BY last_b DESC, member_id LIMIT %s"""
)
_ALL = 2**62


@dataclass(frozen=True, slots=True)
class Followed:
    """Different members: who came to A, to B, and to B after A."""

    first: int
    second: int
    both: int

    @property
    def share(self) -> float | None:
        """Of those who came to A, from 0 to 1."""
        return self.both / self.first if self.first else None


@dataclass(frozen=True, slots=True)
class Follower:
    """`first` is the first event of A that the member came to, `last` the last of B."""

    member_id: int
    name: str
    first: Occurrence
    last: Occurrence


Of = Callable[[Occurrence], bool]


def chosen(key: str) -> Of:
    """Is an event of what this key names? "s3" is a series, "g2" a group, "eBCDFGHJK" an event."""
    kind, name = key[:1], key[1:]
    names: dict[str, Callable[[Occurrence], object]] = {
        "s": lambda event: event.series_id,
        "g": lambda event: event.group_id,
        "e": lambda event: event.code,
    }
    return lambda event: str(names[kind](event)) == name


def followed(scope: Scope, a: Of, b: Of) -> Followed:
    """Within the range. One query."""
    statement, values = _statement(_COUNTS, scope, a, b)
    ((first, second, both),) = rows(statement, values)
    return Followed(int(first), int(second), int(both))


def followers(scope: Scope, a: Of, b: Of, *, by: Actor, limit: int | None = None) -> list[Follower]:
    """Those whom the actor may be told by name, who came last first. Two queries."""
    statement, values = _statement(_NAMES, scope, a, b)
    found: list[Follower] = []
    counted: Sequence[Sequence[int]] = rows(statement, [*values, _ALL if limit is None else limit])
    for start in range(0, len(counted), AT_ONCE):
        part = counted[start : start + AT_ONCE]
        names = names_of([row[0] for row in part], by=by)
        found += [
            Follower(member_id, names[member_id][0], scope.history[first], scope.history[last])
            for member_id, first, last in part
            if member_id in names
        ]
    return found


def _statement(text: str, scope: Scope, a: Of, b: Of) -> tuple[str, list[object]]:
    events = scope.events
    of, values = relation(
        event_id=[event.pk for event in events],
        place=[event.place for event in events],
        is_a=[int(a(event)) for event in events],
        is_b=[int(b(event)) for event in events],
    )
    return text.format(events=of), values
