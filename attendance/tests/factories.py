"""Devices, actors and acts at doors for tests: dull defaults, every field can be given."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from attendance.attempt import Terms
from attendance.checkin import check_in, check_out, undo
from attendance.devices import Place, pair_here
from attendance.models import Device, Method
from attendance.outcomes import CheckInResult
from attendance.subjects import Subject, by_member
from checkin_project.platform.access import Actor, Role
from events.models import Event
from events.tests.factories import EVENING
from members.models import Member

# Half an hour into an event of make_event().
AT = EVENING + timedelta(minutes=30)
STEWARD = Actor(is_system=True, role=Role.STEWARD)
SUPERVISOR = Actor(is_system=True, role=Role.SUPERVISOR)


def make_device(*, at: datetime = AT, **fields: Any) -> tuple[Device, str]:
    """A paired kiosk for today's events, unless told otherwise, and its token."""
    place = Place(**({"kind": Device.Kind.KIOSK, "name": "Front door"} | fields))
    return pair_here(place, by_user_id=None, at=at)


def _subject(who: Member | Subject) -> Subject:
    return by_member(who.pk) if isinstance(who, Member) else who


def come_in(
    who: Member | Subject,
    event: Event,
    *,
    at: datetime = AT,
    by: Actor = STEWARD,
    operation_id: UUID | None = None,
    door: Method = Method.STAFF,
    **terms: Any,
) -> CheckInResult:
    """One check-in through the rule."""
    return check_in(
        _subject(who), event.code, by=by, at=at, operation_id=operation_id or uuid4(), door=door, terms=Terms(**terms)
    )


def go_out(
    who: Member | Subject, event: Event, *, at: datetime = AT, by: Actor = STEWARD, **terms: Any
) -> CheckInResult:
    """One check-out through the rule."""
    return check_out(
        _subject(who), event.code, by=by, at=at, operation_id=uuid4(), door=Method.STAFF, terms=Terms(**terms)
    )


def take_back(
    who: Member | Subject | None,
    event: Event,
    *,
    at: datetime = AT,
    by: Actor = SUPERVISOR,
    undoes: UUID | None = None,
    **terms: Any,
) -> CheckInResult:
    """One undo through the rule."""
    subject = None if who is None else _subject(who)
    return undo(
        subject,
        event.code,
        by=by,
        at=at,
        operation_id=uuid4(),
        door=Method.STAFF,
        undoes=undoes,
        terms=Terms(**terms),
    )
