"""What the actions of the list do to one row, through the rule."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils import timezone

from attendance.checkin import check_in, check_out, undo
from attendance.messages import message_for
from attendance.models import Attendance, Method
from attendance.outcomes import CheckInResult, Outcome
from attendance.registration import cancel_registration
from attendance.subjects import Subject, by_guest_name, by_member
from checkin_project.platform.access import request_actor
from events.models import Event

DONE = frozenset({Outcome.CHECKED_IN, Outcome.CHECKED_OUT, Outcome.UNDONE})

# Does it to one row; a sentence when it was refused, "" when it is done.
RowAct = Callable[[HttpRequest, Attendance], str]


def subject_of(row: Attendance) -> Subject:
    return by_member(row.member_id) if row.member_id is not None else by_guest_name(row.guest_name)


def _refusal(result: CheckInResult, event: Event) -> str:
    return "" if result.outcome in DONE else message_for(result, event.zone)


def check_in_row(request: HttpRequest, row: Attendance) -> str:
    result = check_in(subject_of(row), row.event.code, **_by_staff(request))
    return _refusal(result, row.event)


def check_out_row(request: HttpRequest, row: Attendance) -> str:
    result = check_out(subject_of(row), row.event.code, **_by_staff(request))
    return _refusal(result, row.event)


def undo_row(request: HttpRequest, row: Attendance) -> str:
    result = undo(subject_of(row), row.event.code, **_by_staff(request))
    return _refusal(result, row.event)


def _by_staff(request: HttpRequest) -> dict[str, Any]:
    return {
        "by": request_actor(request),
        "at": timezone.now(),
        "operation_id": uuid4(),
        "door": Method.STAFF,
    }


def cancel_row(request: HttpRequest, row: Attendance) -> str:
    try:
        cancel_registration(subject_of(row), row.event.code, by=request_actor(request), at=timezone.now())
    except ValidationError as refusal:
        return f"{row.name}: {' '.join(refusal.messages)}"
    return ""
