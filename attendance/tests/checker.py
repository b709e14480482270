"""Looks for anything that must never be: used after races, crashes and shuffled histories."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from attendance.facts import facts_of_row
from attendance.history import Base, Fact, State, fold
from attendance.models import Attendance, Scan
from events.models import Event


def violations() -> list[str]:
    """One sentence per attendance that is not the fold of its scans, or stands beside another of the same person."""
    return [*_not_folded(), *_doubles()]


def _not_folded() -> list[str]:
    found = []
    for row in Attendance.objects.order_by("pk"):
        folded = fold(facts_of_row(row.pk), Base(row.registration, row.registered_party_size))
        stored = State(**{column: getattr(row, column) for column in State.__slots__})
        if stored != folded:
            found.append(f"attendance {row.pk} is {stored}, but its scans make {folded}")
    return found


def _doubles() -> list[str]:
    people = Counter(Attendance.objects.order_by().values_list("event_id", "member_id", "guest_key"))
    operations = Counter(Scan.objects.order_by().values_list("operation_id", flat=True))
    return [f"{count} rows for {person}" for person, count in people.items() if count > 1] + [
        f"{count} scans of operation {operation}" for operation, count in operations.items() if count > 1
    ]


@dataclass(frozen=True, slots=True)
class CapacityChange:
    """`capacity` holds for every scan whose id is above `after_scan` (the newest scan when it was changed)."""

    after_scan: int
    capacity: int | None


def overfilled(event: Event, changes: Sequence[CapacityChange]) -> list[str]:
    """One sentence per normal admission that left more heads inside than the capacity in force, by replaying scans.

    Seats are taken while the event is held, so ids follow the order of admissions; a seat is given back after its scan
    got its id. Counting by ids therefore never counts more heads than the rule saw.
    """
    rows = {row.pk: Base(row.registration, row.registered_party_size) for row in event.attendances.all()}
    facts: dict[int, list[Fact]] = {pk: [] for pk in rows}
    held = {pk: _seats(fold([], base)) for pk, base in rows.items()}
    found = []
    for scan in Scan.objects.accepted().filter(event=event, attendance__isnull=False).order_by("pk"):
        assert scan.attendance_id is not None
        mine = facts[scan.attendance_id]
        mine.append(
            Fact(scan.operation_id, scan.kind, scan.occurred_at, party_size=scan.party_size, undoes=scan.undoes)
        )
        before = held[scan.attendance_id]
        held[scan.attendance_id] = _seats(fold(mine, rows[scan.attendance_id]))
        capacity = [change.capacity for change in changes if change.after_scan < scan.pk][-1]
        is_normal = scan.kind == Scan.Kind.ENTRY and not scan.flag and not scan.overrode
        took_a_seat = held[scan.attendance_id] > before
        if is_normal and took_a_seat and capacity is not None and sum(held.values()) > capacity:
            found.append(f"scan {scan.pk} brought {sum(held.values())} heads into {capacity} seats")
    return found


def _seats(state: State) -> int:
    """Heads for whom a row in this state holds seats."""
    return state.party_size if state.state == "registered" or state.is_inside else 0
