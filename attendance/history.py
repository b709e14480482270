"""What an attendance is: the fold of one person's accepted scans at one event. Pure; the definition and the repair."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

ENTRY, EXIT, UNDO = "entry", "exit", "undo"


@dataclass(frozen=True, slots=True)
class Fact:
    """An accepted scan as the fold sees it. `party_size` counts heads and matters for entries only."""

    operation_id: UUID
    kind: str
    occurred_at: datetime
    method: str = ""
    party_size: int = 1
    undoes: UUID | None = None
    device_id: int | None = None
    user_id: int | None = None


@dataclass(frozen=True, slots=True)
class Base:
    """What the row is when no scan counts: the registration ("" for none) and its heads."""

    registration: str = ""
    party_size: int = 1


@dataclass(frozen=True, slots=True)
class State:
    """The columns of an Attendance that follow from its scans."""

    state: str
    attended: bool
    checked_in_at: datetime | None
    checked_out_at: datetime | None
    method: str
    is_walk_in: bool
    party_size: int
    scan_count: int
    device_id: int | None = None
    checked_in_by_id: int | None = None

    @property
    def is_inside(self) -> bool:
        return self.attended and self.checked_out_at is None


def untouched(base: Base) -> State:
    """The state of a row that no scan counts for."""
    return State(
        state=base.registration or "cancelled",
        attended=False,
        checked_in_at=None,
        checked_out_at=None,
        method="",
        is_walk_in=False,
        party_size=base.party_size,
        scan_count=0,
    )


def standing(scans: Iterable[Fact]) -> list[Fact]:
    """The entries and exits that nobody took back, in the order in which they happened.

    An undo names the operation it takes back, so it counts even when it arrives before that operation.
    """
    scans = list(scans)
    taken_back = {scan.undoes for scan in scans if scan.kind == UNDO}
    moves = [scan for scan in scans if scan.kind != UNDO and scan.operation_id not in taken_back]
    return sorted(moves, key=lambda scan: (scan.occurred_at, scan.operation_id))


def fold(scans: Iterable[Fact], base: Base) -> State:
    """The state that these accepted scans, in whatever order they arrived, make of a row with this base.

    The first standing entry gives time, door and heads; an exit closes the stay it falls into and one without a stay
    says nothing; a later entry opens the stay again.
    """
    first: Fact | None = None
    entries, left_at = 0, None
    for move in standing(scans):
        if move.kind == ENTRY:
            first = first or move
            entries += 1
            left_at = None
        elif first is not None and left_at is None:
            left_at = move.occurred_at
    if first is None:
        return untouched(base)
    return State(
        state="attended",
        attended=True,
        checked_in_at=first.occurred_at,
        checked_out_at=left_at,
        method=first.method,
        is_walk_in=not base.registration,
        party_size=first.party_size,
        scan_count=entries,
        device_id=first.device_id,
        checked_in_by_id=first.user_id,
    )


def step(before: State, base: Base, move: Fact) -> State:
    """The fold with one more entry or exit, which has to be later than all that `before` was folded from."""
    if move.kind == ENTRY and not before.attended:
        return fold([move], base)
    if move.kind == ENTRY:
        return replace(before, scan_count=before.scan_count + 1, checked_out_at=None)
    return replace(before, checked_out_at=move.occurred_at) if before.is_inside else before
