"""Drawings of numbers: bars, stacks and lines as values for templates/_chart.html. Pure.

A drawing holds shapes in units of WIDTH and HEIGHT from the top left, which the page stretches to any size; words stand
beside it as text, never inside it. Each page shows the same numbers as a table.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

WIDTH, HEIGHT = 600, 160
# The part of a bar's slot that it leaves free on each side.
FREE = 0.1
MOST_LABELS = 12
STEPS = (1, 1.5, 2, 3, 4, 5, 6, 8, 10)


@dataclass(frozen=True, slots=True)
class Shape:
    """A bar as it is drawn, in units of WIDTH and HEIGHT from the top left."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Layer:
    """Values under one name, one for each place along the bottom. In a line None is no point."""

    name: str
    values: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Bar:
    """A shape with the sentence that says it, and the number of its layer from 1 on."""

    shape: Shape
    layer: int
    says: str


@dataclass(frozen=True, slots=True)
class Tick:
    """A line across the drawing: its value, and its distance from the top in units of HEIGHT."""

    value: float
    y: float


@dataclass(frozen=True, slots=True)
class Chart:
    """Layers of bars on top of each other, and lines over them.

    `labels` name the places along the bottom in full, `short` in as few letters as there is room for.
    """

    labels: tuple[str, ...]
    stacks: tuple[Layer, ...]
    lines: tuple[Layer, ...] = ()
    short: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        return self.most <= 0

    @property
    def most(self) -> float:
        """The highest stack or point."""
        heights = [sum(column) for column in self._columns()]
        points = [value for line in self.lines for value in line.values if value is not None]
        return max([*heights, *points], default=0)

    @property
    def top(self) -> float:
        """The round number at the upper edge."""
        return round_above(self.most)

    @property
    def ticks(self) -> list[Tick]:
        """The upper edge, and its half where that is a whole number."""
        parts = [] if self.is_empty else [1.0] if self.top % 2 else [1.0, 0.5]
        return [Tick(self.top * part, round(HEIGHT * (1 - part), 1)) for part in parts]

    @property
    def bars(self) -> list[Bar]:
        """Every bar that is something, layer by layer from the bottom up."""
        found, slot = [], WIDTH / max(1, len(self.labels))
        for place, column in enumerate(self._columns()):
            for layer, (low, high) in enumerate(_stacked(column), start=1):
                if high > low:
                    shape = bar(place, low, high, top=self.top, slot=slot)
                    says = f"{self.labels[place]}: {self.stacks[layer - 1].name} {high - low:g}"
                    found.append(Bar(shape, layer, says))
        return found

    @property
    def polylines(self) -> list[str]:
        """Points of each line, through the middles of the slots."""
        slot = WIDTH / max(1, len(self.labels))
        return [
            " ".join(
                f"{round((place + 0.5) * slot, 1)},{height_of(value, top=self.top)}"
                for place, value in enumerate(line.values)
                if value is not None
            )
            for line in self.lines
        ]

    @property
    def axis(self) -> list[str]:
        """The labels, so many of them blank that the rest has room to be read."""
        every = -(-len(self.labels) // MOST_LABELS) or 1
        return [label if place % every == 0 else "" for place, label in enumerate(self.short or self.labels)]

    def _columns(self) -> Iterator[tuple[float, ...]]:
        for place in range(len(self.labels)):
            yield tuple(layer.values[place] or 0 for layer in self.stacks)


def bar(place: int, low: float, high: float, *, top: float, slot: float) -> Shape:
    """A bar from `low` to `high` in the slot of this place, a little narrower than it."""
    y, foot = height_of(high, top=top), height_of(low, top=top)
    return Shape(round((place + FREE) * slot, 1), y, round((1 - 2 * FREE) * slot, 1), round(foot - y, 1))


def height_of(value: float, *, top: float) -> float:
    """The distance of this value from the upper edge."""
    return round(HEIGHT - HEIGHT * value / top, 1) if top else HEIGHT


def round_above(value: float) -> float:
    """The least of STEPS times a power of ten that is not below `value`; 2 at the least, 0 for nothing."""
    size = 1.0
    while size * 10 < value:
        size *= 10
    return max(2, next(size * step for step in STEPS if size * step >= value)) if value > 0 else 0


def share(value: float, most: float) -> float:
    """How long a bar beside a line of a table is, from 0 to 100."""
    return round(100 * value / most, 1) if most else 0


def _stacked(column: Sequence[float]) -> Iterator[tuple[float, float]]:
    """Lower and upper end of each value when they stand on each other."""
    ends = list(accumulate(column, initial=0.0))
    yield from pairwise(ends)
