"""How many different members came: once or more often, for the first time or again, and who they are by kind.

A guest is a name, which may be anybody's the next time; so guests are nobody's first or second visit.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from attendance.reports.relation import among, relation, rows
from attendance.reports.scope import Scope

EARLIER, HERE, BEFORE = 0, 1, 2
# At how many events: lower ends of the bands.
BANDS = (1, 2, 3, 6, 11)

_FIRSTS = """SELECT first_place, COUNT(*),
SUM(CASE WHEN here > 0 THEN 1 ELSE 0 END), SUM(CASE WHEN here > 1 THEN 1 ELSE 0 END),
SUM(CASE WHEN before > 0 THEN 1 ELSE 0 END), SUM(CASE WHEN before > 1 THEN 1 ELSE 0 END)
FROM (SELECT a.member_id, MIN(s.place) AS first_place, SUM(CASE WHEN s.part = 1 THEN 1 ELSE 0 END) AS here,
    SUM(CASE WHEN s.part = 2 THEN 1 ELSE 0 END) AS before
    FROM {events} JOIN attendance a ON a.event_id = s.event_id
    WHERE a.state = 'attended' AND a.member_id IS NOT NULL GROUP BY a.member_id) people
GROUP BY first_place"""
# All guests are one group here, the one without a member.
_CROWD = """SELECT CASE WHEN member_id IS NULL THEN 1 ELSE 0 END,
m.classification, m.major, visits, COUNT(*), SUM(heads)
FROM (SELECT a.member_id, COUNT(*) AS visits, SUM(a.party_size) AS heads
    FROM attendance a WHERE {among} AND a.state = 'attended' GROUP BY a.member_id) people
LEFT JOIN members m ON m.id = people.member_id GROUP BY 1, m.classification, m.major, visits"""


@dataclass(frozen=True, slots=True)
class People:
    """Different members: all, those at two events or more, and those who had never come before."""

    members: int = 0
    regulars: int = 0
    first_timers: int = 0

    @property
    def returning(self) -> int:
        return self.members - self.first_timers

    @property
    def regular_share(self) -> float | None:
        """From 0 to 1; None when no member came."""
        return self.regulars / self.members if self.members else None


@dataclass(frozen=True, slots=True)
class Seen:
    """The range, the days before it, and first-timers at each event of the history, by its place."""

    now: People
    before: People
    first_timers: dict[int, int]


@dataclass(frozen=True, slots=True)
class Kind:
    """Members of one classification or major ("" where none is on record): how many, check-ins, heads."""

    name: str
    members: int
    check_ins: int
    checked_in: int


@dataclass(frozen=True, slots=True)
class Band:
    """`members` came to at least `low` and at most `high` events; None: any number above."""

    low: int
    high: int | None
    members: int


@dataclass(frozen=True, slots=True)
class Crowd:
    """The range's members by classification and by major, most heads first, and by how often they came; its guests.

    Classifications and guests together are everybody, and so are majors and guests.
    """

    classifications: tuple[Kind, ...]
    majors: tuple[Kind, ...]
    bands: tuple[Band, ...]
    guests: Kind


def seen(scope: Scope) -> Seen:
    """Everybody by their first event. One query over the whole history."""
    here, before = {event.pk for event in scope.events}, {event.pk for event in scope.before}
    part = [HERE if event.pk in here else BEFORE if event.pk in before else EARLIER for event in scope.history]
    of, values = relation(
        event_id=[event.pk for event in scope.history], place=[event.place for event in scope.history], part=part
    )
    found = [[int(number) for number in row] for row in rows(_FIRSTS.format(events=of), values)]
    first_timers = {place: members for place, members, *_rest in found}

    def first_in(wanted: int) -> int:
        return sum(members for place, members in first_timers.items() if part[place] == wanted)

    sums = [sum(row[column] for row in found) for column in range(2, 6)]
    return Seen(
        now=People(sums[0], sums[1], first_in(HERE)),
        before=People(sums[2], sums[3], first_in(BEFORE)),
        first_timers=first_timers,
    )


def crowd(scope: Scope) -> Crowd:
    """One query."""
    these, values = among([event.pk for event in scope.events])
    by_classification: dict[str, Counter[str]] = {}
    by_major: dict[str, Counter[str]] = {}
    often: Counter[int] = Counter()
    guests = Kind("", 0, 0, 0)
    for is_guest, classification, major, visits, members, heads in rows(_CROWD.format(among=these), values):
        if is_guest:
            guests = Kind("", 0, int(visits), int(heads))
            continue
        counted = {"members": members, "check_ins": members * visits, "checked_in": int(heads)}
        by_classification.setdefault(classification, Counter()).update(counted)
        by_major.setdefault(major, Counter()).update(counted)
        often[visits] += members
    return Crowd(_sorted(by_classification), _sorted(by_major), _bands(often), guests)


def _bands(often: Counter[int]) -> tuple[Band, ...]:
    found = []
    for low, above in zip(BANDS, (*BANDS[1:], None), strict=True):
        members = sum(count for visits, count in often.items() if visits >= low and (above is None or visits < above))
        found.append(Band(low, None if above is None else above - 1, members))
    return tuple(found)


def _sorted(found: dict[str, Counter[str]]) -> tuple[Kind, ...]:
    each = [Kind(name, **counted) for name, counted in found.items()]
    return tuple(sorted(each, key=lambda kind: (-kind.checked_in, kind.name)))
