"""Closing an event: nobody comes in any more, and who was expected and did not come is a no-show.

With `checkin` and `registration` the only writers of Attendance.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Case, F, QuerySet, Value, When
from django.utils.translation import gettext as _

from attendance import closingexport, live
from attendance.models import Attendance
from attendance.stats import Counts, counts
from checkin_project.platform.access import Actor, Permission
from checkin_project.platform.models import User
from events.models import Event


@dataclass(frozen=True, slots=True)
class Closed:
    """What closing left behind, in heads: registered and never in, ever in, and in and not out.

    `closed_at` is when the event was closed first; `is_new` is False when it was closed before.
    """

    no_shows: int
    checked_in: int
    inside: int
    closed_at: datetime
    is_new: bool


@dataclass(frozen=True, slots=True)
class Reopened:
    """`expected` are the registered heads that have not come, `is_new` is False when the event was open already."""

    expected: int
    is_new: bool


def close_event(event_code: str, *, by: Actor, at: datetime) -> Closed:
    """End check-in at `at` and turn everybody registered and absent into a no-show, in one transaction.

    Holds the event's row: a check-in comes wholly before (that person has come) or wholly after (`closed`). What
    happened offline is still admitted, with its flag. Safe to repeat: the first `closed_at` stays. Costs the same few
    statements for any number of people. Raises ValidationError (one sentence) before check-in opened and for events
    that do not take place, PermissionDenied for whoever does not organise the event, Event.DoesNotExist for whoever
    may not see it.
    """
    with transaction.atomic():
        event = _held(event_code, by)
        is_new = event.closed_at is None or event.closed_at > at
        if is_new:
            _refuse_what_cannot_close(event, at)
            _set_closed(event, at, by=by, at=at)
            closingexport.store_list(event, by=by, at=at)
        # Whoever comes by a queue later is still in, and whoever is taken back later did not come: so everybody's
        # registration changes, not only that of the absent (see docs/decisions/0021).
        left = _turn(event, Attendance.Registration.REGISTERED, Attendance.Registration.NO_SHOW, at)
        return Closed(left.no_shows, left.checked_in, left.inside, event.closed_at or at, is_new)


def reopen_event(event_code: str, *, by: Actor, at: datetime) -> Reopened:
    """Take a closing back: check-in is open as the event's times say, and nobody has missed it yet.

    Who held a seat holds it again. Holds the event's row; safe to repeat; raises as `close_event`.
    """
    with transaction.atomic():
        event = _held(event_code, by)
        is_new = event.closed_at is not None
        if is_new:
            _set_closed(event, None, by=by, at=at)
            left = _turn(event, Attendance.Registration.NO_SHOW, Attendance.Registration.REGISTERED, at)
        else:
            left = counts(event.pk)
        return Reopened(left.expected - left.shown, is_new)


def problem_with_closing(event: Event, at: datetime) -> str:
    """Why the event cannot be closed at `at`, as a sentence; "" when it can. Needs its settings."""
    if event.stored_status == Event.Stored.CANCELLED:
        return _("This event is cancelled, so there is nothing to close.")
    if event.stored_status == Event.Stored.DRAFT:
        return _("This event is a draft. Nobody can have come to it yet.")
    if at < event.check_in_settings.window(event)[0]:
        return _("Check-in has not opened yet. Cancel the event if it does not take place.")
    return ""


def _refuse_what_cannot_close(event: Event, at: datetime) -> None:
    sentence = problem_with_closing(event, at)
    if sentence:
        raise ValidationError(sentence)


def _held(event_code: str, by: Actor) -> Event:
    """The event, held until the end of the transaction against every door that reads it to check somebody in."""
    event = Event.objects.visible_to(by).select_for_update().get(code=event_code)
    if not by.may(Permission.EVENTS, event.group_id):
        raise PermissionDenied
    return event


def _set_closed(event: Event, closed_at: datetime | None, *, by: Actor, at: datetime) -> None:
    """Change `closed_at`, with who and when in the event's history."""
    event.closed_at = closed_at
    event._history_date = at  # type: ignore[attr-defined]
    if by.user_id is not None:
        event._history_user = User.objects.filter(pk=by.user_id).first()  # type: ignore[attr-defined]
    # Saving tells screens and kiosks, after the commit (`announcing`).
    event.save(update_fields=["closed_at", "updated_at"])


def _turn(event: Event, before: str, after: str, at: datetime) -> Counts:
    """Change everybody's registration, and with it the state of those for whom no scan counts; the numbers then."""
    rows: QuerySet[Attendance] = Attendance.objects.filter(event=event, registration=before)
    changed = rows.update(
        registration=after,
        state=Case(When(attended=False, then=Value(after)), default=F("state")),
        version=F("version") + 1,
        updated_at=at,
    )
    if changed:
        live.announce(event.pk, event.code)
    return counts(event.pk)
