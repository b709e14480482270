"""What stands above the columns: names, and which way a click on one sorts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from attendance.databrowser.asked import Asked
from attendance.databrowser.columns import COLUMNS
from attendance.databrowser.orders import DEFAULT_ORDER, ORDERS


@dataclass(frozen=True, slots=True)
class Heading:
    """`sorted` is what to ask for by clicking, None where there is no such order; `direction` as ARIA has it, or ""."""

    name: str
    label: Any
    is_number: bool
    direction: str
    sorted: Asked | None


# What is looked for is the latest; names are looked for from A.
_DOWN_FIRST = frozenset({DEFAULT_ORDER, "event_date"})


def headings(asked: Asked) -> list[Heading]:
    return [_heading(name, asked) for name in asked.columns]


def _heading(name: str, asked: Asked) -> Heading:
    column, is_now = COLUMNS[name], asked.order == name
    direction = ("descending" if asked.is_descending else "ascending") if is_now else ""
    is_descending = not asked.is_descending if is_now else name in _DOWN_FIRST
    by = asked.sorted_by(name, is_descending=is_descending) if name in ORDERS else None
    return Heading(name, column.label, column.is_number, direction, by)
