"""From the rows of a file about who came to a plan; nothing is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from attendance import bulk
from attendance.bulk import Place
from attendance.imports.columns import Line, bare_name, could_say_more, may_be_guest, read_line
from attendance.imports.links import EventLinks, Link, MemberLinks
from attendance.models import Attendance, Method, guest_key
from checkin_project.platform.imports import Options, Plan, PlannedRow, Record, RowState
from checkin_project.platform.imports.columns import Columns, columns_of
from checkin_project.platform.legacy import parse_moment
from checkin_project.platform.sheets import Problem, Row, Sheet

EVENTS, MEMBERS = 0, 1
_PROGRESS_EVERY = 500
_SHOWN = 100


@dataclass(slots=True)
class Entry(Record):
    """Somebody at an event, as the file tells it. `event` and `member` count in the plan's parts (-1: a guest)."""

    event: int = -1
    member: int = -1
    name: str = ""
    tells: Line = field(default_factory=Line)
    came_at: datetime | None = None
    left_at: datetime | None = None
    registered_at: datetime | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Shape:
    """How one kind of file is read. `fills`: the file tells of people and events, too. `door`: where none is named."""

    aliases: Mapping[str, str]
    needs: tuple[frozenset[str], ...]
    fills: bool = False
    door: Method = Method.IMPORT
    event_name: str = ""


