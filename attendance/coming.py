"""The next event of a member, for the pages that the app of members shows."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q

from attendance.models import Attendance
from events.models import Event, GroupMember
from members.coming import Coming
from members.models import Member


def next_event(member: Member, at: datetime) -> Coming | None:
    """The earliest event, under way or ahead, that the member is on the list of or that a group of theirs holds.

    Only what anybody may know of: a pass can get into other hands. One query.
    """
    rows = Attendance.objects.filter(event=OuterRef("pk"), member=member)
    attended = rows.filter(state=Attendance.State.ATTENDED, checked_out_at__isnull=True)
    groups = GroupMember.objects.filter(member=member).values("group_id")
    event: Any = (
        Event.objects.published()
        .filter(Q(closed_at__isnull=True) | Q(closed_at__gt=at), stored_status=Event.Stored.SCHEDULED, ends_at__gte=at)
        .annotate(is_expected=Exists(rows.filter(state=Attendance.State.REGISTERED)), is_checked_in=Exists(attended))
        .filter(Q(is_expected=True) | Q(is_checked_in=True) | Q(group__in=groups))
        .order_by("starts_at", "-is_checked_in", "-is_expected", "pk")
        .first()
    )
    if event is None:
        return None
    return Coming(
        name=event.name,
        location=event.location,
        starts_at=event.starts_at,
        ends_at=event.ends_at,
        timezone=event.timezone,
        all_day=event.all_day,
        is_on=event.starts_at <= at,
        is_registered=event.is_expected,
        is_checked_in=event.is_checked_in,
    )
