"""How numbers move from month to month."""

from datetime import date

import pytest

from attendance.reports.trends import change, is_whole, months, trailing


@pytest.mark.parametrize(
    ("now", "before", "part"),
    [(15, 10, 0.5), (5, 10, -0.5), (3, 0, None), (3, None, None), (None, 3, None), (0, 4, -1)],
)
def test_change_is_a_part_of_what_was(now: int | None, before: int | None, part: float | None) -> None:
    assert change(now, before) == part


def test_the_mean_of_three_needs_three() -> None:
    assert trailing([3, 6]) is None
    assert trailing([9, 3, 6, 0]) == 3
    assert trailing([9, None, 6]) is None


def test_months_are_all_that_are_touched() -> None:
    assert list(months(date(2025, 11, 30), date(2026, 1, 1))) == [
        date(2025, 11, 1),
        date(2025, 12, 1),
        date(2026, 1, 1),
    ]


@pytest.mark.parametrize(
    ("first", "last", "today", "whole"),
    [
        (date(2026, 2, 1), date(2026, 2, 28), date(2026, 3, 1), True),
        (date(2026, 2, 2), date(2026, 2, 28), date(2026, 3, 1), False),
        (date(2026, 2, 1), date(2026, 2, 27), date(2026, 3, 1), False),
        (date(2026, 2, 1), date(2026, 2, 28), date(2026, 2, 28), False),
    ],
)
def test_a_month_is_whole_when_all_of_it_is_asked_for_and_over(
    first: date, last: date, today: date, whole: bool
) -> None:
    assert is_whole(date(2026, 2, 1), first, last, today) is whole
