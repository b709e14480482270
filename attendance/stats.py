"""Numbers of one event, counted from its rows each time they are asked for."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from django.db import connection

from attendance.outcomes import Outcome

LATEST = 10
# What the feed tells of: what changed who is in.
COUNTING = (Outcome.CHECKED_IN.value, Outcome.CHECKED_OUT.value, Outcome.UNDONE.value)
# By hand, because it is asked after nearly every check-in, and putting it together through the ORM takes longer than
# counting. tests/test_live.py holds it against the ORM.
SUMS = """
COALESCE(SUM(CASE WHEN registration IN ('registered', 'no_show') THEN registered_party_size END), 0),
COALESCE(SUM(CASE WHEN state = 'attended' THEN party_size END), 0),
COALESCE(SUM(CASE WHEN state = 'attended' AND checked_out_at IS NULL THEN party_size END), 0),
COALESCE(SUM(CASE WHEN state = 'attended' AND is_walk_in THEN party_size END), 0),
COALESCE(SUM(CASE WHEN state = 'no_show' THEN party_size END), 0),
COALESCE(SUM(CASE WHEN state = 'attended' AND registration IN ('registered', 'no_show')
    THEN registered_party_size END), 0)"""
_COUNTS = f"SELECT {SUMS} FROM attendance WHERE event_id = %s"  # noqa: S608 - constants only
# When the statement's own transaction began, and so before it looked: of two countings, the one with the later moment
# has seen all that the other one has, on whichever web machine either ran. statement_timestamp() is taken once more
# after the look, so a counting that got interrupted in between would pass for newer than it is.
_MOMENT = {"postgresql": "(EXTRACT(EPOCH FROM transaction_timestamp()) * 1000000)::bigint"}
# By hand for the same reason: the ORM took three quarters of what telling staff's screens costs. tests/test_watching.py
# holds it against the ORM, too.
_LATEST = """SELECT s.id, s.operation_id, s.attendance_id, m.first_name, m.last_name, a.guest_name, s.occurred_at,
s.method, s.kind, s.outcome, s.party_size, a.is_walk_in, {visit}
FROM scans s LEFT JOIN attendance a ON a.id = s.attendance_id LEFT JOIN members m ON m.id = a.member_id
WHERE s.event_id = %s AND s.outcome IN (%s, %s, %s) ORDER BY s.received_at DESC, s.id DESC LIMIT %s"""
_VISIT = {"postgresql": "s.answer ->> 'visit'", "sqlite": "json_extract(s.answer, '$.visit')"}


@dataclass(frozen=True, slots=True)
class Counts:
    """Heads: `expected` registered, `checked_in` ever in, `inside` in and not out, `no_shows` registered and absent.

    `shown` are those of the expected who came; `show_rate` is their share from 0 to 1, None when nobody is expected.
    """

    expected: int
    checked_in: int
    inside: int
    walk_ins: int
    no_shows: int
    shown: int

    @property
    def show_rate(self) -> float | None:
        return self.shown / self.expected if self.expected else None


def counts(event_id: int) -> Counts:
    """One query."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS, [event_id])
        return Counts(*map(int, cursor.fetchone()))


@dataclass(frozen=True, slots=True)
class Numbers:
    """Counts with what screens need beside them: the event's seats (None: no limit) and a version.

    The version is the moment of counting in microseconds since 1970, by the one clock that all web machines share: the
    database's. Numbers with a higher version have seen everything that those with a lower one have.
    """

    counts: Counts
    capacity: int | None
    version: int


@dataclass(frozen=True, slots=True)
class Movement:
    """An entry, exit or undo that counted, as the feed of a screen shows it. `scan` grows with time."""

    scan: int
    operation: str
    attendance: int | None
    name: str
    at: datetime
    method: str
    kind: str
    outcome: str
    party_size: int
    is_walk_in: bool
    visit: int


def numbers(event_id: int) -> Numbers:
    """One query."""
    # SQLite lives on one machine, so that machine's clock will do; it is read before the statement begins, too.
    now = str(time.time_ns() // 1000)
    moment = _MOMENT.get(connection.vendor, now)
    capacity = "(SELECT capacity FROM events WHERE id = %s)"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {SUMS}, {capacity}, {moment} FROM attendance WHERE event_id = %s",  # noqa: S608 - constants only
            [event_id, event_id],
        )
        *sums, seats, version = cursor.fetchone()
    return Numbers(Counts(*map(int, sums)), None if seats is None else int(seats), int(version))


def latest(event_id: int, how_many: int = LATEST) -> list[Movement]:
    """What happened last at the doors, newest first; refusals are left out. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_LATEST.format(visit=_VISIT[connection.vendor]), [event_id, *COUNTING, how_many])
        rows = cursor.fetchall()
    return [
        Movement(
            scan=scan,
            operation=str(UUID(str(operation))),
            attendance=attendance,
            name=" ".join(filter(None, (first, last))) or guest or "",
            at=_moment(at),
            method=method,
            kind=kind,
            outcome=outcome,
            party_size=heads,
            is_walk_in=bool(is_walk_in),
            visit=int(visit or 0),
        )
        for scan, operation, attendance, first, last, guest, at, method, kind, outcome, heads, is_walk_in, visit in rows
    ]


def _moment(value: datetime | str) -> datetime:
    """SQLite gives the text that it was given."""
    at = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    return at if at.tzinfo else at.replace(tzinfo=UTC)
