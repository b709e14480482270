"""The columns: what each is called in files, what people read above it, and what stands in a row.

In files they are called as the import calls them, so that what was taken along can be read again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from attendance.databrowser.sources import Facts
from attendance.models import Attendance, Method
from checkin_project.platform.exports import Cell
from checkin_project.platform.exports.columns import local as on_clock
from members.models import Member


@dataclass(frozen=True, slots=True)
class Column:
    """`cell` is what a file holds, `shown` what people read; without `shown` both are the same."""

    label: Any
    cell: Callable[[Facts], Cell]
    shown: Callable[[Facts], str] | None = None
    is_number: bool = False


@lru_cache(maxsize=64)
def zone_of(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def local(at: datetime | None, facts: Facts) -> datetime | None:
    """The moment on the event's clock, as older spreadsheets had it."""
    return on_clock(at, zone_of(facts["event_timezone"]))


def name_of(facts: Facts) -> str:
    return facts["guest_name"] or f"{facts['first_name'] or ''} {facts['last_name'] or ''}".strip()


def day_of(facts: Facts) -> date:
    at: datetime = facts["event_starts_at"]
    return at.astimezone(zone_of(facts["event_timezone"])).date()


def _fact(fact: str) -> Callable[[Facts], Cell]:
    return lambda facts: facts[fact]


def _moment(fact: str) -> Callable[[Facts], Cell]:
    return lambda facts: local(facts[fact], facts)


def _clock(fact: str) -> Callable[[Facts], str]:
    def shown(facts: Facts) -> str:
        at = local(facts[fact], facts)
        return date_format(at, "DATETIME_FORMAT") if at else ""

    return shown


def _word(fact: str, choices: Any) -> Callable[[Facts], str]:
    return lambda facts: str(dict(choices).get(facts[fact], facts[fact] or ""))


def _registered(facts: Facts) -> str:
    registration = facts["registration"]
    is_registered = registration in (Attendance.Registration.REGISTERED, Attendance.Registration.NO_SHOW)
    return "yes" if is_registered else registration or "no"


def _registered_words(facts: Facts) -> str:
    return {"yes": _("Yes"), "no": _("No"), "cancelled": _("Cancelled")}[_registered(facts)]


def _event_id(facts: Facts) -> Cell:
    return str(facts["event_legacy_id"] or facts["event_code"])


COLUMNS: dict[str, Column] = {
    "member_name": Column(gettext_lazy("Name"), name_of),
    "checked_in_at": Column(gettext_lazy("Checked in"), _moment("checked_in_at"), _clock("checked_in_at")),
    "event_name": Column(gettext_lazy("Event"), _fact("event_name")),
    "event_date": Column(gettext_lazy("Event's date"), day_of, lambda facts: date_format(day_of(facts))),
    "method": Column(gettext_lazy("Door"), _fact("method"), _word("method", Method.choices)),
    "state": Column(gettext_lazy("State"), _fact("state"), _word("state", Attendance.State.choices)),
    "member_classification": Column(
        gettext_lazy("Classification"), _fact("classification"), _word("classification", Member.Classification.choices)
    ),
    "member_major": Column(gettext_lazy("Major"), _fact("major")),
    "member_v_number": Column(gettext_lazy("V-number"), _fact("v_number")),
    "member_student_email": Column(gettext_lazy("Student e-mail"), _fact("student_email")),
    "member_personal_email": Column(gettext_lazy("Personal e-mail"), _fact("personal_email")),
    "member_first_name": Column(gettext_lazy("First name"), _fact("first_name")),
    "member_last_name": Column(gettext_lazy("Last name"), _fact("last_name")),
    "member_id": Column(gettext_lazy("Member's legacy id"), _fact("member_legacy_id")),
    "event_location": Column(gettext_lazy("Place"), _fact("event_location")),
    "group": Column(gettext_lazy("Group"), _fact("group_name")),
    "event_id": Column(gettext_lazy("Event's legacy id or code"), _event_id),
    "checked_out_at": Column(gettext_lazy("Checked out"), _moment("checked_out_at"), _clock("checked_out_at")),
    "registered": Column(gettext_lazy("Registered"), _registered, _registered_words),
    "registered_at": Column(gettext_lazy("Registered at"), _moment("registered_at"), _clock("registered_at")),
    "registered_people": Column(
        gettext_lazy("Registered people"),
        lambda facts: facts["registered_party_size"] if facts["registration"] else None,
        is_number=True,
    ),
    "walk_in": Column(
        gettext_lazy("Walk-in"), _fact("is_walk_in"), lambda facts: _("Yes") if facts["is_walk_in"] else _("No")
    ),
    "people": Column(gettext_lazy("People"), _fact("party_size"), is_number=True),
    "entries": Column(gettext_lazy("Entries"), _fact("scan_count"), is_number=True),
    "note": Column(gettext_lazy("Note"), _fact("note")),
}
DEFAULT_COLUMNS = (
    "member_name",
    "checked_in_at",
    "event_name",
    "event_date",
    "method",
    "state",
    "member_classification",
    "member_major",
)


def shown(column: str, facts: Facts) -> str:
    known = COLUMNS[column]
    if known.shown:
        return known.shown(facts)
    value = known.cell(facts)
    return "" if value is None else str(value)
