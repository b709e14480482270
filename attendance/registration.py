"""Being on an event's list: registering and cancelling.

With `checkin`, `closing` and `bulk` the only writers of Attendance.
"""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from attendance import history, live
from attendance.facts import facts_of_row, seats_taken
from attendance.models import Attendance
from attendance.subjects import Subject
from checkin_project.platform.access import Actor
from events.models import Event
from members.models import Member


def register(subject: Subject, event_code: str, *, by: Actor, at: datetime, party_size: int = 1) -> Attendance:
    """Put somebody on the event's list. Safe to repeat: who is on it stays as registered the first time.

    Locks the event's row. Raises ValidationError (one sentence) when the event is over, cancelled or full, or the
    person is unknown; Event.DoesNotExist when `by` may not see the event.
    """
    try:
        return _register(subject, event_code, by=by, at=at, party_size=party_size)
    except IntegrityError:
        # A door let the same person in at this very instant: now there is a row to hold.
        return _register(subject, event_code, by=by, at=at, party_size=party_size)


def _register(subject: Subject, event_code: str, *, by: Actor, at: datetime, party_size: int) -> Attendance:
    with transaction.atomic():
        # Held also without a capacity: one could be given, or the event be closed, between this look and the write.
        event = Event.objects.visible_to(by).select_for_update(no_key=True).get(code=event_code)
        is_over = event.status_at(at) in (Event.Status.CANCELLED, Event.Status.COMPLETED)
        if is_over or event.closed_at is not None:
            raise ValidationError(_("This event is over or cancelled. Nobody can register any more."))
        capacity = event.capacity
        row = _row_of(subject, event, at)
        if row.registration == Attendance.Registration.REGISTERED:
            return row
        held = row.party_size if row.pk and row.is_inside else 0
        if capacity is not None and capacity - seats_taken(event.pk) < party_size - held:
            raise ValidationError(_("Every seat is taken."))
        row.registration = Attendance.Registration.REGISTERED
        row.registered_at = at
        row.registered_party_size = party_size
        return _save(row, event, at)


def cancel_registration(subject: Subject, event_code: str, *, by: Actor, at: datetime) -> Attendance:
    """Give the seat back. Somebody who has come stays checked in. Safe to repeat.

    Raises ValidationError when the person was never registered, Event.DoesNotExist as `register`.
    """
    with transaction.atomic():
        event = Event.objects.visible_to(by).get(code=event_code)
        row = _row_of(subject, event, at)
        if not row.registration:
            raise ValidationError(_("This person is not registered."))
        row.registration = Attendance.Registration.CANCELLED
        return _save(row, event, at)


def _row_of(subject: Subject, event: Event, at: datetime) -> Attendance:
    """The person's row, held until the end of the transaction, or a new one that is not saved yet."""
    rows = Attendance.objects.select_for_update().filter(event=event)
    if subject.guest_name:
        found = rows.filter(member=None, guest_key=subject.guest_key).first()
        return found or Attendance(
            event=event, guest_name=subject.guest_name, guest_key=subject.guest_key, created_at=at, version=0
        )
    members = list(Member.objects.filter(subject.as_filter())[:2])
    if len(members) != 1:
        raise ValidationError(_("Nobody was found for this, or more than one person."))
    return rows.filter(member=members[0]).first() or Attendance(
        event=event, member=members[0], created_at=at, version=0
    )


def _save(row: Attendance, event: Event, at: datetime) -> Attendance:
    """Fold the row anew over its changed registration and store it."""
    scans = facts_of_row(row.pk) if row.pk else []
    state = history.fold(scans, history.Base(row.registration, row.registered_party_size))
    for column in state.__slots__:
        setattr(row, column, getattr(state, column))
    row.version += 1
    row.updated_at = at
    row.save()
    live.announce(event.pk, event.code)
    return row
