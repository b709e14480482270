"""Where the rows come from: the tables as they are now, or PostgreSQL's materialised view. Both know the same facts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from attendance.models import Attendance, BrowserRow

# Fact → its path from Attendance. The view has a column of the fact's own name.
LIVE: dict[str, str] = {
    "id": "pk",
    "event_id": "event_id",
    "event_code": "event__code",
    "event_legacy_id": "event__legacy_id",
    "event_name": "event__name",
    "event_starts_at": "event__starts_at",
    "event_timezone": "event__timezone",
    "event_location": "event__location",
    "group_name": "event__group__name",
    "member_id": "member_id",
    "member_legacy_id": "member__legacy_id",
    "first_name": "member__first_name",
    "last_name": "member__last_name",
    "classification": "member__classification",
    "major": "member__major",
    "student_email": "member__student_email",
    "personal_email": "member__personal_email",
    "v_number": "member__v_number",
    "guest_name": "guest_name",
    "guest_key": "guest_key",
    "state": "state",
    "registration": "registration",
    "registered_at": "registered_at",
    "registered_party_size": "registered_party_size",
    "checked_in_at": "checked_in_at",
    "checked_out_at": "checked_out_at",
    "method": "method",
    "is_walk_in": "is_walk_in",
    "party_size": "party_size",
    "scan_count": "scan_count",
    "note": "note",
}
FACTS = tuple(LIVE)
Facts = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Source:
    """`rows` are all there are, whoever asks; `as_of` is when the view was made, None for rows as they are now."""

    rows: QuerySet[Any]
    paths: Mapping[str, str]
    as_of: datetime | None = None

    def path(self, fact: str) -> str:
        return self.paths[fact]


def live() -> Source:
    return Source(Attendance.objects.order_by(), LIVE)


def view(as_of: datetime) -> Source:
    """The view must exist."""
    return Source(BrowserRow.objects.order_by(), {fact: fact for fact in FACTS}, as_of)


def facts_of(source: Source, rows: QuerySet[Any]) -> QuerySet[Any, tuple[Any, ...]]:
    """The facts of these rows, in the order of FACTS."""
    return rows.values_list(*(source.path(fact) for fact in FACTS))


def named(values: tuple[Any, ...]) -> Facts:
    return dict(zip(FACTS, values, strict=True))
