"""The list of an event that has closed, stored by itself (EXPORT_ON_CLOSE)."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings

from checkin_project.platform.access import SYSTEM, Actor
from checkin_project.platform.exports.runs import ExportRun
from checkin_project.platform.exports.storing import Wanted, order
from events.models import Event

# Everybody on the list with all that is known, so that nothing is missing when the records are long gone.
EXPORT = "attendance_full"


def store_list(event: Event, *, by: Actor, at: datetime) -> None:
    """Order the copy, made once the closing is committed; none when the site wants none, or nobody is on the list.

    It belongs to whoever closed the event. Writes one row and asks no storage.
    """
    if not settings.EXPORT_ON_CLOSE or not event.attendances.exists():
        return
    about = f"{event.name}, {event.local_start:%Y-%m-%d}"
    wanted = Wanted(EXPORT, settings.EXPORT_FORMAT, {"event": event.code}, about, ExportRun.Origin.CLOSING)
    order(wanted, by=by if by.user_id else SYSTEM, at=at)
