"""Somebody who is not on record comes to a door: registered and checked in as one act."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from uuid import UUID

from django.db import transaction

from attendance.checkin import check_in
from attendance.models import Method, Scan
from attendance.outcomes import CheckInResult, Outcome
from attendance.subjects import Subject, by_member
from checkin_project.platform.access import Actor
from members.models import Member
from members.registration import register_provisional


class _Taken(Exception):
    """The operation's id is in use: by a request that ran at the same time, or for something else."""

    def __init__(self, result: CheckInResult) -> None:
        self.result = result


def admit(
    details: Member,
    event_code: str,
    *,
    by: Actor,
    at: datetime,
    operation_id: UUID,
    door: Method,
) -> CheckInResult:
    """Make `details` (not saved yet) a provisional member and check that member in, in one transaction.

    Repeat-safe: the same `operation_id` makes nobody twice and gets the first answer again. Who was refused at the door
    stays on record, so that staff can find them. Raises ValidationError for details that cannot be stored, and what
    `check_in` raises.
    """
    act = partial(check_in, event_code=event_code, by=by, at=at, operation_id=operation_id, door=door)
    try:
        return _admit(details, event_code, operation_id, act)
    except _Taken:
        # Nobody was made: what the other request recorded can be seen now.
        try:
            return _admit(details, event_code, operation_id, act)
        except _Taken as taken:
            return taken.result


def _admit(
    details: Member, event_code: str, operation_id: UUID, act: Callable[[Subject], CheckInResult]
) -> CheckInResult:
    with transaction.atomic():
        member_id = _registered_before(operation_id, event_code)
        if member_id is not None:
            return act(by_member(member_id))
        result = act(by_member(register_provisional(details).pk))
        if result.outcome is Outcome.OPERATION_CONFLICT:
            raise _Taken(result)
        return result


def _registered_before(operation_id: UUID, event_code: str) -> int | None:
    """The member an earlier request of the same operation was about."""
    scan = Scan.objects.filter(operation_id=operation_id, event__code=event_code).only("subject").first()
    if scan is None or not scan.subject.startswith("m:"):
        return None
    return int(scan.subject.removeprefix("m:"))
