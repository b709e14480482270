"""What the rule looks at: one hand-written statement that reads all a decision needs.

Everything else in the product uses the ORM. This statement and those in `ledger` decide how fast a door is; the tests
hold them against the same questions asked through the ORM, on both databases.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from django.db import connection

from attendance.history import Base, Fact, State
from attendance.models import Scan
from attendance.subjects import By, Subject
from checkin_project.platform.statements import POSTGRES, in_transaction, rows

MOST_CHOICES = 8


class EventFacts(NamedTuple):
    id: int
    code: str
    name: str
    group_id: int | None
    stored_status: str
    review_status: str
    starts_at: datetime
    ends_at: datetime
    all_day: bool
    closed_at: datetime | None
    capacity: int | None
    opens_minutes_before: int
    closes_minutes_after: int
    reentry: str
    walk_ins: str
    points: int


class MemberFacts(NamedTuple):
    id: int
    first_name: str
    last_name: str
    status: str
    revoked_at: datetime | None


class RowFacts(NamedTuple):
    """The person's attendance row as it stands."""

    id: int
    version: int
    registration: str
    registered_party_size: int
    state: str
    attended: bool
    checked_in_at: datetime | None
    checked_out_at: datetime | None
    method: str
    is_walk_in: bool
    party_size: int
    scan_count: int
    device_id: int | None
    checked_in_by_id: int | None

    @property
    def base(self) -> Base:
        return Base(self.registration, self.registered_party_size)

    @property
    def folded(self) -> State:
        columns: tuple[Any, ...] = self[_FOLDED:]
        return State(*columns)

    @property
    def is_inside(self) -> bool:
        return self.attended and self.checked_out_at is None


# From here on the columns of a row are the fields of a State, in the same order.
_FOLDED = RowFacts._fields.index("state")


class OperationFacts(NamedTuple):
    """The scan that this operation id wrote before."""

    event_id: int
    kind: str
    outcome: str
    subject: str
    code_fingerprint: str
    undoes: UUID | None
    attendance_id: int | None
    flag: str
    answer: dict[str, Any]


class StoryFacts(NamedTuple):
    """`visits` other events attended, the latest of them, active points, link to the group, newest accepted scan."""

    visits: int
    previous_at: datetime | None
    points_before: int
    is_linked: bool
    last_at: datetime | None
    is_taken_back: bool


class Facts(NamedTuple):
    """What is known of one person at one event at the moment of deciding. Several members = ambiguous."""

    event: EventFacts
    members: tuple[MemberFacts, ...]
    row: RowFacts | None
    operation: OperationFacts | None
    story: StoryFacts


_EVENT_COLUMNS = """e.id, e.code, e.name, e.group_id, e.status, e.review_status, e.starts_at, e.ends_at, e.all_day,
e.closed_at, e.capacity, s.opens_minutes_before, s.closes_minutes_after, s.reentry, s.walk_ins, s.points"""
_MEMBER_COLUMNS = "w.id, w.first_name, w.last_name, w.status, w.revoked_at"
_ROW_COLUMNS = ", ".join(f"a.{name}" for name in RowFacts._fields)
_OPERATION_COLUMNS = ", ".join(f"o.{name}" for name in OperationFacts._fields)
_STORY_COLUMNS = """{visits}, {latest},
CASE WHEN s.points = 0 THEN 0 ELSE (SELECT COALESCE(SUM(l.points), 0) FROM loyalty l
    WHERE l.member_id = w.id AND (l.expires_at IS NULL OR l.expires_at > {now})) END,
CASE WHEN e.group_id IS NULL OR w.id IS NULL THEN {true} ELSE EXISTS (SELECT 1 FROM group_members g
    WHERE g.group_id = e.group_id AND g.member_id = w.id) END,
CASE WHEN a.id IS NULL THEN NULL ELSE (SELECT MAX(x.occurred_at) FROM scans x
    WHERE x.attendance_id = a.id AND x.outcome IN ('checked_in', 'checked_out', 'undone')) END,
EXISTS (SELECT 1 FROM scans u WHERE u.undoes = {operation} AND u.outcome = 'undone')
"""
_VISITS = "FROM attendance v WHERE v.member_id = w.id AND v.attended AND v.event_id <> e.id"
# A number may be one member's V-number and the barcode on another's card. Two look-ups: one with OR takes longer.
_WHO: dict[By, str] = {
    By.MEMBER: """SELECT id, first_name, last_name, status, {null} AS revoked_at FROM members WHERE id = %s""",
    By.NUMBER: """SELECT id, first_name, last_name, status, {null} AS revoked_at FROM members WHERE v_number = %s
        UNION ALL SELECT id, first_name, last_name, status, {null} FROM members WHERE card_number = %s""",
    By.PASS: """SELECT m.id, m.first_name, m.last_name, m.status, p.revoked_at
        FROM passes p JOIN members m ON m.id = p.member_id WHERE p.code_hash = %s""",
    By.GUEST: """SELECT {null_id} AS id, '' AS first_name, '' AS last_name, '' AS status, {null} AS revoked_at
        WHERE 1 = 0""",
}
_WHO[By.NOBODY] = _WHO[By.GUEST]
_SETTINGS = "event_id, opens_minutes_before, closes_minutes_after, reentry, walk_ins, points"


