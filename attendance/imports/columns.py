"""One row about somebody at an event → cleaned values, or what is wrong with it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from attendance.models import Attendance, Method
from checkin_project.platform.legacy import is_blank, is_blank_name, unknown_columns
from checkin_project.platform.text import clean_text, fold

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

# Field → heading keys it goes by. docs/how-to/import-legacy-csvs.md prints these tables.
_EVENT = {
    "event_id": "event_id",
    "event_code": "event_code",
    "event_name": "event_name",
    "event_date": "event_date date",
    "event_location": "event_location location",
}
_MEMBER = {
    "member_id": "member_id",
    "member_name": "member_name name full_name",
    "member_first_name": "member_first_name first_name firstname",
    "member_last_name": "member_last_name last_name lastname",
    "member_classification": "member_classification classification",
    "member_major": "member_major major",
    "member_student_email": "member_student_email student_email email e_mail",
    "member_personal_email": "member_personal_email personal_email",
    "member_v_number": "member_v_number v_number vnumber",
}
_ENTRY = {
    "checked_in_at": "checked_in_at check_in_time checked_in",
    "checked_out_at": "checked_out_at check_out_time checked_out",
    "method": "method door",
    "notes": "notes note",
    "id": "id attendance_id",
    "state": "state",
    "registered": "registered",
    "registered_at": "registered_at",
    "registered_people": "registered_people",
    "people": "people party_size",
    # These follow from the rest: known, so that they do not go into the note, and left aside.
    "walk_in": "walk_in",
    "entries": "entries",
}
_RUNNER = {
    "member_name": "runner_name",
    "event_date": "run_date",
    "checked_in_at": "registration_time",
    "event_id": "session_id",
    "id": "attendance_id",
}


def _aliases(*tables: Mapping[str, str]) -> dict[str, str]:
    return {key: name for table in tables for name, keys in table.items() for key in keys.split()}


ALIASES = _aliases(_EVENT, _MEMBER, _ENTRY)
RUNNER_ALIASES = _aliases(_RUNNER)

FIELDS: dict[str, _StrPromise] = {
    "event_id": _lazy("event: id"),
    "event_code": _lazy("event: code"),
    "event_name": _lazy("event: name"),
    "event_date": _lazy("event: date"),
    "event_location": _lazy("event: location"),
    "member_id": _lazy("member: legacy id"),
    "member_name": _lazy("member: full name"),
    "member_first_name": _lazy("member: first name"),
    "member_last_name": _lazy("member: last name"),
    "member_classification": _lazy("member: classification"),
    "member_major": _lazy("member: major"),
    "member_student_email": _lazy("member: student e-mail"),
    "member_personal_email": _lazy("member: personal e-mail"),
    "member_v_number": _lazy("member: V-number"),
    "checked_in_at": _lazy("checked in"),
    "checked_out_at": _lazy("checked out"),
    "method": _lazy("door"),
    "notes": _lazy("note"),
    "id": _lazy("id of the check-in"),
    "state": _lazy("state"),
    "registered": _lazy("registered"),
    "registered_at": _lazy("registered at"),
    "registered_people": _lazy("registered people"),
    "people": _lazy("people"),
    "walk_in": _lazy("walk-in (follows from the rest)"),
    "entries": _lazy("entries (follow from the rest)"),
}
RUNNER_FIELDS = {name: FIELDS[name] for name in _RUNNER}

# What a door is called elsewhere. The word of the file stays with the scan.
METHODS: dict[str, Method] = {
    word: method
    for method, found in {
        Method.STAFF: "staff manual admin desk steward organiser",
        Method.KIOSK: "kiosk verify search register registration lookup tablet v-number",
        Method.SELF: "self qr qr-code qrcode code event-code phone runner",
        Method.POSTER: "poster",
        Method.SCANNER: "scanner scan pass barcode card",
        Method.API: "api",
        Method.PAPER: "paper list sign-in-sheet",
        Method.IMPORT: "import imported csv",
    }.items()
    for word in found.split()
}
_ABSENT = frozenset(state for state in Attendance.State.values if state != Attendance.State.ATTENDED)
_LONGEST_NOTE = 2000
_LONGEST_WORD = 60
_MOST_PEOPLE = 1000

T = TypeVar("T")


@dataclass(slots=True)
class Line:
    """One row, split into what is said of the event, of the person and of the entry. Times are still text.

    `event` and `member` are cells by the fields of the importers of events and members.
    """

    event: dict[str, str] = field(default_factory=dict)
    member: dict[str, str] = field(default_factory=dict)
    came_at: str = ""
    left_at: str = ""
    method: Method = Method.IMPORT
    people: int = 1
    reason: str = ""
    note: str = ""
    is_absent: bool = False  # says of itself that nobody came
    registration: str = ""
    registered_at: str = ""
    registered_people: int = 1
    problems: list[tuple[str, str]] = field(default_factory=list)


def read_line(cells: Mapping[str, str], unknown: Mapping[str, str], *, door: Method = Method.IMPORT) -> Line:
    """`cells` by field of FIELDS, `unknown` by heading. `door` is that of rows that name none."""
    line = Line()
    for name, cell in cells.items():
        if name.startswith("event_"):
            line.event["legacy_id" if name == "event_id" else name.replace("event_", "", 1)] = cell
        elif name.startswith("member_"):
            line.member["legacy_id" if name == "member_id" else name.replace("member_", "", 1)] = cell
    if "date" in line.event:
        line.event["event_date"] = line.event.pop("date")

    def take(name: str, clean: Callable[[str], T], otherwise: T) -> T:
        cell = cells.get(name, "")
        if is_blank(cell):
            return otherwise
        try:
            return clean(cell)
        except ValidationError as error:
            line.problems.append((name, error.messages[0]))
            return otherwise

    line.came_at = take("checked_in_at", str.strip, "")
    line.left_at = take("checked_out_at", str.strip, "")
    line.registered_at = take("registered_at", str.strip, "")
    line.people = take("people", _people, 1)
    line.registered_people = take("registered_people", _people, 1)
    line.registration = _registration(cells)
    word = take("method", lambda cell: clean_text(cell, max_length=_LONGEST_WORD), "")
    number = take("id", lambda cell: clean_text(cell, max_length=_LONGEST_WORD), "")
    line.method = METHODS.get(_key(word), Method.IMPORT) if word else door
    line.reason = _reason(word if word != line.method.value else "", number)
    line.note = _note(line, take("notes", _clean_note, ""), word, unknown)
    line.is_absent = not line.came_at and cells.get("state", "").strip().casefold() in _ABSENT
    if not line.came_at and not line.is_absent and not line.problems:
        line.problems.append(("checked_in_at", _("A check-in needs its time.")))
    return line


def _key(word: str) -> str:
    return "-".join(fold(word).replace("_", " ").split())


def _people(cell: str) -> int:
    text = cell.strip().removesuffix(".0")
    if text.isascii() and text.isdigit() and 1 <= int(text) <= _MOST_PEOPLE:
        return int(text)
    raise ValidationError(_("Write a number from 1 to %(most)d.") % {"most": _MOST_PEOPLE})


def _clean_note(cell: str) -> str:
    return clean_text(cell, max_length=_LONGEST_NOTE, multiline=True)


def _registration(cells: Mapping[str, str]) -> str:
    """What the row is apart from the entry, as our own files say it."""
    said = cells.get("registered", "").strip().casefold()
    if said == "yes":
        is_no_show = cells.get("state", "").strip().casefold() == Attendance.State.NO_SHOW
        return (Attendance.Registration.NO_SHOW if is_no_show else Attendance.Registration.REGISTERED).value
    return said if said == Attendance.Registration.CANCELLED else ""


def _reason(word: str, number: str) -> str:
    """What the scan remembers of the file: its word for the door and its number of the check-in."""
    told = [f"method: {word}"] if word else []
    if number:
        told.append(f"id: {number}")
    return f"import ({', '.join(told)})" if told else "import"


def _note(line: Line, written: str, word: str, unknown: Mapping[str, str]) -> str:
    """The row's note and, a line each, what has no field here."""
    kept, problems = unknown_columns(unknown)
    line.problems += problems
    if word and _key(word) not in METHODS:
        kept = {"method": word, **kept}
    lines = [written, *(f"{heading}: {text}" for heading, text in kept.items())]
    text = "\n".join(filter(None, lines))
    if len(text) > _LONGEST_NOTE:
        line.problems.append(("notes", _("The note is longer than %(max)d characters.") % {"max": _LONGEST_NOTE}))
        return ""
    return text


def bare_name(line: Line) -> str:
    """The name of a row that says no more of its person than that; guests may be called "nan" or "None", too."""
    says_more = any(
        cell.strip() if name in ("first_name", "last_name") else not is_blank(cell)
        for name, cell in line.member.items()
        if name != "name"
    )
    return "" if says_more else " ".join(line.member.get("name", "").split())


def could_say_more(line: Line) -> bool:
    """Has the file columns for more of its people? Then somebody with a name only is a guest, and is to be one."""
    return {"first_name", "last_name"} <= set(line.member)


def may_be_guest(line: Line) -> bool:
    return could_say_more(line) and not is_blank_name(bare_name(line))
