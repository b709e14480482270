"""What the dashboard tells about one event: numbers, arrivals, latest scans, devices; read once for many screens."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Q, Sum
from django.db.models.functions import TruncMinute

from attendance import arrivals, live
from attendance.facts import seats_taken
from attendance.messages import headline_for
from attendance.models import Attendance, Device, Scan, ScanQuerySet
from attendance.outcomes import TONE, Outcome
from attendance.undoing import UNDO_LAST, UNDO_WITHIN
from checkin_project.platform.access import Actor, Permission
from events.models import Event

MOST_LINES = 20
MOST_DEVICES = 50
# A device that was seen within this time is there; a kiosk gives a sign of life every thirty seconds.
ONLINE_FOR = timedelta(seconds=90)
NEARLY_FULL = 0.8
# A board serves every screen that asks for no newer one for this many times the age that numbers may have.
KEPT_FOR = 4
MOST_KEPT = 200
TURN_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Seats:
    """How full it is. A seat is held by everyone registered, or in and not out: what the doors count too."""

    capacity: int
    held: int

    @property
    def left(self) -> int:
        return max(0, self.capacity - self.held)

    @property
    def over(self) -> int:
        return max(0, self.held - self.capacity)

    @property
    def percent(self) -> int:
        """Of the capacity, rounded down, so that 100 is reached with the last seat alone."""
        return min(100, 100 * self.held // self.capacity) if self.capacity else 100

    @property
    def band(self) -> str:
        """ "calm", "busy" from four fifths on, "full" when no seat is left."""
        if self.held >= self.capacity:
            return "full"
        return "busy" if self.held >= NEARLY_FULL * self.capacity else "calm"


@dataclass(frozen=True, slots=True)
class Line:
    """One scan of the feed. `takes_back` is the operation that an undo would name; None when there is none."""

    id: int
    at: datetime
    name: str
    kind: str
    outcome: str
    headline: str
    tone: str
    door: str
    gate: str
    heads: int
    is_walk_in: bool
    reason: str
    flag: str
    user_id: int | None
    takes_back: UUID | None


@dataclass(frozen=True, slots=True)
class Board:
    """What is known of an event at `read_at`. `numbers` is a live message; all else is at least as new."""

    numbers: dict[str, Any]
    read_at: datetime
    seats: Seats | None
    curve: arrivals.Curve
    rate: float
    lines: tuple[Line, ...]
    devices: tuple[Device, ...]
    # Parts of the page made from this board, by audience: the same text serves everybody who may see the same.
    rendered: dict[tuple[object, ...], str] = field(default_factory=dict)


_kept: OrderedDict[int, tuple[float, Board]] = OrderedDict()
_kept_lock = threading.Lock()
_reading: dict[int, threading.Lock] = {}


def board(event: Event, *, at: datetime, version: int = 0) -> Board:
    """The event's board, at least as new as `version` (of a live message, 0 for any).

    However many screens ask for one version, each process reads it once: who asks meanwhile waits for that reading.
    """
    found = _still_good(event.pk, version)
    if found is not None:
        return found
    with _kept_lock:
        reading = _reading.setdefault(event.pk, threading.Lock())
    # Whose turn does not come, because that reading hangs on the database, reads without one.
    has_turn = reading.acquire(timeout=TURN_SECONDS)
    try:
        found = _still_good(event.pk, version)
        if found is None:
            found = read(event, at=at)
            _keep(event.pk, found)
    finally:
        if has_turn:
            reading.release()
    return found


def forget(event_id: int) -> None:
    """The next board is read anew: this process has just changed something that people wait to see."""
    with _kept_lock:
        _kept.pop(event_id, None)


def _still_good(event_id: int, version: int) -> Board | None:
    with _kept_lock:
        kept = _kept.get(event_id)
    if kept is None or kept[1].numbers["version"] < version:
        return None
    return kept[1] if time.monotonic() - kept[0] < KEPT_FOR * settings.COUNTS_MAX_AGE else None


def _keep(event_id: int, found: Board) -> None:
    with _kept_lock:
        _kept.pop(event_id, None)
        _kept[event_id] = (time.monotonic(), found)
        while len(_kept) > MOST_KEPT:
            oldest, _board = _kept.popitem(last=False)
            _reading.pop(oldest, None)


def read(event: Event, *, at: datetime) -> Board:
    """Six queries, or five without a capacity, however many people came."""
    # First, so that what is read after them has seen all that their version has.
    numbers = live.message_for(event, False, since=time.monotonic())
    capacity = numbers["capacity"]
    minutes = arrivals_by_minute(event.pk)
    closes_at = event.check_in_settings.window(event)[1]
    return Board(
        numbers=numbers,
        read_at=at,
        seats=None if capacity is None else Seats(capacity, seats_taken(event.pk)),
        curve=arrivals.curve(minutes, until=min(at, closes_at), zone=event.zone),
        rate=arrivals.rate(minutes, at),
        lines=tuple(lines(Scan.objects.filter(event=event), limit=MOST_LINES)),
        devices=tuple(_devices_of(event)),
    )


def arrivals_by_minute(event_id: int) -> list[arrivals.Minute]:
    """When people came first, in whole minutes, and how many heads. One query."""
    came = Attendance.objects.filter(event_id=event_id, attended=True).order_by()
    by_minute = came.annotate(minute=TruncMinute("checked_in_at", tzinfo=UTC)).values("minute")
    return list(by_minute.annotate(heads=Sum("party_size")).values_list("minute", "heads").order_by("minute"))


def lines(scans: ScanQuerySet, *, limit: int) -> list[Line]:
    """The latest scans, newest first. Two queries."""
    latest = list(scans.select_related("attendance__member", "device").order_by("-received_at", "-pk")[:limit])
    named = [scan.beside or scan.operation_id for scan in latest if scan.kind != Scan.Kind.UNDO]
    undos = Scan.objects.accepted().filter(kind=Scan.Kind.UNDO, undoes__in=named)
    taken_back = set(undos.values_list("undoes", flat=True))
    return [_line(scan, taken_back) for scan in latest]


def _line(scan: Scan, taken_back: set[UUID | None]) -> Line:
    outcome = Outcome(scan.outcome)
    named = scan.beside or scan.operation_id
    stands = outcome in (Outcome.CHECKED_IN, Outcome.CHECKED_OUT) and named not in taken_back
    row = scan.attendance
    return Line(
        id=scan.pk,
        at=scan.occurred_at,
        name=row.name if row else str(scan.answer.get("name", "")),
        kind=scan.get_kind_display(),
        outcome=outcome.value,
        headline=headline_for(outcome),
        tone=TONE[outcome].value,
        door=scan.get_method_display(),
        gate=scan.gate or (scan.device.name if scan.device else ""),
        heads=scan.party_size,
        is_walk_in=outcome is Outcome.CHECKED_IN and bool(row and not row.registration),
        reason=scan.reason,
        flag=scan.get_flag_display() if scan.flag and not scan.resolution else "",
        user_id=scan.user_id,
        takes_back=named if stands else None,
    )


def own_lines(event: Event, actor: Actor, *, at: datetime) -> list[Line]:
    """What a steward did here and may still take back: the last ten operations of ten minutes. Two queries."""
    return lines(_own_scans(event, actor, at), limit=UNDO_LAST)


def last_own_operation(event: Event, actor: Actor, *, at: datetime) -> UUID | None:
    """The latest of the actor's own entries and exits of the last ten minutes that nobody took back."""
    recent = lines(_own_scans(event, actor, at).accepted().exclude(kind=Scan.Kind.UNDO), limit=UNDO_LAST)
    return next((line.takes_back for line in recent if line.takes_back), None)


