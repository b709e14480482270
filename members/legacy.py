"""One row of an older members' spreadsheet → cleaned values, or what is wrong with it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from sys import intern
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from checkin_project.platform.legacy import clean_id, is_blank, is_blank_name, parse_moment, unknown_columns
from checkin_project.platform.text import clean_email, clean_text, clean_v_number, fold
from members.models import Member

_Class = Member.Classification

# Heading (spaces, case and punctuation aside) → field. docs/how-to/import-legacy-csvs.md prints this table.
ALIASES: dict[str, str] = {
    "id": "legacy_id",
    "legacy_id": "legacy_id",
    "member_id": "legacy_id",
    "first_name": "first_name",
    "firstname": "first_name",
    "last_name": "last_name",
    "lastname": "last_name",
    "name": "name",
    "full_name": "name",
    "classification": "classification",
    "class": "classification",
    "major": "major",
    "v_number": "v_number",
    "vnumber": "v_number",
    "student_email": "student_email",
    "email": "student_email",
    "e_mail": "student_email",
    "personal_email": "personal_email",
    "primary_email": "primary_email",
    "phone": "phone",
    "phone_number": "phone",
    "status": "status",
    "created_at": "created_at",
    "updated_at": "updated_at",
}

# What a column may stand for, in words for people.
FIELDS = {
    "legacy_id": _("legacy id"),
    "first_name": _("first name"),
    "last_name": _("last name"),
    "name": _("full name"),
    "classification": _("classification"),
    "major": _("major"),
    "v_number": _("V-number"),
    "student_email": _("student e-mail"),
    "personal_email": _("personal e-mail"),
    "primary_email": _("primary e-mail"),
    "phone": _("phone"),
    "status": _("status"),
    "created_at": _("created"),
    "updated_at": _("updated"),
}

CLASSIFICATIONS: dict[str, _Class] = {
    spelling: value
    for value, spellings in {
        _Class.FRESHMAN: "freshman freshmen freshmn fresh frosh fr 1 first-year",
        _Class.SOPHOMORE: "sophomore sophomores sophmore sophmores sophomre soph so 2 second-year",
        _Class.JUNIOR: "junior juniors jnr jr 3 third-year",
        _Class.SENIOR: "senior seniors snr sr 4 fourth-year",
        _Class.GRADUATE: "graduate graduates grad grads graduate-student grad-student masters master phd gr",
        _Class.ALUMNI: "alumni alumnus alumna alumnae alum alums",
        _Class.OTHER: "other others",
    }.items()
    for spelling in spellings.split()
}
_STATUSES = {"provisional": Member.Status.PROVISIONAL, "blocked": Member.Status.BLOCKED}


_Column = tuple[str, Callable[[str], Any], Callable[[str], bool]]


@dataclass(slots=True)
class Reading:
    """One row, cleaned. Blank cells are absent from `values` and `extra`; `problems` are (field, reason).

    `is_split_name`: first and last name come from one column, so where the name parts is a guess.
    """

    values: dict[str, Any] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)
    problems: list[tuple[str, str]] = field(default_factory=list)
    is_split_name: bool = False


def classify(cell: str) -> str:
    """The classification a word stands for, or "" for an unknown word."""
    return CLASSIFICATIONS.get(cell.lower()) or CLASSIFICATIONS.get(fold(cell).strip(" .").replace(" ", "-")) or ""


def split_name(name: str) -> tuple[str, str]:
    """The last word is the last name; a single word is a first name."""
    first, _space, last = name.rpartition(" ")
    return (first, last) if first else (last, "")


def read_row(cells: Mapping[str, str], unknown: Mapping[str, str], zone: ZoneInfo) -> Reading:
    """`cells` by field of ALIASES, `unknown` by heading. Times without a zone are in `zone`."""
    reading = Reading()
    for name, clean, blank in _columns(zone):
        cell = cells.get(name)
        if not cell or blank(cell):
            continue
        try:
            value = clean(cell)
        except ValidationError as error:
            reading.problems.append((name, error.messages[0]))
            continue
        if value != "":
            reading.values[name] = value
    _settle(reading)
    if unknown:
        kept, problems = unknown_columns(unknown)
        reading.extra |= kept
        reading.problems += problems
    return reading


@cache
def _columns(zone: ZoneInfo) -> tuple[_Column, ...]:
    """Every field with what cleans it and what tells that its cell says nothing, in the order of their problems."""

    def line(max_length: int) -> Callable[[str], str]:
        return lambda cell: clean_text(cell, max_length=max_length)

    def often(max_length: int) -> Callable[[str], str]:
        # Thousands of people share these; they share the text, too.
        return lambda cell: intern(clean_text(cell, max_length=max_length))

    def moment(cell: str) -> datetime:
        return parse_moment(cell, zone)

    return (
        ("legacy_id", clean_id, is_blank),
        ("first_name", often(100), is_blank_name),
        ("last_name", often(100), is_blank_name),
        ("name", line(201), is_blank_name),
        ("major", often(150), is_blank),
        ("v_number", lambda cell: clean_v_number(clean_id(cell)), is_blank),
        ("student_email", clean_email, is_blank),
        ("personal_email", clean_email, is_blank),
        ("primary_email", clean_email, is_blank),
        ("phone", line(40), is_blank),
        ("classification", often(100), is_blank),
        ("status", often(100), is_blank),
        ("created_at", moment, is_blank),
        ("updated_at", moment, is_blank),
    )


def _settle(reading: Reading) -> None:
    """Turn columns that stand for something else into fields; what has no field goes to `extra`."""
    values, extra = reading.values, reading.extra
    name = values.pop("name", "")
    if name and not values.get("first_name") and not values.get("last_name"):
        first, last = split_name(name)
        values |= {"first_name": first, "last_name": last} if last else {"first_name": first}
        reading.is_split_name = True
    written = values.pop("classification", "")
    if written:
        known = classify(written)
        values["classification"] = str(known) or _Class.OTHER.value
        if not known:
            extra["classification"] = written
    status = values.pop("status", "")
    folded = fold(status) if status else "active"
    if folded in _STATUSES:
        values["status"] = _STATUSES[folded].value
    elif folded != "active":  # what everybody is; it must not lift a block that staff set
        extra["status"] = status
    primary = values.pop("primary_email", "")
    if primary and primary not in (values.get("student_email"), values.get("personal_email")):
        if "personal_email" in values:
            extra["primary_email"] = primary
        else:
            values["personal_email"] = primary
