"""Month by month: who came, for the first time or again, and who stayed.

Each member's months are the bits of one number (docs/decisions/0033), so that one pass over the attendance answers all
questions about months.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from attendance.reports.relation import relation, rows
from attendance.reports.scope import Scope, today_at
from attendance.reports.totals import Line, Totals, by
from attendance.reports.trends import change, is_whole, months, trailing
from checkin_project.platform.statements import POSTGRES

# Bits that a signed 64-bit number holds with room to spare; more months take more numbers.
BITS = 60
FOLLOWED = 12

# SQLite has no BIT_OR; the sum of different powers of two is the same.
_UNION = "BIT_OR({bit})" if POSTGRES else "SUM(DISTINCT {bit})"
_MASKS = """SELECT {names}, COUNT(*) FROM (SELECT a.member_id, {unions}
    FROM {events} JOIN attendance a ON a.event_id = s.event_id
    WHERE a.state = 'attended' AND a.member_id IS NOT NULL GROUP BY a.member_id) people
GROUP BY {names}"""


@dataclass(frozen=True, slots=True)
class Month:
    """`day` is its first day; `members` are different ones. A month that is not over is no `whole` one.

    `change` compares heads with the month before, `trailing` is the mean of heads of three months. `stayed` are its
    members who came in the next month too, None for the last.
    """

    day: date
    totals: Totals
    members: int
    first_timers: int
    stayed: int | None
    change: float | None
    trailing: float | None
    whole: bool

    @property
    def returning(self) -> int:
        return self.members - self.first_timers

    @property
    def stayed_share(self) -> float | None:
        return self.stayed / self.members if self.members and self.stayed is not None else None


@dataclass(frozen=True, slots=True)
class Cohort:
    """`members` came for the first time in this month; `back` are those of them who came in each month after it."""

    day: date
    members: int
    back: tuple[int, ...]

    @property
    def shares(self) -> list[float | None]:
        return [came / self.members if self.members else None for came in self.back]


@dataclass(frozen=True, slots=True)
class Calendar:
    """Different members in each month of the range, those who came for the first time, and those of them in the next.

    `back[n, m]` are the first-timers of month n who came in month m.
    """

    days: tuple[date, ...]
    members: Counter[int]
    first_timers: Counter[int]
    stayed: Counter[int]
    back: Counter[tuple[int, int]]


def calendar(scope: Scope) -> Calendar:
    """One query over the whole history.

    A month of which the range holds a part only is two: its days outside the range are history.
    """
    inside = _inside(scope)
    here = {event.pk for event in scope.events}
    earlier = sorted({event.month for event in scope.history if event.pk not in here})
    place = {(False, day): number for number, day in enumerate(earlier)}
    place |= {(True, day): number for number, day in enumerate(inside, start=len(earlier))}
    numbers = [place[event.pk in here, event.month] for event in scope.history]
    return _read(_masks([event.pk for event in scope.history], numbers), tuple(inside), len(earlier))


def nobody(scope: Scope) -> Calendar:
    """The months without their people, where only heads are asked for. No query."""
    return Calendar(tuple(_inside(scope)), Counter(), Counter(), Counter(), Counter())


def _inside(scope: Scope) -> list[date]:
    """The months of the range, from the one of the first event on: before it there was nothing to come to."""
    first = scope.filters.first
    return list(months(max(first, scope.history[0].on) if scope.history else first, scope.filters.last))


def _read(masks: Counter[int], days: tuple[date, ...], start: int) -> Calendar:
    """What the bits say about the months from bit `start` on."""
    together: Counter[int] = Counter()
    stayed: Counter[int] = Counter()
    new: dict[int, Counter[int]] = {}
    for mask, members in masks.items():
        rest = mask >> start
        together[rest] += members
        stayed[rest & rest >> 1] += members
        first = (mask & -mask).bit_length() - 1 - start
        if first >= 0:
            new.setdefault(first, Counter())[rest] += members
    back = {(first, month): came for first, of in new.items() for month, came in _per_bit(of).items()}
    first_timers = Counter({first: of.total() for first, of in new.items()})
    return Calendar(days, _per_bit(together), first_timers, _per_bit(stayed), Counter(back))


def _per_bit(masks: Counter[int]) -> Counter[int]:
    """How many members have each bit. Eight at a time: of thousands of masks only 256 differ in their lowest byte."""
    found: Counter[int] = Counter()
    place = 0
    while masks:
        low: Counter[int] = Counter()
        rest: Counter[int] = Counter()
        for mask, members in masks.items():
            low[mask & 255] += members
            if mask > 255:
                rest[mask >> 8] += members
        for byte, members in low.items():
            for bit in range(8):
                if byte >> bit & 1:
                    found[place + bit] += members
        masks, place = rest, place + 8
    return found


def by_month(scope: Scope, lines: Sequence[Line], seen: Calendar) -> list[Month]:
    """Every month of the range since the first event, oldest first. No query."""
    totals = by(lambda event: event.month, lines)
    asked, today = scope.filters, today_at(scope.at)
    # A month of which a part is counted says nothing about the way things go.
    heads: list[int | None] = []
    found = []
    for number, day in enumerate(seen.days):
        whole = is_whole(day, asked.first, asked.last, today)
        heads.append(totals.get(day, Totals()).checked_in if whole else None)
        is_last = number == len(seen.days) - 1
        found.append(
            Month(
                day=day,
                totals=totals.get(day, Totals()),
                members=seen.members[number],
                first_timers=seen.first_timers[number],
                stayed=None if is_last else seen.stayed[number],
                change=change(heads[number], heads[number - 1]) if number else None,
                trailing=trailing(heads),
                whole=whole,
            )
        )
    return found


def cohorts(seen: Calendar) -> list[Cohort]:
    """Each month's first-timers and what became of them, for a year at most. No query."""
    found = []
    for number, day in enumerate(seen.days):
        later = range(number + 1, min(number + FOLLOWED + 1, len(seen.days)))
        found.append(Cohort(day, seen.first_timers[number], tuple(seen.back[number, month] for month in later)))
    return found


def _masks(event_ids: Sequence[int], numbers: Sequence[int]) -> Counter[int]:
    """Members by the union of the bits of their events."""
    if not event_ids:
        return Counter()
    words = max(numbers) // BITS + 1
    of, values = relation(
        event_id=event_ids,
        word=[number // BITS for number in numbers],
        bit=[1 << number % BITS for number in numbers],
    )
    names = [f"mask{word}" for word in range(words)]
    unions = [
        f"{_UNION.format(bit=f'CASE WHEN s.word = {word} THEN s.bit END')} AS {name}" for word, name in enumerate(names)
    ]
    statement = _MASKS.format(names=", ".join(names), unions=", ".join(unions), events=of)
    found: Counter[int] = Counter()
    for *masks, members in rows(statement, values):
        found[sum(int(mask or 0) << BITS * word for word, mask in enumerate(masks))] += int(members)
    return found