def _own_scans(event: Event, actor: Actor, at: datetime) -> ScanQuerySet:
    own = Scan.objects.visible_to(actor).filter(event=event, user_id=int(actor.user_id or 0))
    return own.filter(received_at__gte=at - UNDO_WITHIN)


def _devices_of(event: Event) -> Iterable[Device]:
    """Live devices that serve this event: bound to it, to its group's days, or to everybody's. One query."""
    serving = Q(event=event) | Q(event__isnull=True, group__isnull=True)
    if event.group_id is not None:
        serving |= Q(event__isnull=True, group_id=event.group_id)
    return Device.objects.live().filter(serving).order_by("name", "pk")[:MOST_DEVICES]


def devices_for(actor: Actor, event: Event, found: Board) -> list[tuple[Device, bool]]:
    """Those of the board's devices that `Device.objects.visible_to(actor)` holds, and whether each is there now."""
    if not actor.may(Permission.DEVICES, event.group_id):
        return []
    everywhere = actor.may(Permission.DEVICES)
    shown = [device for device in found.devices if everywhere or device.event_id or device.group_id]
    return [(device, _is_there(device, found.read_at)) for device in shown]


def _is_there(device: Device, at: datetime) -> bool:
    return device.last_seen_at is not None and at - device.last_seen_at < ONLINE_FOR
