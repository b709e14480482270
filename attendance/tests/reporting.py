"""What tests of reports share: attendance as rows, without doors, and the same numbers counted in plain Python."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from attendance.models import Attendance, Method
from attendance.reports.scope import Filters, Scope, scope_for
from checkin_project.platform.access import SYSTEM, Actor
from events.models import Event
from members.models import Member

AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ALL = Filters(date(2020, 1, 1), date(2030, 12, 31))


def came(event: Event, who: Member | str, *, minutes: int = 0, **fields: Any) -> Attendance:
    """A row of somebody who came `minutes` after the start; a text is a guest."""
    at = event.starts_at + timedelta(minutes=minutes)
    return _row(event, who, {"state": "attended", "attended": True, "checked_in_at": at, "method": "kiosk"} | fields)


def registered(event: Event, who: Member | str, **fields: Any) -> Attendance:
    return _row(event, who, {"state": "registered", "registration": "registered"} | fields)


def scoped(filters: Filters = ALL, *, by: Actor = SYSTEM, at: datetime = AT) -> Scope:
    return scope_for(by, filters, at=at)


def _row(event: Event, who: Member | str, fields: dict[str, Any]) -> Attendance:
    person = {"guest_name": who, "guest_key": who.casefold()} if isinstance(who, str) else {"member": who}
    return Attendance.objects.create(event=event, created_at=AT, updated_at=AT, **person, **fields)


@dataclass(frozen=True)
class Visit:
    """One person at one event, as the oracle sees it. `guest` has no member."""

    event: Event
    member: int | None
    heads: int
    method: str
    at: datetime


def visits(events: list[Event]) -> list[Visit]:
    """Every attended row of these events, by the ORM and nothing cleverer."""
    found = Attendance.objects.filter(event__in=events, state="attended").select_related("event")
    return [Visit(row.event, row.member_id, row.party_size, row.method, row.checked_in_at) for row in found]  # type: ignore[arg-type]


METHODS = [Method.KIOSK, Method.SELF, Method.STAFF]
