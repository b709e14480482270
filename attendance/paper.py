"""Check-ins that were written on the door list, typed in afterwards with the times at which they happened."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Protocol
from uuid import UUID, uuid5

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from attendance.attempt import Terms
from attendance.checkin import ACCEPTED, check_in, check_out
from attendance.messages import message_for
from attendance.models import Attendance, Method
from attendance.outcomes import CheckInResult
from attendance.subjects import Subject, by_code, by_guest_name, by_member
from checkin_project.platform.access import Actor
from checkin_project.platform.text import clean_v_number, words
from events.models import Event

# Few enough to be answered at once.
MOST_LINES = 100
_NAMESPACE = UUID("6d7c1f0e-3f5b-4a53-9a43-6a1f6f0b9f10")
_CLOCK = r"(\d{1,2})[:.](\d{2})\s*([ap])?\.?m?\.?"
_TIMES = re.compile(rf"[\s,;]+{_CLOCK}(?:\s*[-–]\s*{_CLOCK})?$", re.IGNORECASE)
_WALK_IN = re.compile(r"^w\s*\d*(?:[\s.):]+|$)", re.IGNORECASE)


class _Act(Protocol):
    """`check_in` or `check_out`."""

    __name__: str

    def __call__(  # noqa: PLR0913 - as theirs
        self,
        subject: Subject,
        event_code: str,
        *,
        by: Actor,
        at: datetime,
        operation_id: UUID,
        door: Method,
        terms: Terms,
    ) -> CheckInResult: ...


@dataclass(frozen=True, slots=True)
class Entry:
    """One typed line (`line` counts from 1) as it was understood; with a `problem` nothing can be done with it.

    `is_new` marks somebody who is not on the event's list.
    """

    line: int
    text: str
    name: str = ""
    subject: Subject | None = None
    came_at: datetime | None = None
    left_at: datetime | None = None
    is_new: bool = False
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of an entry; `is_done` False: it is not in, and `sentence` says why."""

    entry: Entry
    sentence: str
    is_done: bool


@dataclass(frozen=True, slots=True)
class _Person:
    name: str
    v_number: str
    subject: Subject


def read(event: Event, text: str, *, otherwise: time, at: datetime) -> list[Entry]:
    """Each line that is not blank: a number of the door list, a V-number or a name, then the time, or "18:05-19:30".

    A line without a time gets `otherwise`, in the event's zone. One query. Raises ValidationError for too many lines.
    """
    lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), start=1) if line.strip()]
    if len(lines) > MOST_LINES:
        raise ValidationError(_("Type at most %(most)d lines at a time.") % {"most": MOST_LINES})
    known = _Known(event)
    return [_entry(number, line, known, otherwise, at) for number, line in lines]


def record(event: Event, entries: list[Entry], *, by: Actor, at: datetime) -> list[Recorded]:
    """Every entry through the rule, as a fact that happened at its time: admitted, and flagged where it broke a rule.

    Safe to repeat: the same person at the same time is the same operation, however often it is typed.
    """
    recorded = []
    for entry in entries:
        if entry.problem or entry.subject is None or entry.came_at is None:
            recorded.append(Recorded(entry, entry.problem, is_done=False))
            continue
        result = _move(check_in, event, entry.subject, entry.came_at, by=by, at=at)
        if result.outcome in ACCEPTED and entry.left_at is not None:
            result = _move(check_out, event, entry.subject, entry.left_at, by=by, at=at)
        # What was typed before is not claimed to be so still: somebody may have taken it back since.
        sentence = _("This was typed in before.") if result.replayed else message_for(result, event.zone)
        recorded.append(Recorded(entry, sentence, is_done=result.outcome in ACCEPTED))
    return recorded


def _move(act: _Act, event: Event, subject: Subject, moment: datetime, *, by: Actor, at: datetime) -> CheckInResult:
    return act(
        subject,
        event.code,
        by=by,
        at=at,
        operation_id=_operation(act.__name__, event, subject, moment),
        door=Method.PAPER,
        terms=Terms(occurred_at=moment, offline=True),
    )


