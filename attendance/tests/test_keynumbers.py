"""The numbers at the top, and what they are compared with."""

from attendance.keynumbers import key_numbers
from attendance.reports.people import People, Seen
from attendance.reports.totals import Totals


def test_key_numbers_grow_by_parts_and_shares_by_points() -> None:
    now, before = (
        Totals(held=2, expected=10, checked_in=30, shown=8),
        Totals(held=1, expected=10, checked_in=20, shown=9),
    )
    seen = Seen(People(10, 5, 4), People(8, 2, 8), {})

    found = {key.name: (key.value, key.before, key.is_share) for key in key_numbers(now, before, seen)}
    changes = {key.name: key.change for key in key_numbers(now, before, seen)}

    assert found == {
        "checked_in": (30, 20, False),
        "held": (2, 1, False),
        "members": (10, 8, False),
        "regulars": (0.5, 0.25, True),
        "first_timers": (4, 8, False),
        "show_rate": (0.8, 0.9, True),
    }
    assert {name: round(value or 0, 6) for name, value in changes.items()} == {
        "checked_in": 0.5,
        "held": 1.0,
        "members": 0.25,
        "regulars": 0.25,
        "first_timers": -0.5,
        "show_rate": -0.1,
    }


def test_with_nothing_before_there_is_nothing_to_compare() -> None:
    found = key_numbers(Totals(held=1, checked_in=3), Totals(), Seen(People(3, 0, 3), People(), {}))

    assert [key.change for key in found] == [None] * 6
