"""Members as tables: in the shape of older spreadsheets, which an import reads back, and with all that is known."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from checkin_project.platform.access import Actor, Permission
from checkin_project.platform.exports import Table, register, stream
from checkin_project.platform.exports.columns import extra_cell, extra_headings, house_zone, local, plain
from checkin_project.platform.exports.narrowing import of_rows
from checkin_project.platform.exports.table import Row
from checkin_project.platform.text import fold
from members.legacy import ALIASES, classify
from members.models import LoyaltyEntry, Member, Pass

# The first ten are those of older systems, in their order. Behind them all come the columns kept in `extra`.
HEADINGS = (
    "id",
    "first_name",
    "last_name",
    "classification",
    "major",
    "v_number",
    "student_email",
    "personal_email",
    "created_at",
    "updated_at",
    "phone",
    "status",
    "primary_email",
)
_WORD = 100  # characters of a word that has no field
_READ = ("legacy_id", *HEADINGS[1:-1], "extra")
FULL_HEADINGS = (*HEADINGS[:-1], "card_number", "hidden_at_kiosks", "minor", "extra")
_READ_FULL = (*_READ[:-1], "card_number", "kiosk_hidden", "is_minor", "extra")


def table(rows: QuerySet[Member]) -> Table:
    """As older systems had it, with every column of theirs: read back it changes nothing."""
    zone, extras = house_zone(), extra_headings(rows, HEADINGS, ALIASES)

    def cells() -> Iterator[Row]:
        for *known, created_at, updated_at, phone, status, extra in stream(rows.values_list(*_READ)):
            kept = extra if isinstance(extra, dict) else {}
            known[3] = _classification(known[3], kept)
            times = (local(created_at, zone), local(updated_at, zone))
            more = (phone, _status(status, kept), _primary_email(known[6], known[7], kept))
            yield (*known, *times, *more, *[extra_cell(kept, heading) for heading in extras])

    return Table("members", HEADINGS + extras, cells)


def _kept_word(extra: dict[str, Any], name: str) -> str:
    """The word of an older spreadsheet for which the field has none, if an import would keep it again."""
    written = extra_cell(extra, name) or ""
    return written if len(written) <= _WORD else ""


def _classification(value: str, extra: dict[str, Any]) -> str:
    written = _kept_word(extra, "classification")
    return written if value == Member.Classification.OTHER and written and not classify(written) else value


def _status(value: str, extra: dict[str, Any]) -> str:
    written = _kept_word(extra, "status")
    is_free = value == Member.Status.ACTIVE and fold(written) not in Member.Status.values
    return written if written and is_free else value


def _primary_email(student: str | None, personal: str | None, extra: dict[str, Any]) -> str | None:
    """The third address; without a second one the import would take it for that."""
    address = _kept_word(extra, "primary_email")
    return address if personal and "@" in address and address not in (student, personal) else None


def full_table(rows: QuerySet[Member]) -> Table:
    """Every field of a member; the columns of older spreadsheets stand in `extra` as JSON."""
    zone = house_zone()

    def cells() -> Iterator[Row]:
        for row in stream(rows.values_list(*_READ_FULL)):
            times = (local(row[8], zone), local(row[9], zone))
            extra = json.dumps(row[-1], ensure_ascii=False, sort_keys=True) if row[-1] else None
            yield (*row[:8], *times, *row[10:-1], extra)

    return Table("members-full", FULL_HEADINGS, cells)


def loyalty_table(rows: QuerySet[LoyaltyEntry]) -> Table:
    columns = {
        "member_id": "member__legacy_id",
        "first_name": "member__first_name",
        "last_name": "member__last_name",
        "v_number": "member__v_number",
        "points": "points",
        "description": "description",
        "tier": "tier",
        "reward": "reward",
        "issued_at": "issued_at",
        "expires_at": "expires_at",
        "reference": "reference",
    }
    return plain("loyalty", rows, columns)


def pass_table(rows: QuerySet[Pass]) -> Table:
    """Who has a pass since when. Codes and what they are made from stay here."""
    columns = {
        "member_id": "member__legacy_id",
        "first_name": "member__first_name",
        "last_name": "member__last_name",
        "v_number": "member__v_number",
        "issued_at": "issued_at",
        "revoked_at": "revoked_at",
    }
    return plain("passes", rows, columns)


def members_for(actor: Actor) -> QuerySet[Member]:
    """The members whom this actor looks after, in a lasting order."""
    return Member.objects.visible_to(actor).whom(actor, Permission.MEMBERS).order_by("last_name", "first_name", "pk")


def register_exports() -> None:
    register(of_rows("members", _("Members"), Permission.MEMBERS, table, members_for))
    register(of_rows("members_full", _("Members, all fields"), Permission.MEMBERS, full_table, members_for))