def _operation(act: str, event: Event, subject: Subject, moment: datetime) -> UUID:
    whose = f"{subject.by}:{subject.values}:{subject.guest_key}"
    return uuid5(_NAMESPACE, f"{act}:{event.code}:{whose}:{moment.astimezone(UTC).isoformat()}")


def _people(event: Event) -> list[_Person]:
    """Everybody of the event by number: the first has number 1 (see `doorlist`)."""
    rows = Attendance.objects.filter(event=event).order_by("pk")
    values = rows.values_list("member_id", "member__first_name", "member__last_name", "member__v_number", "guest_name")
    return [
        _Person(guest, "", by_guest_name(guest))
        if guest
        else _Person(f"{first} {last}".strip(), v_number or "", by_member(member_id))
        for member_id, first, last, v_number, guest in values
    ]


def _name_key(name: str) -> str:
    """ "Brown, Ben" and "Ben Brown" are one name."""
    return " ".join(sorted(words(name)))


def _entry(line: int, text: str, known: _Known, otherwise: time, at: datetime) -> Entry:
    found = _TIMES.search(text)
    who = text[: found.start()].strip(" ,;") if found else text
    try:
        name, subject, is_new = known.person(who)
        came_at = known.moment(_clock(found.groups()[:3]) if found else otherwise)
        left_at = None
        if found and found[4]:
            left_at = known.moment(_clock(found.groups()[3:]), not_before=came_at)
        if max(came_at, left_at or came_at) > at:
            raise ValidationError(_("This time has not come yet."))
    except ValidationError as problem:
        return Entry(line, text, problem=" ".join(problem.messages))
    return Entry(line, text, name, subject, came_at, left_at, is_new)


def _clock(parts: tuple[str | None, ...]) -> time:
    hour, minute, half = int(parts[0] or 0), int(parts[1] or 0), (parts[2] or "").lower()
    if half and 1 <= hour <= 12:
        hour = hour % 12 + (12 if half == "p" else 0)
    if hour > 23 or minute > 59:
        raise ValidationError(_("There is no such time. Write it like 18:05."))
    return time(hour, minute)


class _Known:
    """What a line is understood by: the event's people by number and by name, and its days."""

    def __init__(self, event: Event) -> None:
        self._event = event
        self._people = _people(event)
        self._named: dict[str, list[_Person]] = defaultdict(list)
        for person in self._people:
            self._named[_name_key(person.name)].append(person)
            if person.v_number:
                self._named[person.v_number].append(person)

    def person(self, who: str) -> tuple[str, Subject, bool]:
        """(name, subject, is new). Raises ValidationError when nobody or more than one can be meant."""
        if who.isdecimal() and len(who) < 8:
            if not 1 <= int(who) <= len(self._people):
                raise ValidationError(_("Nobody has this number on the door list."))
            return self._people[int(who) - 1].name, self._people[int(who) - 1].subject, False
        try:
            v_number = clean_v_number(who)
        except ValidationError:
            v_number = ""
        name = _WALK_IN.sub("", who)
        same = self._named.get(v_number or _name_key(name), [])
        if len(same) > 1:
            raise ValidationError(_("Several people are called so. Write the number of the door list."))
        if same:
            return same[0].name, same[0].subject, False
        if v_number:
            return v_number, by_code(v_number), True
        subject = by_guest_name(name)
        if not words(name):
            raise ValidationError(_("Write a number, a V-number or a name."))
        return subject.guest_name, subject, True

    def moment(self, clock: time, *, not_before: datetime | None = None) -> datetime:
        """The clock's time on the day of the event on which people could come in, in the event's zone."""
        opens_at, closes_at = self._event.check_in_settings.window(self._event)
        start = self._event.local_start.date()
        days = [start + timedelta(days=number) for number in (-1, 0, 1)]
        moments = [datetime.combine(day, clock, tzinfo=self._event.zone) for day in days]
        if not_before is not None:
            return next((moment for moment in moments if moment >= not_before), moments[-1])
        return next((moment for moment in moments if opens_at <= moment <= closes_at), moments[1])
