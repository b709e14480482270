"""How a number moves from one month to the next. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

TRAILING = 3


def change(now: float | None, before: float | None) -> float | None:
    """By what part of `before` it grew (0.25: a quarter more); None when there was nothing to grow from."""
    return None if now is None or not before else now / before - 1


def trailing(values: Sequence[float | None]) -> float | None:
    """The mean of the last three; None when there are fewer, or one of them is not known."""
    last = [value for value in values[-TRAILING:] if value is not None]
    return sum(last) / TRAILING if len(last) == TRAILING else None


def months(first: date, last: date) -> Iterator[date]:
    """The first day of every month that `first` to `last` touch."""
    for number in range(first.year * 12 + first.month - 1, last.year * 12 + last.month):
        yield date(number // 12, number % 12 + 1, 1)


def is_whole(month: date, first: date, last: date, today: date) -> bool:
    """Is all of the month between `first` and `last`, and over? One that is not is compared with nothing."""
    following = date(month.year + month.month // 12, month.month % 12 + 1, 1)
    return first <= month and (following - last).days <= 1 and following <= today
