"""When people come and through which door: weekday of the event, hour of the day there, minutes from its start."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from attendance.reports.relation import among, relation, rows
from attendance.reports.scope import Scope
from checkin_project.platform.statements import POSTGRES

QUARTER = 900
# Minutes from the start of an event; who came earlier or later counts at the edge.
EARLIEST, LATEST = -120, 240

# Minutes of the clock since 1970. date_bin counts in whole numbers, where asking every row for its epoch takes twice as
# long; SQLite keeps text, and a thousandth of a second makes up for what a Julian day loses.
_MINUTE_OF = (
    "(EXTRACT(EPOCH FROM {moment}) / 60)::bigint"
    if POSTGRES
    else "CAST((julianday({moment}) - 2440587.5) * 86400 + 0.001 AS INTEGER) / 60"
)
_CUT = "date_bin('1 minute', {moment}, 'epoch'::timestamptz)" if POSTGRES else "{moment}"
_CAME = _CUT.format(moment="a.checked_in_at")
_LEAST, _MOST = ("LEAST", "GREATEST") if POSTGRES else ("MIN", "MAX")
# One look at the attendance, heads for each event and minute, and from that both answers: by quarters of an hour,
# because no zone's clock is shifted by less, and by minutes from the start.
_ARRIVALS = f"""WITH moments AS MATERIALIZED (
    SELECT a.event_id, {_CAME} AS moment, SUM(a.party_size) AS heads
    FROM attendance a WHERE {{among}} AND a.state = 'attended' GROUP BY a.event_id, moment),
minutes AS (SELECT s.event_id, s.start_minute, s.all_day, {_MINUTE_OF.format(moment="moment")} AS minute, heads
    FROM moments JOIN {{events}} ON s.event_id = moments.event_id)
SELECT event_id, minute / 15, CAST(SUM(heads) AS bigint) FROM minutes GROUP BY event_id, minute / 15
UNION ALL
SELECT 0, {_LEAST}({_MOST}(minute - start_minute, {EARLIEST}), {LATEST}), CAST(SUM(heads) AS bigint)
FROM minutes WHERE all_day = 0 GROUP BY 2"""
_DOORS = """SELECT a.event_id, a.method, COUNT(*), SUM(a.party_size)
FROM attendance a WHERE {among} AND a.state = 'attended' GROUP BY a.event_id, a.method"""


@dataclass(frozen=True, slots=True)
class Door:
    """`method` is a value of attendance.models.Method."""

    method: str
    check_ins: int
    checked_in: int


@dataclass(frozen=True, slots=True)
class Weekday:
    """`number` counts from Monday, 0; by the day on which an event starts where it takes place."""

    number: int
    held: int
    checked_in: int

    @property
    def average(self) -> float | None:
        return self.checked_in / self.held if self.held else None


@dataclass(frozen=True, slots=True)
class Doors:
    """All seven weekdays, and the doors that somebody came through, the busiest first."""

    weekdays: tuple[Weekday, ...]
    methods: tuple[Door, ...]


@dataclass(frozen=True, slots=True)
class Slot:
    """`heads` came in this hour (0 to 23) or minute."""

    start: int
    heads: int


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Heads by the hour of the clock on the wall where the event takes place (all 24), and by minutes from its start.

    Minutes are those of the clock, negative before the start; those without anybody between them are included. Events
    that take all day have no start to be late for and are not among the minutes.
    """

    hours: tuple[Slot, ...]
    minutes: tuple[Slot, ...]


def doors(scope: Scope) -> Doors:
    """One query."""
    weekday = {event.pk: event.on.weekday() for event in scope.events}
    these, values = among(list(weekday))
    heads_on: Counter[int] = Counter()
    check_ins_by: Counter[str] = Counter()
    heads_by: Counter[str] = Counter()
    held = set()
    for event_id, method, check_ins, heads in rows(_DOORS.format(among=these), values):
        held.add(event_id)
        heads_on[weekday[event_id]] += int(heads)
        check_ins_by[method] += check_ins
        heads_by[method] += int(heads)
    held_on = Counter(weekday[event_id] for event_id in held)
    methods = [Door(method, check_ins, heads_by[method]) for method, check_ins in check_ins_by.items()]
    return Doors(
        weekdays=tuple(Weekday(number, held_on[number], heads_on[number]) for number in range(7)),
        methods=tuple(sorted(methods, key=lambda door: (-door.checked_in, door.method))),
    )


def arrivals(scope: Scope) -> Arrivals:
    """One query."""
    zones = {event.pk: event.starts_at.tzinfo for event in scope.events}
    these, ids = among(list(zones))
    of, values = relation(
        event_id=list(zones),
        start_minute=[int(event.starts_at.timestamp() // 60) for event in scope.events],
        all_day=[int(event.all_day) for event in scope.events],
    )
    hours: Counter[int] = Counter()
    minutes: Counter[int] = Counter()
    for event_id, number, heads in rows(_ARRIVALS.format(among=these, events=of), [*ids, *values]):
        if event_id:
            quarter = datetime.fromtimestamp(number * QUARTER, tz=UTC)
            hours[quarter.astimezone(zones[event_id]).hour] += heads
        else:
            minutes[number] += heads
    known = range(min(minutes), max(minutes) + 1) if minutes else ()
    return Arrivals(
        hours=tuple(Slot(hour, hours[hour]) for hour in range(24)),
        minutes=tuple(Slot(minute, minutes[minute]) for minute in known),
    )


def grouped(minutes: Iterable[Slot], width: int) -> list[Slot]:
    """Slots of `width` minutes that begin at its multiples. Pure."""
    found: Counter[int] = Counter()
    for slot in minutes:
        found[slot.start // width * width] += slot.heads
    if not found:
        return []
    return [Slot(start, found[start]) for start in range(min(found), max(found) + 1, width)]
