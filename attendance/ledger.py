"""Writing what was decided: an attendance and its scan, in one statement where the database can do that.

Only `attendance.checkin` calls this module.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from types import MappingProxyType
from typing import Any, NamedTuple
from uuid import UUID

from attendance.facts import RowFacts, time_value, uuid_value
from attendance.history import Base, State
from checkin_project.platform.statements import POSTGRES, execute, in_transaction, rows

NOTHING: Mapping[str, str] = MappingProxyType({})

# Types are spelt out for PostgreSQL, which cannot guess them in INSERT … SELECT.
_STATE_TYPES = {
    "state": "text",
    "attended": "boolean",
    "checked_in_at": "timestamptz",
    "checked_out_at": "timestamptz",
    "method": "text",
    "is_walk_in": "boolean",
    "party_size": "smallint",
    "scan_count": "integer",
    "device_id": "bigint",
    "checked_in_by_id": "bigint",
}
# What every new row has; `resolution` is what a person decides about a scan later.
_NEW_ROW_HAS = {"note": "''", "version": "1"}
_NEW_SCAN_HAS = {"resolution": "''"}
_NEW_ROW_TYPES = {
    "event_id": "bigint",
    "member_id": "bigint",
    "guest_name": "text",
    "guest_key": "text",
    "registration": "text",
    "registered_at": "timestamptz",
    "registered_party_size": "smallint",
    **_STATE_TYPES,
    "created_at": "timestamptz",
    "updated_at": "timestamptz",
}
_SCAN_TYPES = {
    "event_id": "bigint",
    "kind": "text",
    "outcome": "text",
    "operation_id": "uuid",
    "undoes": "uuid",
    "beside": "uuid",
    "occurred_at": "timestamptz",
    "received_at": "timestamptz",
    "method": "text",
    "device_id": "bigint",
    "gate": "text",
    "user_id": "bigint",
    "api_key_id": "bigint",
    "subject": "text",
    "code_fingerprint": "text",
    "party_size": "smallint",
    "offline": "boolean",
    "answer": "jsonb",
    "overrode": "text",
    "reason": "text",
    "flag": "text",
}


class ScanRow(NamedTuple):
    """The columns of a new Scan in the order of _SCAN_TYPES, its attendance aside."""

    event_id: int
    kind: str
    outcome: str
    operation_id: UUID
    undoes: UUID | None
    beside: UUID | None
    occurred_at: datetime
    received_at: datetime
    method: str
    device_id: int | None
    gate: str
    user_id: int | None
    api_key_id: int | None
    subject: str
    code_fingerprint: str
    party_size: int
    offline: bool
    answer: str
    overrode: str = ""
    reason: str = ""
    flag: str = ""


UNREGISTERED = Base()
_TURN = threading.Lock()


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose new row it is: a member or a guest, and what is registered already."""

    event_id: int
    member_id: int | None
    guest_name: str = ""
    guest_key: str = ""
    base: Base = UNREGISTERED
    registered_at: datetime | None = None


def turn() -> AbstractContextManager[object]:
    """One writer of this process after the other, where the database allows only one at all.

    SQLite would let the threads find that out by sleeping and asking again, in ever longer pauses.
    """
    if not POSTGRES and not in_transaction():
        return _TURN
    return nullcontext()


def can_do_without_transaction() -> bool:
    """Can a row and its scan be written as one statement, which needs no transaction around it?"""
    return POSTGRES and not in_transaction()


def write_scan(scan: ScanRow, attendance_id: int | None) -> None:
    """Add one scan to the ledger. Raises IntegrityError when the operation id exists."""
    execute(_scan_statement(), [attendance_id, *_scan_values(scan)])


def insert_row(owner: Owner, state: State, scan: ScanRow, at: datetime) -> int | None:
    """A new attendance together with its first scan; its id, or None when the person has a row already."""
    moment = time_value(at)
    values = [
        owner.event_id,
        owner.member_id,
        owner.guest_name,
        owner.guest_key,
        owner.base.registration,
        time_value(owner.registered_at),
        owner.base.party_size,
        *_state_values(state),
        moment,
        moment,
    ]
    return _write(_insert_statement, values, scan)