@cache
def _read_statement(by: By, holds: bool) -> str:
    postgres = POSTGRES
    who = _WHO[by].format(
        null="NULL::timestamptz" if postgres else "NULL", null_id="NULL::bigint" if postgres else "NULL"
    )
    whose = "x.member_id IS NULL AND x.guest_key = %s" if by is By.GUEST else "x.member_id = w.id"
    story = _STORY_COLUMNS.format(
        visits="h.visits" if postgres else f"(SELECT COUNT(*) {_VISITS})",
        latest="h.latest" if postgres else f"(SELECT MAX(v.checked_in_at) {_VISITS})",
        now="%s::timestamptz" if postgres else "%s",
        true="TRUE" if postgres else "1",
        operation="%s",
    )
    history = f"LEFT JOIN LATERAL (SELECT COUNT(*) AS visits, MAX(v.checked_in_at) AS latest {_VISITS}) h ON TRUE"
    row = _one_row("attendance", "a", ", ".join(RowFacts._fields), f"x.event_id = e.id AND {whose}")
    # The key-share lock is the one that writing the attendance takes anyway. Held from here on it keeps a change of
    # the capacity (which locks the row for update) from falling between the decision and the write.
    locks = "FOR KEY SHARE OF e" if postgres and holds else ""
    return f"""SELECT {_EVENT_COLUMNS}, {_MEMBER_COLUMNS}, {_ROW_COLUMNS}, {_OPERATION_COLUMNS}, {story}
FROM events e {_one_row("check_in_settings", "s", _SETTINGS, "x.event_id = e.id")}
LEFT JOIN {"LATERAL" if postgres else ""} ({who} LIMIT {MOST_CHOICES + 1}) w ON {"TRUE" if postgres else "1"}
{row} {_one_row("scans", "o", ", ".join(OperationFacts._fields), "x.operation_id = %s")} {history if postgres else ""}
WHERE e.code = %s {locks}"""


def _one_row(table: str, alias: str, columns: str, condition: str) -> str:
    """A join with the one row of `table` (x in the condition) that can match, if it is there.

    PostgreSQL is told so by LATERAL and LIMIT. From its statistics alone, which lag behind a busy door, it may expect
    hundreds and read the whole table for every check-in.
    """
    if POSTGRES:
        return f"LEFT JOIN LATERAL (SELECT {columns} FROM {table} x WHERE {condition} LIMIT 1) {alias} ON TRUE"
    return f"LEFT JOIN {table} {alias} ON {condition.replace('x.', f'{alias}.')}"


def read_facts(
    subject: Subject, event_code: str, operation_id: UUID, at: datetime, *, named: UUID | None = None
) -> Facts | None:
    """Everything the rule looks at, in one statement; None when there is no such event.

    Inside a transaction the event's capacity cannot change from here on until its end.

    `named` is the id by which an undo would name this operation, when that is another than its own.
    """
    guest = [subject.guest_key] if subject.by is By.GUEST else []
    # In the order in which the marks stand in the statement.
    values = [time_value(at), uuid_value(named or operation_id), *subject.values, *guest]
    values += [uuid_value(operation_id), event_code]
    found = rows(_read_statement(subject.by, in_transaction()), values)
    return _facts(found) if found else None


def _facts(found: Sequence[Sequence[Any]]) -> Facts:
    event, member, row, operation, story = _split(found[0])
    # Somebody whose card shows the V-number is found twice.
    members = {_known(MemberFacts, _split(each)[1]) for each in found} if member[0] is not None else set()
    return Facts(
        event=_known(EventFacts, event),
        members=tuple(sorted(members)),
        row=_known(RowFacts, row) if row[0] is not None and len(members) < 2 else None,
        operation=_operation(operation) if operation[0] is not None else None,
        story=StoryFacts(
            visits=story[0],
            previous_at=_time(story[1]),
            points_before=int(story[2] or 0),
            is_linked=bool(story[3]),
            last_at=_time(story[4]),
            is_taken_back=bool(story[5]),
        ),
    )


_CUTS: list[slice] = []
for _part in (EventFacts, MemberFacts, RowFacts, OperationFacts, StoryFacts):
    _start = _CUTS[-1].stop if _CUTS else 0
    _CUTS.append(slice(_start, _start + len(_part._fields)))


