"""The sentences people read at a door, one set for every door."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from zoneinfo import ZoneInfo

from django.utils import formats, timezone
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from attendance.models import Method
from attendance.outcomes import Answer, CheckInResult, Outcome

# Two or three words, readable from across the room.
_HEADLINES = {
    Outcome.CHECKED_IN: _lazy("Checked in"),
    Outcome.ALREADY_IN: _lazy("Already in"),
    Outcome.NOT_FOUND: _lazy("Not found"),
    Outcome.CODE_EXPIRED: _lazy("Code too old"),
    Outcome.CODE_REVOKED: _lazy("Code withdrawn"),
    Outcome.CODE_INVALID: _lazy("Not our code"),
    Outcome.AMBIGUOUS: _lazy("Which one?"),
    Outcome.EVENT_CANCELLED: _lazy("Event cancelled"),
    Outcome.NOT_PUBLISHED: _lazy("Not open"),
    Outcome.NOT_OPEN_YET: _lazy("Too early"),
    Outcome.CLOSED: _lazy("Check-in closed"),
    Outcome.MEMBER_BLOCKED: _lazy("Please ask staff"),
    Outcome.REGISTRATION_CANCELLED: _lazy("Registration cancelled"),
    Outcome.NOT_REGISTERED: _lazy("Not on the list"),
    Outcome.FULL: _lazy("Full"),
    Outcome.CHECKED_OUT: _lazy("Checked out"),
    Outcome.ALREADY_OUT: _lazy("Already out"),
    Outcome.NOT_IN: _lazy("Not checked in"),
    Outcome.UNDONE: _lazy("Taken back"),
    Outcome.NOTHING_TO_UNDO: _lazy("Nothing to undo"),
    Outcome.OPERATION_CONFLICT: _lazy("Please try again"),
}
_SENTENCES = {
    Outcome.CHECKED_IN: _lazy("%(name)s is checked in."),
    Outcome.ALREADY_IN: _lazy("%(name)s has been checked in since %(moment)s (%(door)s)."),
    Outcome.NOT_FOUND: _lazy("Nobody was found for this. Check the number, or search by name."),
    Outcome.CODE_EXPIRED: _lazy("This code is too old. Scan the code on the screen again."),
    Outcome.CODE_REVOKED: _lazy("This pass was replaced by a newer one. Use the newer pass or type the V-number."),
    Outcome.CODE_INVALID: _lazy("This code does not belong to this event. Nobody was checked in."),
    Outcome.AMBIGUOUS: _lazy("Several people match. Choose the right one."),
    Outcome.EVENT_CANCELLED: _lazy("This event is cancelled. Nobody was checked in."),
    Outcome.NOT_PUBLISHED: _lazy("This event is not open for check-in. Please ask the organiser."),
    Outcome.NOT_OPEN_YET: _lazy("Check-in opens %(moment)s. You are not checked in yet."),
    Outcome.CLOSED: _lazy("Check-in closed %(moment)s. You are not checked in; please ask the organiser."),
    Outcome.MEMBER_BLOCKED: _lazy("%(name)s cannot check in here. Please speak to a member of staff."),
    Outcome.REGISTRATION_CANCELLED: _lazy(
        "The registration of %(name)s was cancelled. Please speak to a member of staff."
    ),
    Outcome.NOT_REGISTERED: _lazy("%(name)s is not on the list. Please ask at the desk."),
    Outcome.FULL: _lazy("Every seat is taken. %(name)s is not checked in."),
    Outcome.CHECKED_OUT: _lazy("%(name)s is checked out. Goodbye!"),
    Outcome.ALREADY_OUT: _lazy("%(name)s went out before and has not come back in."),
    Outcome.NOT_IN: _lazy("%(name)s is not checked in, so there is nothing to check out of."),
    Outcome.UNDONE: _lazy("The check-in of %(name)s was taken back."),
    Outcome.NOTHING_TO_UNDO: _lazy("There is no check-in to take back."),
    Outcome.OPERATION_CONFLICT: _lazy(
        "This request was used for somebody else before. Nothing was changed; start again."
    ),
}
# Which time of the answer a sentence speaks of.
_MOMENTS = {Outcome.NOT_OPEN_YET: "opens_at", Outcome.CLOSED: "closes_at"}


def headline_for(outcome: Outcome) -> str:
    return str(_HEADLINES[outcome])


def message_for(result: CheckInResult, zone: ZoneInfo | None = None) -> str:
    """One or two sentences: what happened, whether the person is in, and what to do. Times in the event's `zone`."""
    answer = result.answer
    words = {"name": answer.name}
    if result.outcome is Outcome.ALREADY_IN:
        words["moment"] = _point(answer.since_at, zone)
        words["door"] = str(Method(answer.since_method).label) if answer.since_method else ""
    elif result.outcome in _MOMENTS:
        # A time that ends in "p.m." brings its full stop along.
        words["moment"] = _moment(getattr(answer, _MOMENTS[result.outcome]), zone).removesuffix(".")
    return _sentence(result.outcome, get_language()) % words


@cache
def _sentence(outcome: Outcome, _language: str | None) -> str:
    """In the language that is active; looked up once."""
    return str(_SENTENCES[outcome])


def story_for(answer: Answer) -> list[str]:
    """What is worth saying to somebody who has just come in: head count, visits, points."""
    lines = []
    if answer.party_size > 1:
        lines.append(ngettext("%(n)d person", "%(n)d people", answer.party_size) % {"n": answer.party_size})
    if answer.visit == 1:
        lines.append(_("First visit. Welcome!"))
    elif answer.visit > 1:
        lines.append(_("Visit number %(n)d") % {"n": answer.visit})
    if answer.weeks_away >= 4:
        lines.append(
            ngettext("Back after %(n)d week", "Back after %(n)d weeks", answer.weeks_away) % {"n": answer.weeks_away}
        )
    if answer.points:
        lines.append(ngettext("+%(n)d point", "+%(n)d points", answer.points) % {"n": answer.points})
    return lines


def _moment(at: datetime | None, zone: ZoneInfo | None) -> str:
    """ "at 18:05", or with its date when that is not today in the zone."""
    if at is None:
        return ""
    day, clock = _day_and_time(at, zone)
    return _("on %(date)s at %(time)s") % {"date": day, "time": clock} if day else _("at %(time)s") % {"time": clock}


def _point(at: datetime | None, zone: ZoneInfo | None) -> str:
    """ "18:05" as it follows "since", or with its date when that is not today in the zone."""
    return ", ".join(filter(None, _day_and_time(at, zone))) if at else ""


def _day_and_time(at: datetime, zone: ZoneInfo | None) -> tuple[str, str]:
    """The day, empty when it is today in the zone, and the time."""
    local = timezone.localtime(at, zone)
    is_today = local.date() == timezone.localtime(timezone.now(), zone).date()
    return "" if is_today else formats.date_format(local, "DATE_FORMAT"), formats.time_format(local, "TIME_FORMAT")