class Planner:
    """Plans one file. The rows are read first, then what is stored about their people, then they are placed."""

    def __init__(self, shape: Shape, options: Options) -> None:
        create = options.create_missing or shape.fills
        self._shape, self._options = shape, options
        self.events = EventLinks(options, create=create, fills=shape.fills)
        self.members = MemberLinks(options, create=create, fills=shape.fills)
        self._entries: list[Entry] = []
        self._places: dict[tuple[int, int | str], int] = {}
        self._stored: dict[Place, Attendance] = {}
        self._taken_back: set[tuple[int, datetime]] = set()

    def plan(self, sheet: Sheet, progress: Callable[[int], None] | None) -> Plan:
        columns = columns_of(sheet, self._shape.aliases, self._shape.needs, self._options)
        plan = Plan(header=sheet.header, fatal=columns if isinstance(columns, Problem) else None)
        if isinstance(columns, Problem):
            return plan
        self.events.importer.load()
        self.members.importer.load()
        read = list(self._read(sheet, columns, progress))
        plan.fatal = next((item for item in read if isinstance(item, Problem) and item.fatal), None)
        if plan.fatal is not None:
            return plan
        self._load([item[1] for item in read if not isinstance(item, Problem)])
        for item in read:
            if isinstance(item, Problem):
                plan.rows.append(PlannedRow(item.line, RowState.ERROR, problems=(item,)))
            else:
                plan.rows.append(self._place(*item, columns))
        plan.records = list(self._entries)
        plan.parts = (
            Plan(records=self.events.importer.records, prefix="event."),
            Plan(records=self.members.importer.records, prefix="member."),
        )
        _settle_states(plan)
        return plan

    def _read(
        self, sheet: Sheet, columns: Columns, progress: Callable[[int], None] | None
    ) -> Iterator[Problem | tuple[Row, Line]]:
        for count, item in enumerate(sheet, start=1):
            if isinstance(item, Problem):
                yield item
            elif not columns.is_blank(item):
                line = read_line(columns.cells(item), columns.unknown(item), door=self._shape.door)
                if self._shape.event_name:
                    line.event.setdefault("name", self._shape.event_name)
                yield item, line
            if progress is not None and count % _PROGRESS_EVERY == 0:
                progress(count)

    def _load(self, lines: list[Line]) -> None:
        """What is stored about these people at these events: two queries for each thousand."""
        places: dict[Place, None] = {}
        for line in lines:
            people = [pk for pk in map(self.members.pk, self.members.candidates(line)) if pk is not None]
            for event in map(self.events.pk, self.events.candidates(line)):
                if event is not None:
                    places |= dict.fromkeys((event, pk) for pk in people)
                    if bare_name(line):
                        places[event, guest_key(bare_name(line))] = None
        self._stored = bulk.hold(places)
        absent = [row.pk for row in self._stored.values() if not row.attended]
        self._taken_back = bulk.taken_back_by_hand(absent)

    def _place(self, row: Row, line: Line, columns: Columns) -> PlannedRow:
        if line.problems:
            return columns.refused(row, line.problems)
        known = self.events.known(line.event)
        event = Link(known) if known is not None else self.events.find(line, row.line)
        if event.problems:
            return columns.refused(row, event.problems, event.likely)
        member = self._member(row, line, event)
        if member is not None and member.problems:
            return columns.refused(row, member.problems, (*event.likely, *member.likely))
        if event.is_left_out or (member is not None and member.is_left_out):
            likely = event.likely if event.is_left_out else member.likely if member is not None else ()
            return PlannedRow(row.line, RowState.SKIPPED, self._name(line), likely=likely)
        try:
            times = self._times(line, event)
        except _BadTime as error:
            return columns.refused(row, [(error.column, error.reason)])
        return self._put(row, line, event, member, times)

    def _member(self, row: Row, line: Line, event: Link) -> Link | None:
        """None: a guest, who has a name and no record."""
        known = self.members.known(line.member)
        if known is not None:
            return Link(known)
        if self._is_guest_on_list(line, event.record):
            return None
        link = self.members.find(line, row.line, lambda person: self._is_on_list(event.record, person))
        return None if may_be_guest(line) and link.record is None and not link.likely else link

    def _is_guest_on_list(self, line: Line, event: int | None) -> bool:
        """Is a guest of this name on the event's list, and no member, or one who would be named in two columns?"""
        name, pk = bare_name(line), None if event is None else self.events.pk(event)
        is_there = bool(name) and pk is not None and (pk, guest_key(name)) in self._stored
        if not is_there or could_say_more(line):
            return is_there
        return not any(self._is_on_list(event, person) for person in self.members.candidates(line))

    def _is_on_list(self, event: int | None, person: int) -> bool:
        if event is None:
            return False
        if (event, person) in self._places:
            return True
        event_pk, pk = self.events.pk(event), self.members.pk(person)
        return event_pk is not None and pk is not None and (event_pk, pk) in self._stored

    def _times(self, line: Line, event: Link) -> tuple[datetime | None, datetime | None, datetime | None]:
        """In, out and registered. Times without a zone are those of the event's place."""
        known = self.events.importer.records[event.record].get("timezone") if event.record is not None else ""
        zone = ZoneInfo(known) if known else self._options.zone
        found = []
        for column in ("checked_in_at", "checked_out_at", "registered_at"):
            text = {"checked_in_at": line.came_at, "checked_out_at": line.left_at}.get(column, line.registered_at)
            try:
                found.append(parse_moment(text, zone) if text else None)
            except ValidationError as error:
                raise _BadTime(column, error.messages[0]) from None
        came_at, left_at, registered_at = found
        if left_at is not None and (came_at is None or left_at < came_at):
            raise _BadTime("checked_out_at", _("Nobody can check out before checking in."))
        return came_at, left_at, registered_at

    def _name(self, line: Line) -> str:
        cells = line.member
        first_last = f"{cells.get('first_name', '')} {cells.get('last_name', '')}".strip()
        return cells.get("name", "").strip() or first_last

    def _put(
        self,
        row: Row,
        line: Line,
        event: Link,
        member: Link | None,
        times: tuple[datetime | None, datetime | None, datetime | None],
    ) -> PlannedRow:
        number = self.events.settle(event, row.line, line.event)
        person = self.members.settle(member, row.line, line.member) if member is not None else -1
        who: int | str = person if member is not None else guest_key(bare_name(line))
        also = tuple(
            (part, record)
            for part, record, records in (
                (EVENTS, number, self.events.importer.records),
                (MEMBERS, person, self.members.importer.records),
            )
            if record >= 0 and records[record].line == row.line
        )
        notes = (*event.notes, *(member.notes if member else ()))
        likely = (*(event.likely if event.is_new else ()), *(member.likely if member and member.is_new else ()))
        place = self._places.get((number, who))
        is_first = place is None
        if place is None:
            place = self._places[number, who] = len(self._entries)
            self._entries.append(self._entry(number, person, line))
        entry = self._entries[place]
        if not is_first and entry.line:
            notes = (*notes, _("Folded into line %(line)d.") % {"line": entry.line})
        entry.line = entry.line or row.line
        notes = (*notes, *self._fold(entry, line, times))
        label = f"{entry.name} – {self.events.importer.label(self.events.importer.records[number])}"
        state = RowState.NEW if is_first else RowState.REPEATED
        return PlannedRow(row.line, state, label, place, likely=likely, notes=notes, also=also)

    def _entry(self, event: int, member: int, line: Line) -> Entry:
        """The attendance of this person at this event: stored, or to be made."""
        events, members = self.events.importer, self.members.importer
        name = bare_name(line) if member < 0 else members.label(members.records[member])
        event_pk = self.events.pk(event)
        who = guest_key(name) if member < 0 else self.members.pk(member)
        row = self._stored.get((event_pk, who)) if event_pk is not None and who is not None else None
        if row is None:
            entry = Entry(None, event=event, member=member, name=name, tells=line)
            entry.values |= {"event": events.label(events.records[event]), "name": name}
            return entry
        stored = {name: getattr(row, name) for name in ("state", "checked_in_at", "checked_out_at", "method", "note")}
        stored |= {"scan_count": row.scan_count, "version": row.version}
        return Entry(row.pk, stored, event=event, member=member, name=name, tells=line)

    def _fold(self, entry: Entry, line: Line, times: tuple[datetime | None, ...]) -> Iterator[str]:
        """The earliest time stands, and a time out is taken over where none is known."""
        came_at, left_at, registered_at = times
        self._fold_note(entry, line.note)
        if came_at is None:
            if entry.pk is None and not entry.came_at and line.registration:
                entry.values.setdefault("state", line.registration)
                entry.registered_at = registered_at
            return
        if entry.pk is not None and (entry.pk, came_at) in self._taken_back:
            yield _("Somebody took this check-in back, so it is left alone.")
            return
        known = entry.get("checked_in_at")
        if known is None or came_at < _as_precise(known, came_at):
            entry.came_at, entry.tells, entry.registered_at = came_at, line, registered_at
            entry.values |= {"state": Attendance.State.ATTENDED.value, "checked_in_at": came_at}
            entry.values["method"] = line.method.value
        if left_at is not None and entry.get("checked_out_at") is None and (entry.stored.get("scan_count") or 0) <= 1:
            entry.left_at = entry.values["checked_out_at"] = left_at

    @staticmethod
    def _fold_note(entry: Entry, note: str) -> None:
        known = entry.get("note") or ""
        if note and note not in known:
            entry.note = f"{known}\n{note}".strip()
            entry.values["note"] = entry.note


class _BadTime(Exception):
    def __init__(self, column: str, reason: str) -> None:
        super().__init__(reason)
        self.column, self.reason = column, reason


def _as_precise(known: datetime, told: datetime) -> datetime:
    """Files tell seconds: half a second less is no earlier time."""
    return known if told.microsecond else known.replace(microsecond=0)


def _settle_states(plan: Plan) -> None:
    for row in plan.rows:
        if row.state is not RowState.NEW:
            continue
        entry = plan.records[row.record]
        if entry.pk is None and "state" in entry.values:
            continue
        is_changed = bool(entry.changes) or any(_writes(plan.parts[part].records[number]) for part, number in row.also)
        row.state = RowState.CHANGED if is_changed else RowState.SAME


def _writes(record: Record) -> bool:
    return record.pk is None or bool(record.changes)