def update_row(row: RowFacts, state: State, scan: ScanRow, at: datetime) -> int | None:
    """Bring a row to its new state together with the scan; None when somebody changed the row since it was read."""
    return _write(_update_statement, [*_state_values(state), time_value(at), row.id, row.version], scan)


def _write(statement: Callable[[bool], str], values: list[Any], scan: ScanRow) -> int | None:
    """Run the statement that returns the row's id, and the scan's insert: on PostgreSQL as one."""
    if POSTGRES:
        alone = not in_transaction()
        event = [scan.event_id] if alone else []
        found = rows(_with_scan(statement, alone), [*event, *values, *_scan_values(scan)])
        return found[0][0] if found else None
    found = rows(statement(False), values)
    if not found:
        return None
    write_scan(scan, found[0][0])
    return int(found[0][0])


@cache
def _insert_statement(alone: bool) -> str:
    columns, marks = ", ".join([*_NEW_ROW_TYPES, *_NEW_ROW_HAS]), _marks(_NEW_ROW_TYPES.values(), _NEW_ROW_HAS)
    source = f"SELECT {marks} FROM event" if alone else f"VALUES ({marks})"
    return f"INSERT INTO attendance ({columns}) {source} ON CONFLICT DO NOTHING RETURNING id"


@cache
def _update_statement(alone: bool) -> str:
    setters = ", ".join(f"{column} = {_marks([kind])}" for column, kind in _STATE_TYPES.items())
    still = " AND EXISTS (SELECT 1 FROM event)" if alone else ""
    return (
        f"UPDATE attendance SET {setters}, version = version + 1, updated_at = {_marks(['timestamptz'])}"
        f" WHERE id = {_marks(['bigint'])} AND version = {_marks(['integer'])}{still} RETURNING id"
    )


_SCAN_COLUMNS = ", ".join(["attendance_id", *_SCAN_TYPES, *_NEW_SCAN_HAS])


@cache
def _scan_statement() -> str:
    return f"INSERT INTO scans ({_SCAN_COLUMNS}) VALUES ({_marks(['bigint', *_SCAN_TYPES.values()], _NEW_SCAN_HAS)})"


@cache
def _with_scan(statement: Callable[[bool], str], alone: bool) -> str:
    """Both writes as one. `alone`, outside a transaction, only while the event has no capacity and is not closed."""
    # Held while the statement runs: a change of the capacity, or closing, comes wholly before it or wholly after.
    still = "capacity IS NULL AND closed_at IS NULL"
    event = f"event AS MATERIALIZED (SELECT 1 FROM events WHERE id = %s AND {still} FOR KEY SHARE), "
    return (
        f"WITH {event if alone else ''}written AS ({statement(alone)}) INSERT INTO scans ({_SCAN_COLUMNS})"
        f" SELECT written.id, {_marks(_SCAN_TYPES.values(), _NEW_SCAN_HAS)} FROM written RETURNING attendance_id"
    )


def _marks(kinds: Iterable[str], fixed: Mapping[str, str] = NOTHING) -> str:
    """Places for values of these kinds, and after them what is fixed."""
    return ", ".join([*(f"%s::{kind}" if POSTGRES else "%s" for kind in kinds), *fixed.values()])


def _state_values(state: State) -> list[Any]:
    """In the order of _STATE_TYPES, which are the fields of a State with their ids' names."""
    values = [getattr(state, column) for column in _STATE_TYPES]
    return values if POSTGRES else [_for_sqlite(value) for value in values]


def _scan_values(scan: ScanRow) -> Sequence[Any]:
    return scan if POSTGRES else [_for_sqlite(value) for value in scan]


def _for_sqlite(value: Any) -> Any:
    if isinstance(value, datetime):
        return time_value(value)
    return uuid_value(value) if isinstance(value, UUID) else value
