"""Many arrivals of long ago at once, and taking them back: with `checkin` the only code that writes scans.

What is written is what one check-in after the other would have written, had its door asked for neither window, seats
nor code: it happened. Every entry leaves its scan, and every row is the fold of its scans.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID, uuid4

from django.db import connection

from attendance import history, ledger, live
from attendance.facts import fact_of_scan, facts_of_rows
from attendance.history import Base, Fact
from attendance.models import Attendance, Method, Scan, guest_key
from attendance.outcomes import Outcome
from checkin_project.platform import bulk
from checkin_project.platform.access import Actor
from checkin_project.platform.imports import batches
from events.models import Event

# Event, then member or the key of a guest's name.
Place: TypeAlias = tuple[int, int | str]
UNDONE = "import taken back"
_FOLDED = tuple(history.State.__slots__)
_UPDATED_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Arrival:
    """One person at one event, as a file tells it. `left_at` and `came_at` None: not told.

    `base` is the registration of a new row; a row that is there keeps its own. `reason` goes into the scan.
    """

    event_id: int
    member_id: int | None
    name: str
    came_at: datetime | None
    left_at: datetime | None = None
    method: Method = Method.IMPORT
    party_size: int = 1
    reason: str = ""
    note: str = ""
    base: Base = ledger.UNREGISTERED
    registered_at: datetime | None = None

    @property
    def place(self) -> Place:
        return self.event_id, guest_key(self.name) if self.member_id is None else self.member_id


def hold(places: Iterable[Place]) -> dict[Place, Attendance]:
    """The rows that exist for these people, held until the end of the transaction, in an order all agree on."""
    found: dict[Place, Attendance] = {}
    for batch in batches(sorted(places, key=lambda place: (place[0], str(place[1])))):
        wanted = set(batch)
        members = {who for _event, who in batch if isinstance(who, int)}
        guests = {who for _event, who in batch if isinstance(who, str)}
        of_events = Attendance.objects.filter(event__in={event_id for event_id, _who in batch}).order_by("pk")
        for rows in (of_events.filter(member__in=members), of_events.filter(member=None, guest_key__in=guests)):
            for row in rows.select_for_update() if connection.in_atomic_block else rows:
                place = (row.event_id, row.guest_key if row.member_id is None else row.member_id)
                if place in wanted:
                    found[place] = row
    return found


def record(
    arrivals: Sequence[Arrival], held: Mapping[Place, Attendance], *, by: Actor, at: datetime
) -> dict[Place, tuple[Attendance, list[UUID]]]:
    """Write these arrivals; each one's row, and the operations of its new scans.

    `held` is what `hold` found for them. To be called in a transaction; a fixed number of statements for each thousand.
    Raises IntegrityError when a door has let in one of the new people since.
    """
    written: dict[Place, tuple[Attendance, list[UUID]]] = {}
    for batch in batches(arrivals):
        scans = {arrival.place: _scans_of(arrival, by, at) for arrival in batch}
        known = [held[arrival.place] for arrival in batch if arrival.place in held]
        facts = facts_of_rows([row.pk for row in known])
        for arrival in batch:
            row = held.get(arrival.place) or _new_row(arrival, at)
            if arrival.note:
                row.note = arrival.note
            moves = [*facts.get(row.pk or 0, ()), *map(fact_of_scan, scans[arrival.place])]
            _put_state(row, moves, at)
            written[arrival.place] = row, [scan.operation_id for scan in scans[arrival.place]]
        bulk.create(Attendance, [written[arrival.place][0] for arrival in batch if arrival.place not in held])
        _update(known)
        for arrival in batch:
            for scan in scans[arrival.place]:
                scan.attendance_id = written[arrival.place][0].pk
        bulk.create(Scan, [scan for arrival in batch for scan in scans[arrival.place]])
    _announce(event_id for event_id, _who in written)
    return written


def hold_rows(attendance_ids: Sequence[int]) -> dict[int, Attendance]:
    """These rows, held until the end of the transaction."""
    found: dict[int, Attendance] = {}
    for batch in batches(sorted(attendance_ids)):
        rows = Attendance.objects.select_for_update(of=("self",)).select_related("member").filter(pk__in=batch)
        found |= {row.pk: row for row in rows.order_by("pk")}
    return found


def take_back(operations: Mapping[int, Sequence[UUID]], notes: Mapping[int, str], *, by: Actor, at: datetime) -> None:
    """Undo these operations (by attendance), keeping rows and scans: each row is then as if they had never been.

    `notes` are what the rows' notes were before. To be called in a transaction.
    """
    for batch in batches(operations):
        rows = list(Attendance.objects.select_for_update().filter(pk__in=batch).order_by("pk"))
        facts = facts_of_rows([row.pk for row in rows])
        undos = []
        for row in rows:
            taken = set(operations[row.pk])
            latest = max((fact.occurred_at for fact in facts[row.pk]), default=at)
            mine = [_undo_of(row, operation, by, max(at, latest), at) for operation in taken]
            undos += mine
            row.note = notes[row.pk]
            _put_state(row, [*facts[row.pk], *map(fact_of_scan, mine)], at)
        _update(rows)
        Scan.objects.bulk_create(undos)
        _announce(row.event_id for row in rows)


def forget(attendance_ids: Sequence[int]) -> None:
    """Delete these rows with their scans, of an import that is taken back. To be called in a transaction."""
    for batch in batches(attendance_ids):
        _announce(Attendance.objects.filter(pk__in=batch).order_by().values_list("event_id", flat=True).distinct())
        Scan.objects.filter(attendance__in=batch).delete()
        Attendance.objects.filter(pk__in=batch).delete()


def taken_back_by_hand(attendance_ids: Sequence[int]) -> set[tuple[int, datetime]]:
    """Entries (attendance, time) that a person has taken back, not an import."""
    found: set[tuple[int, datetime]] = set()
    for batch in batches(attendance_ids):
        undos = Scan.objects.accepted().filter(attendance__in=batch, kind=Scan.Kind.UNDO).exclude(reason=UNDONE)
        entries = Scan.objects.filter(kind=Scan.Kind.ENTRY, operation_id__in=undos.order_by().values("undoes"))
        found |= {(pk or 0, at) for pk, at in entries.order_by().values_list("attendance_id", "occurred_at")}
    return found


def touched_since(operations: Mapping[int, Sequence[UUID]]) -> set[int]:
    """Attendances (with these operations of one run) where one was taken back, or where a later scan stands."""
    found: set[int] = set()
    for batch in batches(operations):
        scans: dict[int, list[Scan]] = {pk: [] for pk in batch}
        for scan in Scan.objects.accepted().filter(attendance__in=batch).order_by("pk"):
            scans[scan.attendance_id or 0].append(scan)
        found |= {pk for pk, of_row in scans.items() if _is_touched(of_row, set(operations[pk]))}
    return found


def _is_touched(scans: Sequence[Scan], mine: set[UUID]) -> bool:
    taken_back = {scan.undoes for scan in scans}
    last = max((scan.pk for scan in scans if scan.operation_id in mine), default=0)
    later = (scan for scan in scans if scan.pk > last and scan.kind != Scan.Kind.UNDO)
    return bool(mine & taken_back) or any((scan.beside or scan.operation_id) not in taken_back for scan in later)


def _new_row(arrival: Arrival, at: datetime) -> Attendance:
    is_guest = arrival.member_id is None
    return Attendance(
        event_id=arrival.event_id,
        member_id=arrival.member_id,
        guest_name=arrival.name if is_guest else "",
        guest_key=guest_key(arrival.name) if is_guest else "",
        registration=arrival.base.registration,
        registered_at=arrival.registered_at,
        registered_party_size=arrival.base.party_size,
        created_at=at,
        version=0,
    )


def _put_state(row: Attendance, moves: Iterable[Fact], at: datetime) -> None:
    state = history.fold(moves, Base(row.registration, row.registered_party_size))
    for column in _FOLDED:
        setattr(row, column, getattr(state, column))
    row.version += 1
    row.updated_at = at


def _update(rows: Sequence[Attendance]) -> None:
    names = [*(name.removesuffix("_id") for name in _FOLDED), "note", "version", "updated_at"]
    Attendance.objects.bulk_update(rows, names, batch_size=_UPDATED_AT_ONCE)


def _scans_of(arrival: Arrival, by: Actor, at: datetime) -> list[Scan]:
    moves = (
        (Scan.Kind.ENTRY, Outcome.CHECKED_IN, arrival.came_at),
        (Scan.Kind.EXIT, Outcome.CHECKED_OUT, arrival.left_at),
    )
    who = f"g:{guest_key(arrival.name)}" if arrival.member_id is None else f"m:{arrival.member_id}"
    told: dict[str, Any] = {"name": arrival.name}
    if arrival.party_size > 1:
        told["party_size"] = arrival.party_size
    return [
        Scan(
            event_id=arrival.event_id,
            kind=kind,
            outcome=outcome.value,
            operation_id=uuid4(),
            occurred_at=moment,
            received_at=at,
            method=arrival.method,
            user_id=by.user_id,
            subject=who[:200],
            party_size=arrival.party_size,
            answer=told,
            reason=arrival.reason,
        )
        for kind, outcome, moment in moves
        if moment is not None
    ]


def _undo_of(row: Attendance, operation: UUID, by: Actor, occurred_at: datetime, at: datetime) -> Scan:
    return Scan(
        event_id=row.event_id,
        attendance_id=row.pk,
        kind=Scan.Kind.UNDO,
        outcome=Outcome.UNDONE.value,
        operation_id=uuid4(),
        undoes=operation,
        occurred_at=occurred_at,
        received_at=at,
        method=Method.IMPORT,
        user_id=by.user_id,
        subject=f"g:{row.guest_key}" if row.member_id is None else f"m:{row.member_id}",
        party_size=row.party_size,
        answer={"name": row.guest_name} if row.member_id is None else {},
        reason=UNDONE,
    )


def _announce(event_ids: Iterable[int]) -> None:
    wanted = set(event_ids)
    for pk, code in Event.objects.filter(pk__in=wanted).order_by().values_list("pk", "code"):
        live.announce(pk, code)
