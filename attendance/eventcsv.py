"""One event's attendance as CSV: read from one snapshot, row by row, in constant memory.

docs/how-to/run-an-event.md describes the columns; a test compares the two.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from django.db.models import F
from django.utils.text import slugify

from attendance.models import Attendance
from checkin_project.platform.sheets import SheetWriter
from events.models import Event

# The first fifteen are those of the joined view of older systems, so that whatever read that reads this.
COLUMNS = (
    "event_id",
    "event_name",
    "event_date",
    "event_location",
    "member_id",
    "member_name",
    "member_first_name",
    "member_last_name",
    "member_classification",
    "member_major",
    "member_student_email",
    "member_personal_email",
    "member_v_number",
    "checked_in_at",
    "method",
    "state",
    "registered",
    "registered_at",
    "registered_people",
    "checked_out_at",
    "walk_in",
    "people",
    "entries",
    "note",
)
_READ = (
    "member__legacy_id",
    "member__first_name",
    "member__last_name",
    "member__classification",
    "member__major",
    "member__student_email",
    "member__personal_email",
    "member__v_number",
    "guest_name",
    "state",
    "registration",
    "registered_at",
    "registered_party_size",
    "checked_in_at",
    "checked_out_at",
    "method",
    "is_walk_in",
    "party_size",
    "scan_count",
    "note",
)
_AT_ONCE = 1_000


def file_name(event: Event) -> str:
    """ "attendance-chess-night-2026-11-20.csv": safe on every system, whatever the event is called."""
    name = slugify(event.name)[:60].strip("-") or event.code.lower()
    return f"attendance-{name}-{event.local_start:%Y-%m-%d}.csv"


def parts(event: Event) -> Iterator[str]:
    """The file in parts of some hundred lines: who came in the order of arrival, then who did not. One query.

    Formula-safe and reversible (`platform.sheets`), UTF-8 with its mark, CRLF. Times are those of the event's zone,
    with their offset, to the second.
    """
    file = io.StringIO(newline="")
    writer = SheetWriter(file, COLUMNS)
    rows = Attendance.objects.filter(event=event).order_by(F("checked_in_at").asc(nulls_last=True), "pk")
    zone, shared = event.zone, _of_event(event)
    # One statement is one snapshot; the cursor hands it out in parts, whatever happens at the doors meanwhile.
    for number, row in enumerate(rows.values_list(*_READ).iterator(chunk_size=_AT_ONCE), start=1):
        writer.write([*shared, *_of_person(row, zone)])
        if number % _AT_ONCE == 0:
            yield _taken(file)
    yield _taken(file)


def _of_event(event: Event) -> list[object]:
    return [event.legacy_id or event.code, event.name, f"{event.local_start:%Y-%m-%d}", event.location]


def _of_person(row: tuple[object, ...], zone: ZoneInfo) -> list[object]:
    """In the order of COLUMNS, from values in the order of _READ."""
    it = dict(zip(_READ, row, strict=True))
    # Nobody split a guest's name into two, and this file does not guess.
    first, last = it["member__first_name"] or "", it["member__last_name"] or ""
    registration = it["registration"]
    is_registered = registration in (Attendance.Registration.REGISTERED, Attendance.Registration.NO_SHOW)
    return [
        it["member__legacy_id"],
        it["guest_name"] or f"{first} {last}".strip(),
        first,
        last,
        it["member__classification"],
        it["member__major"],
        it["member__student_email"],
        it["member__personal_email"],
        it["member__v_number"],
        _moment(it["checked_in_at"], zone),
        it["method"],
        it["state"],
        "yes" if is_registered else registration or "no",
        _moment(it["registered_at"], zone),
        it["registered_party_size"] if registration else "",
        _moment(it["checked_out_at"], zone),
        "yes" if it["is_walk_in"] else "no",
        it["party_size"],
        it["scan_count"],
        it["note"],
    ]


def _moment(at: object, zone: ZoneInfo) -> str:
    return at.astimezone(zone).isoformat(timespec="seconds") if isinstance(at, datetime) else ""


def _taken(file: io.StringIO) -> str:
    """What was written so far, which the file then forgets."""
    text = file.getvalue()
    file.seek(0)
    file.truncate()
    return text
