"""Who came, as tables: in the shapes of older spreadsheets, which an import reads back, and with all that is known.

docs/how-to/run-an-event.md describes the columns; a test compares the two.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import F, QuerySet
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from attendance.models import Attendance, Scan
from checkin_project.platform.access import Actor, Permission
from checkin_project.platform.exports import Table, register, stream
from checkin_project.platform.exports.columns import local, plain
from checkin_project.platform.exports.narrowing import of_rows
from checkin_project.platform.exports.table import Row
from events.models import Event

# The joined view of older systems, and behind it what only we know.
DATABROWSER = (
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
)
COLUMNS = (
    *DATABROWSER,
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
# The first four are those of older systems; by the others people without an older id are found.
ATTENDANCE = (
    "event_id",
    "member_id",
    "checked_in_at",
    "method",
    "member_v_number",
    "member_student_email",
    "member_personal_email",
    "member_name",
)
RUNNER = ("Runner Name", "Run Date", "Registration Time", "Session ID", "Attendance ID")

_READ = (
    "event__legacy_id",
    "event__code",
    "event__name",
    "event__starts_at",
    "event__timezone",
    "event__location",
    "member__legacy_id",
    "member__first_name",
    "member__last_name",
    "member__classification",
    "member__major",
    "member__student_email",
    "member__personal_email",
    "member__v_number",
    "guest_name",
    "checked_in_at",
    "method",
)
_READ_FULL = (
    *_READ,
    "state",
    "registration",
    "registered_at",
    "registered_party_size",
    "checked_out_at",
    "is_walk_in",
    "party_size",
    "scan_count",
    "note",
)
Maker = Callable[..., Row]


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


@lru_cache(maxsize=2_000)
def _day(starts_at: datetime, zone: str) -> date:
    return starts_at.astimezone(_zone(zone)).date()


def _joined(*row: Any) -> Row:
    (legacy_id, code, name, starts_at, of_event, location, member_id, first, last, *person, guest, at, method) = row
    # Nobody split a guest's name into two, and no table guesses.
    full_name = guest or f"{first or ''} {last or ''}".strip()
    day = _day(starts_at, of_event)
    came = local(at, _zone(of_event))
    return (legacy_id or code, name, day, location, member_id, full_name, first, last, *person, came, method)


def _full(*row: Any) -> Row:
    state, registration, registered_at, registered, out_at, is_walk_in, people, entries, note = row[17:]
    zone = _zone(row[4])
    is_registered = registration in (Attendance.Registration.REGISTERED, Attendance.Registration.NO_SHOW)
    return (
        *_joined(*row[:17]),
        state,
        "yes" if is_registered else registration or "no",
        local(registered_at, zone),
        registered if registration else None,
        local(out_at, zone),
        is_walk_in,
        people,
        entries,
        note,
    )


def _lean(*row: Any) -> Row:
    first, last, *_studies, student, personal, v_number, guest, at, method = row[7:17]
    full_name = guest or f"{first or ''} {last or ''}".strip()
    came = local(at, _zone(row[4]))
    return (row[0] or row[1], row[6], came, method, v_number, student, personal, full_name)


def _run(pk: int, *row: Any) -> Row:
    full_name = row[14] or f"{row[7] or ''} {row[8] or ''}".strip()
    return (full_name, _day(row[3], row[4]), local(row[15], _zone(row[4])), row[0] or row[1], pk)


def _table(name: str, headings: tuple[str, ...], rows: QuerySet[Attendance], make: Maker, *paths: str) -> Table:
    def cells() -> Iterator[Row]:
        for row in stream(rows.values_list(*paths)):
            yield make(*row)

    return Table(name, headings, cells)


def _came(rows: QuerySet[Attendance]) -> QuerySet[Attendance]:
    return rows.filter(state=Attendance.State.ATTENDED)


def table(rows: QuerySet[Attendance]) -> Table:
    """As older systems had it: who came, when, and through which door."""
    return _table("attendance", ATTENDANCE, _came(rows), _lean, *_READ)


def databrowser_table(rows: QuerySet[Attendance]) -> Table:
    """Who came, joined with what is known of the event and the person: fifteen columns, as older systems had them."""
    return _table("databrowser", DATABROWSER, _came(rows), _joined, *_READ)


def runner_table(rows: QuerySet[Attendance]) -> Table:
    """Who came, as the runners' sign-up of old said it."""
    return _table("runner", RUNNER, _came(rows), _run, "pk", *_READ)


def full_table(rows: QuerySet[Attendance]) -> Table:
    """Everybody on the lists, come or not, with all that is known of it."""
    return _table("attendance-full", COLUMNS, rows, _full, *_READ_FULL)


def event_table(event: Event) -> Table:
    """One event: who came in the order of arrival, then who did not. The name is safe on every system."""
    rows = Attendance.objects.filter(event_id=event.pk).order_by(F("checked_in_at").asc(nulls_last=True), "pk")
    name = slugify(event.name)[:60].strip("-") or event.code.lower()
    return _table(f"attendance-{name}", COLUMNS, rows, _full, *_READ_FULL)


def scan_table(rows: QuerySet[Scan]) -> Table:
    """Every attempt at a door. No code is in it: of an unknown one there is a fingerprint."""
    columns = {
        "operation": "operation_id",
        "event": "event__code",
        "event_name": "event__name",
        "kind": "kind",
        "outcome": "outcome",
        "happened_at": "occurred_at",
        "received_at": "received_at",
        "member_id": "attendance__member__legacy_id",
        "first_name": "attendance__member__first_name",
        "last_name": "attendance__member__last_name",
        "guest_name": "attendance__guest_name",
        "people": "party_size",
        "door": "method",
        "device": "device__name",
        "gate": "gate",
        "user": "user__username",
        "offline": "offline",
        "flag": "flag",
        "decided": "resolution",
        "overrode": "overrode",
        "reason": "reason",
        "takes_back": "undoes",
    }
    return plain("scans", rows, columns)


def attendance_for(actor: Actor) -> QuerySet[Attendance]:
    """The attendance of which this actor may make reports, the latest first."""
    rows = Attendance.objects.visible_to(actor).order_by(F("checked_in_at").desc(nulls_last=True), "-pk")
    if actor.may(Permission.REPORTS):
        return rows
    return rows.filter(event__group_id__in=actor.groups_where(Permission.REPORTS))


def register_exports() -> None:
    for name, label, make in (
        ("attendance", _("Attendance"), table),
        ("attendance_full", _("Attendance, all columns"), full_table),
        ("databrowser", _("Attendance with event and person"), databrowser_table),
        ("runner", _("Runners' sign-ups"), runner_table),
    ):
        register(of_rows(name, label, Permission.REPORTS, make, attendance_for, event="event__code"))
