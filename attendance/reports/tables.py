"""Every report as a table to take away. docs/reports.md explains the columns; a test compares the two."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from attendance.models import Method
from attendance.reports import attendees, followers, months, people, times, totals
from attendance.reports.attendees import USUAL, Absence
from attendance.reports.scope import Scope
from attendance.reports.totals import Line, Totals
from checkin_project.platform.access import Actor
from checkin_project.platform.exports import Cell, Table

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

Row = tuple[Cell, ...]
GUESTS = "guests"

_TOTALS = (
    "expected",
    "checked_in",
    "check_ins",
    "members",
    "guests",
    "walk_ins",
    "no_shows",
    "show_rate",
)


@dataclass(frozen=True, slots=True)
class Question:
    """Who asks about what. `absence` and the keys `a` and `b` (followers.chosen) concern one report each."""

    actor: Actor
    scope: Scope
    absence: Absence = USUAL
    a: str = ""
    b: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """A table under a name. The name is its address, its export's name and the start of its files' names."""

    label: str | _StrPromise
    headings: tuple[str, ...]
    rows: Callable[[Question], Iterator[Row]]


def table_for(name: str, question: Question) -> Table:
    """The rows are counted when they are written. Raises KeyError for an unknown name."""
    report = REPORTS[name]
    return Table(name, report.headings, lambda: report.rows(question))


def _lines(question: Question) -> list[Line]:
    return totals.lines(question.scope.events)


def _of(counted: Totals) -> Row:
    """In the order of _TOTALS."""
    return (
        counted.expected,
        counted.checked_in,
        counted.check_ins,
        counted.members,
        counted.guests,
        counted.walk_ins,
        counted.no_shows,
        _share(counted.show_rate),
    )


def _share(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _events(question: Question) -> Iterator[Row]:
    first_timers = people.seen(question.scope).first_timers
    for line in _lines(question):
        event = line.event
        what = (event.legacy_id or event.code, event.name, event.on, event.group, event.series)
        yield (*what, *_of(line.totals), first_timers.get(event.place, 0))


def _months(question: Question) -> Iterator[Row]:
    for month in months.by_month(question.scope, _lines(question), months.calendar(question.scope)):
        went = (_share(month.change), _share(month.trailing), month.stayed, _share(month.stayed_share))
        who = (month.members, month.first_timers, month.returning)
        sums = (month.totals.held, month.totals.expected, month.totals.checked_in, month.totals.check_ins)
        yield (f"{month.day:%Y-%m}", *sums, *who, month.totals.guests, _share(month.totals.show_rate), *went)


def _series(question: Question) -> Iterator[Row]:
    found = totals.by(lambda event: (event.series_id, event.series), _lines(question))
    for (_pk, name), counted in found.items():
        yield name, counted.held, *_of(counted), _share(counted.average)


def _groups(question: Question) -> Iterator[Row]:
    found = totals.by(lambda event: (event.group_id, event.group), _lines(question))
    for (_pk, name), counted in found.items():
        yield name, counted.held, *_of(counted), _share(counted.average)


def _classifications(question: Question) -> Iterator[Row]:
    crowd = people.crowd(question.scope)
    for kind in (*crowd.classifications, crowd.guests):
        yield kind.name if kind is not crowd.guests else GUESTS, kind.members, kind.check_ins, kind.checked_in


def _majors(question: Question) -> Iterator[Row]:
    crowd = people.crowd(question.scope)
    for kind in (*crowd.majors, crowd.guests):
        yield kind.name if kind is not crowd.guests else GUESTS, kind.members, kind.check_ins, kind.checked_in


def _frequency(question: Question) -> Iterator[Row]:
    for band in people.crowd(question.scope).bands:
        yield band.low, band.high, band.members


def _methods(question: Question) -> Iterator[Row]:
    for door in times.doors(question.scope).methods:
        yield door.method, str(Method(door.method).label) if door.method else "", door.check_ins, door.checked_in


def _weekdays(question: Question) -> Iterator[Row]:
    for day in times.doors(question.scope).weekdays:
        yield day.number + 1, day.held, day.checked_in, _share(day.average)


def _hours(question: Question) -> Iterator[Row]:
    for slot in times.arrivals(question.scope).hours:
        yield slot.start, slot.heads


def _minutes(question: Question) -> Iterator[Row]:
    for slot in times.arrivals(question.scope).minutes:
        yield slot.start, slot.heads


def _attendees(question: Question) -> Iterator[Row]:
    for each in attendees.attendees(question.scope, by=question.actor).attendees:
        yield each.standing, each.name, each.classification, each.visits, each.first.on, each.last.on, each.last.name


def _not_seen(question: Question) -> Iterator[Row]:
    found = attendees.not_seen(question.scope, question.absence, by=question.actor)
    for absent in found.absent:
        each = absent.attendee
        yield each.name, each.classification, each.visits, each.last.on, each.last.name, absent.events


def _cohorts(question: Question) -> Iterator[Row]:
    for cohort in months.cohorts(months.calendar(question.scope)):
        for after, came in enumerate(cohort.back, start=1):
            yield f"{cohort.day:%Y-%m}", cohort.members, after, came, _share(cohort.shares[after - 1])


def _came_again(question: Question) -> Iterator[Row]:
    a, b = followers.chosen(question.a), followers.chosen(question.b)
    for each in followers.followers(question.scope, a, b, by=question.actor):
        yield each.name, each.first.on, each.first.name, each.last.on, each.last.name


REPORTS: Mapping[str, Report] = {
    "attendance-by-event": Report(
        _("Attendance by event"),
        ("event_id", "event_name", "event_date", "group", "series", *_TOTALS, "first_timers"),
        _events,
    ),
    "attendance-by-month": Report(
        _("Attendance by month"),
        (
            *("month", "events", "expected", "checked_in", "check_ins", "members", "first_timers", "returning"),
            *("guests", "show_rate", "change", "trailing_3", "stayed", "stayed_share"),
        ),
        _months,
    ),
    "attendance-by-series": Report(_("Attendance by series"), ("series", "events", *_TOTALS, "average"), _series),
    "attendance-by-group": Report(_("Attendance by group"), ("group", "events", *_TOTALS, "average"), _groups),
    "attendance-by-classification": Report(
        _("Attendance by classification"), ("classification", "members", "check_ins", "checked_in"), _classifications
    ),
    "attendance-by-major": Report(_("Attendance by major"), ("major", "members", "check_ins", "checked_in"), _majors),
    "attendance-by-frequency": Report(
        _("Members by how often they came"), ("from_events", "to_events", "members"), _frequency
    ),
    "attendance-by-method": Report(_("Attendance by door"), ("method", "door", "check_ins", "checked_in"), _methods),
    "attendance-by-weekday": Report(
        _("Attendance by weekday"), ("weekday", "events", "checked_in", "average"), _weekdays
    ),
    "arrivals-by-hour": Report(_("Arrivals by hour"), ("hour", "checked_in"), _hours),
    "arrivals-by-minute": Report(_("Arrivals by minute"), ("minutes_from_start", "checked_in"), _minutes),
    "attendees": Report(
        _("Members by number of events"),
        ("place", "member_name", "classification", "events", "first_date", "last_date", "last_event"),
        _attendees,
    ),
    "not-seen-lately": Report(
        _("Not seen lately"),
        ("member_name", "classification", "events", "last_date", "last_event", "events_missed"),
        _not_seen,
    ),
    "retention-by-month": Report(
        _("First-timers who came again, by month"),
        ("first_month", "first_timers", "months_later", "came", "share"),
        _cohorts,
    ),
    "came-and-came-again": Report(
        _("Who came to one thing and then to another"),
        ("member_name", "first_date", "first_event", "last_date", "last_event"),
        _came_again,
    ),
}
# Two have to be chosen for it, so it is no export by its name alone.
ASKING = frozenset({"came-and-came-again"})