def _split(row: Sequence[Any]) -> list[Sequence[Any]]:
    return [row[cut] for cut in _CUTS]


_TIMES = frozenset({"starts_at", "ends_at", "closed_at", "revoked_at", "checked_in_at", "checked_out_at"})
_FLAGS = frozenset({"all_day", "attended", "is_walk_in"})
_Part = TypeVar("_Part", EventFacts, MemberFacts, RowFacts)


def _known(kind: type[_Part], found: Sequence[Any]) -> _Part:
    """The columns as Python knows them: SQLite keeps instants as text and truth as a number."""
    if POSTGRES:
        return kind(*found)
    values: list[Any] = [
        _time(value) if name in _TIMES else bool(value) if name in _FLAGS else value
        for name, value in zip(kind._fields, found, strict=True)
    ]
    return kind(*values)


def _operation(found: Sequence[Any]) -> OperationFacts:
    undoes = found[5] if found[5] is None or isinstance(found[5], UUID) else UUID(found[5])
    answer = found[8] if isinstance(found[8], dict) else json.loads(found[8])
    event_id, kind, outcome, subject, fingerprint, _undoes, attendance_id, flag, _answer = found
    return OperationFacts(event_id, kind, outcome, subject, fingerprint, undoes, attendance_id, flag, answer)


def lock_event(event_id: int) -> int | None:
    """Hold the event until the end of the transaction, so that seats are counted by one door at a time.

    Returns the capacity as it is now. SQLite needs no lock: its write transaction is exclusive from the start.
    """
    lock = "FOR NO KEY UPDATE" if POSTGRES else ""
    ((capacity,),) = rows(f"SELECT capacity FROM events WHERE id = %s {lock}", [event_id])
    return capacity  # type: ignore[no-any-return]


def lock_row(attendance_id: int) -> None:
    """Hold one attendance until the end of the transaction.

    Read the facts after it, never with it: a statement that waited for a lock returns the new row beside the scans of
    before its wait.
    """
    if POSTGRES:
        rows("SELECT id FROM attendance WHERE id = %s FOR NO KEY UPDATE", [attendance_id])


def hold_operation(operation_id: UUID) -> None:
    """Hold an operation that has no row yet until the end of the transaction.

    An entry and the undo that names it may arrive at the same instant; neither would see the other.
    """
    if POSTGRES:
        rows("SELECT pg_advisory_xact_lock(%s)", [operation_id.int & (2**63 - 1)])


def seats_taken(event_id: int) -> int:
    """Heads that hold seats: everyone registered, and everyone in and not out."""
    ((heads,),) = rows(
        "SELECT COALESCE(SUM(party_size), 0) FROM attendance WHERE event_id = %s"
        " AND (state = 'registered' OR (state = 'attended' AND checked_out_at IS NULL))",
        [event_id],
    )
    return int(heads)


def facts_of_row(attendance_id: int) -> list[Fact]:
    """The accepted scans of one row, for the fold, with the undos that named them before they had a row."""
    return facts_of_rows([attendance_id])[attendance_id]


def facts_of_rows(attendance_ids: Sequence[int]) -> dict[int, list[Fact]]:
    """The same for many rows, in two queries."""
    found: dict[int, dict[int, Fact]] = {pk: {} for pk in attendance_ids}
    accepted = Scan.objects.accepted().order_by("pk")
    named: dict[UUID | None, int] = {}
    for scan in accepted.filter(attendance__in=attendance_ids) if attendance_ids else ():
        row = scan.attendance_id or 0
        named[scan.beside or scan.operation_id] = row
        found[row][scan.pk] = fact_of_scan(scan)
    for undo in accepted.filter(kind=Scan.Kind.UNDO, undoes__in=list(named)) if named else ():
        found[named[undo.undoes]][undo.pk] = fact_of_scan(undo)
    return {pk: list(scans.values()) for pk, scans in found.items()}


def fact_of_scan(scan: Scan) -> Fact:
    return Fact(
        operation_id=scan.beside or scan.operation_id,
        kind=scan.kind,
        occurred_at=scan.occurred_at,
        method=scan.method,
        party_size=scan.party_size,
        undoes=scan.undoes,
        device_id=scan.device_id,
        user_id=scan.user_id,
    )


def uuid_value(value: UUID | None) -> Any:
    """As the database's driver wants a UUID."""
    return value if value is None or POSTGRES else value.hex


def time_value(value: datetime | None) -> Any:
    """As the database's driver wants an instant."""
    return value if value is None or POSTGRES else connection.ops.adapt_datetimefield_value(value)


def _time(value: Any) -> datetime | None:
    if value is None:
        return None
    at = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    # SQLite keeps UTC without saying so.
    return at if at.tzinfo else at.replace(tzinfo=UTC)
