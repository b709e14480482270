"""Heads and check-ins of each event, and their sums. Heads are what `attendance.stats` counts, by the same words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import TypeVar

from attendance.reports.relation import among, relation, rows
from attendance.reports.scope import Occurrence
from attendance.stats import SUMS, Counts

_BY_EVENT = f"""SELECT a.event_id, {SUMS},
COUNT(CASE WHEN state = 'attended' AND member_id IS NOT NULL THEN 1 END),
COUNT(CASE WHEN state = 'attended' AND member_id IS NULL THEN 1 END),
COALESCE(SUM(CASE WHEN state = 'attended' AND member_id IS NULL THEN party_size END), 0)
FROM attendance a WHERE {{among}} GROUP BY a.event_id"""

# By the index of event and state: one look for each event, however many came.
_HELD = """SELECT s.event_id FROM {events}
WHERE EXISTS (SELECT 1 FROM attendance a WHERE a.event_id = s.event_id AND a.state = 'attended')"""

_Key = TypeVar("_Key")


@dataclass(frozen=True, slots=True)
class Totals:
    """`expected`, `checked_in`, `walk_ins`, `no_shows`, `shown` and `guest_heads` are heads; `held` are events.

    `members` and `guests` are check-ins: one for each person and event, however many the person brought. Events to
    which nobody came are no part of a sum: whether they took place is not on record.
    """

    held: int = 0
    expected: int = 0
    checked_in: int = 0
    walk_ins: int = 0
    no_shows: int = 0
    shown: int = 0
    members: int = 0
    guests: int = 0
    guest_heads: int = 0

    @property
    def check_ins(self) -> int:
        return self.members + self.guests

    @property
    def show_rate(self) -> float | None:
        """Of those expected the share who came, from 0 to 1; None when nobody was expected."""
        return self.shown / self.expected if self.expected else None

    @property
    def average(self) -> float | None:
        """Heads for each event held."""
        return self.checked_in / self.held if self.held else None

    def __add__(self, other: Totals) -> Totals:
        return Totals(
            self.held + other.held,
            self.expected + other.expected,
            self.checked_in + other.checked_in,
            self.walk_ins + other.walk_ins,
            self.no_shows + other.no_shows,
            self.shown + other.shown,
            self.members + other.members,
            self.guests + other.guests,
            self.guest_heads + other.guest_heads,
        )


@dataclass(frozen=True, slots=True)
class Line:
    """One event and what was counted of it."""

    event: Occurrence
    totals: Totals

    @property
    def is_held(self) -> bool:
        return bool(self.totals.held)


def lines(events: Sequence[Occurrence]) -> list[Line]:
    """Each event with its totals, in the order given. One query."""
    these, values = among([event.pk for event in events])
    counted = rows(_BY_EVENT.format(among=these), values)
    found = {pk: _totals([int(number) for number in numbers]) for pk, *numbers in counted}
    return [Line(event, found.get(event.pk, Totals())) for event in events]


def held(events: Sequence[Occurrence]) -> list[Occurrence]:
    """Those really held: somebody came. One query that counts nothing."""
    of, values = relation(event_id=[event.pk for event in events])
    found = {pk for (pk,) in rows(_HELD.format(events=of), values)}
    return [event for event in events if event.pk in found]


def total(of: Iterable[Line]) -> Totals:
    """The sum over the events really held."""
    return reduce(Totals.__add__, (line.totals for line in of if line.is_held), Totals())


def by(key: Callable[[Occurrence], _Key], of: Iterable[Line]) -> dict[_Key, Totals]:
    """Sums over the events really held, under what `key` says of an event; keys in the order of their first event."""
    found: dict[_Key, Totals] = {}
    for line in of:
        if line.is_held:
            name = key(line.event)
            found[name] = found.get(name, Totals()) + line.totals
    return found


def _totals(numbers: list[int]) -> Totals:
    """From the columns of the statement after its first."""
    *heads, members, guests, guest_heads = numbers
    counted = Counts(*heads)
    return Totals(
        held=int(members + guests > 0),
        expected=counted.expected,
        checked_in=counted.checked_in,
        walk_ins=counted.walk_ins,
        no_shows=counted.no_shows,
        shown=counted.shown,
        members=members,
        guests=guests,
        guest_heads=guest_heads,
    )
