"""The list of an event's people on paper: who is expected, who is in already, and room for walk-ins."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime

from attendance.models import Attendance
from checkin_project.platform.text import words
from events.models import CheckInSettings, Event

# As many as anybody turns over at a door; who is beyond is counted and named as missing.
MOST_LINES = 5_000
FEWEST_BLANKS, MOST_BLANKS = 15, 60
SHOWN_DIGITS = 4


@dataclass(frozen=True, slots=True)
class Line:
    """One person. `number` belongs to this person for the whole event, however often the list is printed.

    `hint` tells namesakes apart and is empty for everybody else. `people` are heads; the times are when the person came
    in first and went out, if so.
    """

    number: int
    name: str
    hint: str
    people: int
    came_at: datetime | None
    left_at: datetime | None


@dataclass(frozen=True, slots=True)
class DoorList:
    """`left_out` people did not fit, `blanks` are the lines for walk-ins, numbered from 1."""

    lines: tuple[Line, ...]
    left_out: int
    blanks: range
    people: int
    came: int


def door_list(event: Event) -> DoorList:
    """Everybody registered and everybody who came, by last name; cancelled registrations left out. One query.

    Needs the event's settings: where walk-ins are refused there is no room for them.
    """
    rows = Attendance.objects.filter(event=event).order_by("pk")
    values = rows.values_list(
        "registration",
        "attended",
        "member__first_name",
        "member__last_name",
        "member__v_number",
        "guest_name",
        "party_size",
        "checked_in_at",
        "checked_out_at",
    )
    # Numbered in the order in which people joined the list, cancelled ones too: so nobody's number ever changes.
    found = [_line(number, *row[2:]) for number, row in enumerate(values, start=1) if _is_meant(row[0], row[1])]
    lines = [line for _name, line in sorted(_told_apart(found), key=lambda each: (each[0], each[1].number))]
    blanks = min(MOST_BLANKS, max(FEWEST_BLANKS, len(lines) // 10))
    refused = event.check_in_settings.walk_ins == CheckInSettings.WalkIns.REFUSE
    return DoorList(
        lines=tuple(lines[:MOST_LINES]),
        left_out=max(0, len(lines) - MOST_LINES),
        blanks=range(1, 1 if refused else blanks + 1),
        people=sum(line.people for line in lines),
        came=sum(line.people for line in lines if line.came_at),
    )


def _is_meant(registration: str, attended: bool) -> bool:
    expected = (Attendance.Registration.REGISTERED, Attendance.Registration.NO_SHOW)
    return attended or registration in expected


def _line(  # noqa: PLR0913 - the columns of the query
    number: int,
    first: str | None,
    last: str | None,
    v_number: str | None,
    guest: str,
    people: int,
    came_at: datetime | None,
    left_at: datetime | None,
) -> Line:
    """With the V-number as the hint, for now."""
    if guest:
        # The last word is the last name, as everywhere in the product.
        *before, last = guest.split()
        first = " ".join(before)
    name = ", ".join(part for part in (last, first) if part)
    return Line(number, name, v_number or "", people, came_at, left_at)


def _told_apart(lines: list[Line]) -> list[tuple[str, Line]]:
    """(name to sort by, line): only namesakes keep a hint, the last digits of their V-numbers."""
    names = Counter(_sorted_by(line) for line in lines)
    told = []
    for line in lines:
        name = _sorted_by(line)
        has_namesake = names[name] > 1 and line.hint
        told.append((name, replace(line, hint=f"…{line.hint[-SHOWN_DIGITS:]}" if has_namesake else "")))
    return told


def _sorted_by(line: Line) -> str:
    """Accents, case and apostrophes do not count: O’Brien stands before Okafor."""
    return " ".join(words(line.name))
