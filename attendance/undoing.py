"""What an undo takes back, and who may."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.utils.translation import gettext as _

from attendance import history
from attendance.attempt import Act
from attendance.history import Fact
from attendance.models import Scan
from attendance.subjects import By, by_guest_name, by_member
from checkin_project.platform.access import Actor

UNDO_LAST = 10
UNDO_WITHIN = timedelta(minutes=10)


def with_person(act: Act) -> Act:
    """An undo that names only the operation: whose was it?"""
    if act.subject.by is not By.NOBODY:
        return act
    scan = (
        Scan.objects.accepted()
        .filter(Q(operation_id=act.undoes) | Q(beside=act.undoes), event__code=act.event_code)
        .select_related("attendance")
        .first()
    )
    if scan is None or scan.attendance is None:
        return act
    if scan.attendance.member_id is not None:
        return replace(act, subject=by_member(scan.attendance.member_id))
    return replace(act, subject=by_guest_name(scan.attendance.guest_name))


def standing_target(act: Act, scans: list[Fact]) -> Fact | None:
    """The operation to take back: the one named, or the last entry that still stands."""
    moves = history.standing(scans)
    if act.undoes is not None:
        return next((move for move in moves if move.operation_id == act.undoes), None)
    return next((move for move in reversed(moves) if move.kind == history.ENTRY), None)


def require_own_and_recent(act: Act, target: Fact) -> None:
    """A steward takes back what the same device, key or user did: the last ten operations, for ten minutes."""
    own = Scan.objects.accepted().exclude(kind=Scan.Kind.UNDO).filter(event__code=act.event_code)
    own = own.filter(**_who_scanned(act.by)).order_by("-received_at", "-pk")
    last_ten = own.values_list("operation_id", "beside", "received_at")[:UNDO_LAST]
    for operation_id, beside, received_at in last_ten:
        if target.operation_id in (operation_id, beside) and act.at - received_at <= UNDO_WITHIN:
            return
    raise PermissionDenied(_("Only a supervisor can take back a check-in that is older or was made elsewhere."))


def _who_scanned(by: Actor) -> dict[str, int | None]:
    if by.device_id:
        return {"device_id": by.device_id}
    if by.key_id:
        return {"api_key_id": by.key_id}
    return {"user_id": by.user_id}
