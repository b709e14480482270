"""Passes as cards on sheets of paper: who was chosen, how many fit, where to cut, and how large a name is set.

All lengths are millimetres.
"""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.contrib.sessions.backends.base import SessionBase

from checkin_project.platform import qr
from members import passes
from members.models import Pass

# A bank card (ISO/IEC 7810 ID-1): it fits every wallet.
WIDTH, HEIGHT = 85.6, 54.0
# Every printer leaves some millimetres at the edge blank.
UNPRINTED = 5.0
GAP = 2.0
SHEETS_PER_PAGE = 20
MOST = 5000
_KEY = "pass_cards"
_KEPT = 5


@dataclass(frozen=True, slots=True)
class Mark:
    """A line to cut along, outside of the cards."""

    x1: float
    y1: float
    x2: float
    y2: float


@dataclass(frozen=True, slots=True)
class Paper:
    name: str
    label: str
    width: float
    height: float
    columns: int
    rows: int

    @property
    def per_sheet(self) -> int:
        return self.columns * self.rows

    @property
    def marks(self) -> list[Mark]:
        """Two for each cut, beyond both ends of the block of cards."""
        left, top = (self.width - self.columns * WIDTH) / 2, (self.height - self.rows * HEIGHT) / 2
        across = [round(left + column * WIDTH, 3) for column in range(self.columns + 1)]
        down = [round(top + row * HEIGHT, 3) for row in range(self.rows + 1)]
        ends = (UNPRINTED, round(top - GAP, 3)), (round(self.height - top + GAP, 3), self.height - UNPRINTED)
        sides = (UNPRINTED, round(left - GAP, 3)), (round(self.width - left + GAP, 3), self.width - UNPRINTED)
        return [
            *(Mark(x, start, x, end) for x in across for start, end in ends),
            *(Mark(start, y, end, y) for y in down for start, end in sides),
        ]


# Five rows would fit Letter as well, but leave no room for what printers do not print.
PAPERS = {
    paper.name: paper
    for paper in (
        Paper("a4", "A4", 210.0, 297.0, columns=2, rows=5),
        Paper("letter", "Letter", 215.9, 279.4, columns=2, rows=4),
    )
}
# Sizes of a name, the largest first: how many average letters fit in a line, and how many lines above each other.
_SIZES = (("xl", 11, 4), ("l", 15, 5), ("m", 20, 7), ("s", 25, 9))


# What a browser does not part: words, and what stands between hyphens.
_PIECE = re.compile(r"[^\s-]+-?|-")


@dataclass(frozen=True, slots=True)
class Card:
    name: str
    size: str
    qr: qr.Drawing


def card_of(pass_: Pass) -> Card | None:
    """The card of a pass that came with its member; None when its code cannot be shown any more (`passes.code_of`)."""
    code = passes.code_of(pass_)
    if not code:
        return None
    name = passes.name_on(pass_.member)
    return Card(name, size_of(name), qr.drawing(code, correction=qr.PRINT))


def size_of(name: str) -> str:
    """The largest size in which the name fits on a card without tearing a word, but at hyphens; else the smallest."""
    lengths = [sum(map(_units, word)) for word in _PIECE.findall(name)]
    for size, per_line, most_lines in _SIZES:
        if max(lengths, default=0) <= per_line and _lines(lengths, per_line) <= most_lines:
            return size
    return _SIZES[-1][0]


def _units(character: str) -> float:
    """How wide it is, in average small letters."""
    if unicodedata.combining(character):
        return 0.0
    if unicodedata.east_asian_width(character) in "WF":
        return 1.9
    return 1.35 if unicodedata.category(character) == "Lu" or character in "mw" else 1.0


def _lines(lengths: Sequence[float], per_line: float) -> int:
    lines, room = 0, 0.0
    for length in lengths:
        if lines == 0 or length + 1 > room:
            lines, room = lines + 1, per_line
            room -= length
        else:
            room -= length + 1
    return lines


def sheets_of(cards: Sequence[Card], paper: Paper) -> list[Sequence[Card]]:
    return [cards[start : start + paper.per_sheet] for start in range(0, len(cards), paper.per_sheet)]


def remember(session: SessionBase, member_ids: Iterable[int]) -> str:
    """Keep whose cards are to be printed, at most MOST of them; returns the name under which `chosen` finds them.

    Passes are printed by opening an address, which may hold neither codes nor thousands of numbers.
    """
    kept = dict(list(session.get(_KEY, {}).items())[1 - _KEPT :])
    name = secrets.token_hex(4)
    session[_KEY] = kept | {name: list(member_ids)[:MOST]}
    return name


def chosen(session: SessionBase, name: str) -> list[int]:
    """Ids of the members kept under this name; none when it is unknown or forgotten by now."""
    found = session.get(_KEY, {}).get(name, [])
    return list(found)
