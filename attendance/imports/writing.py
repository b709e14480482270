"""A plan about who came into the database, and out of it again: everything or nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from attendance import bulk
from attendance.bulk import Arrival, Place
from attendance.history import Base
from attendance.imports.planning import EVENTS, MEMBERS, Entry
from attendance.models import Attendance, Method
from checkin_project.platform.access import Actor, Permission
from checkin_project.platform.imports import Importer, ImportReport, Plan, Written, apply_plan, batches
from checkin_project.platform.imports.plan import plain
from checkin_project.platform.imports.undoing import undo_records
from checkin_project.platform.sheets import Problem
from events.membership import link_many, unlink_many
from events.models import Event, GroupMember
from members.models import Member

_ROW, _LINK = Attendance._meta.label, GroupMember._meta.label
_SHOWN = 100


class _Stopped(Exception):
    def __init__(self, problems: Iterable[Problem]) -> None:
        super().__init__("Nothing was written.")
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Importers:
    """Fresh ones, to write the parts of a plan or take them back."""

    events: Importer[Any, Any]
    members: Importer[Any, Any]


def apply(plan: Plan, importers: Importers, *, by: Actor, at: datetime) -> ImportReport:
    """Write the events and people that a plan brings along, and then who came, in one transaction or not at all.

    Points are not awarded: they were earned under other rules, long ago. Raises as `apply_plan`.
    """
    if not by.may(Permission.IMPORT):
        raise PermissionDenied
    if plan.fatal is not None:
        raise ValueError(str(plan.fatal))
    entries = [entry for entry in plan.records if isinstance(entry, Entry) and entry.line and _is_written(entry)]
    try:
        with transaction.atomic():
            events, event_keys = _write_part(plan.parts[EVENTS], importers.events, by, at)
            members, member_keys = _write_part(plan.parts[MEMBERS], importers.members, by, at)
            places = {_place(entry, event_keys, member_keys): entry for entry in entries}
            written = _write_entries(places, by, at)
            links = _link_to_groups(places)
    except _Stopped as stopped:
        return ImportReport(outdated=stopped.problems)
    except IntegrityError:
        reason = _("Somebody or something that this file names was added since the preview.")
        return ImportReport(outdated=(Problem(0, "", "", reason),))
    made = sum(entry.pk is None for entry in entries)
    return ImportReport(
        created=events.created + members.created + made,
        updated=events.updated + members.updated + len(entries) - made,
        written=[*events.written, *members.written, *written, *links],
    )


def _is_written(entry: Entry) -> bool:
    return "state" in entry.values if entry.pk is None else bool(entry.changes)


def _write_part(part: Plan, importer: Importer[Any, Any], by: Actor, at: datetime) -> tuple[ImportReport, list[int]]:
    """What `apply_plan` says, and the key of every record of the part (0 for those that nothing was made of)."""
    importer.records = part.records
    report = apply_plan(part, importer, by=by, at=at)
    if report.outdated:
        raise _Stopped(report.outdated)
    made = {written.line: written.pk for written in report.written if written.before is None}
    return report, [made.get(record.line, 0) if record.pk is None else record.pk for record in part.records]


def _place(entry: Entry, events: Sequence[int], members: Sequence[int]) -> Place:
    return Arrival(events[entry.event], members[entry.member] if entry.member >= 0 else None, entry.name, None).place


def _write_entries(places: Mapping[Place, Entry], by: Actor, at: datetime) -> Iterator[Written]:
    held = bulk.hold(places)
    outdated = [_outdated(entry) for place, entry in places.items() if not _is_as_planned(entry, held.get(place))]
    if outdated:
        raise _Stopped(outdated)
    before = {place: {name: getattr(row, name) for name in _SHOWN_FIELDS} for place, row in held.items()}
    rows = bulk.record([_arrival(place, entry) for place, entry in places.items()], held, by=by, at=at)
    return (
        _written(places[place].line, before.get(place), row, operations) for place, (row, operations) in rows.items()
    )


_SHOWN_FIELDS = ("state", "checked_in_at", "checked_out_at", "method", "note")


def _is_as_planned(entry: Entry, row: Attendance | None) -> bool:
    return (row.pk, row.version) == (entry.pk, entry.stored.get("version")) if row is not None else entry.pk is None


def _outdated(entry: Entry) -> Problem:
    return Problem(entry.line, "", entry.name[:_SHOWN], _("This person's attendance was changed since the preview."))


def _arrival(place: Place, entry: Entry) -> Arrival:
    line = entry.tells
    return Arrival(
        event_id=place[0],
        member_id=place[1] if isinstance(place[1], int) else None,
        name=entry.name,
        came_at=entry.came_at,
        left_at=entry.left_at,
        method=Method(line.method),
        party_size=line.people,
        reason=line.reason,
        note=entry.note,
        base=Base(line.registration, line.registered_people),
        registered_at=entry.registered_at,
    )


def _written(line: int, before: dict[str, Any] | None, row: Attendance, operations: Sequence[UUID]) -> Written:
    """As kept: the row's new values, and under `operations` the scans that it got."""
    after: dict[str, Any] = {name: plain(getattr(row, name)) for name in _SHOWN_FIELDS}
    after |= {"event": row.event_id, "member": row.member_id, "registration": row.registration}
    after["operations"] = [str(operation) for operation in operations]
    earlier = {name: plain(value) for name, value in before.items()} if before is not None else None
    return Written(_ROW, row.pk, line, earlier, after)


def _link_to_groups(places: Mapping[Place, Entry]) -> list[Written]:
    """Whoever came to a group's event belongs to the group, as at every door."""
    came = {place: entry.came_at for place, entry in places.items() if entry.came_at and isinstance(place[1], int)}
    of_groups = Event.objects.filter(group__isnull=False, pk__in={event for event, _who in came})
    groups = dict(of_groups.order_by().values_list("pk", "group_id"))
    since: dict[tuple[int, int], datetime] = {}
    lines: dict[tuple[int, int], int] = {}
    for place, came_at in came.items():
        group = groups.get(place[0])
        if group is not None and isinstance(place[1], int):
            pair = group, place[1]
            lines.setdefault(pair, places[place].line)
            since[pair] = min(came_at, since.get(pair, came_at))
    made = link_many(since, how=GroupMember.How.CAME)
    return [
        Written(_LINK, link.pk, lines[link.group_id, link.member_id], None, {"since": plain(link.since)})
        for link in made
    ]


def undo(written: Iterable[Written], importers: Importers, *, by: Actor, at: datetime) -> list[Problem]:
    """Take back what a run wrote, all or nothing.

    Rows that the run made go with their scans; entries that it added to other rows are undone by scans, so that these
    rows are as if it had never been. Refused is what somebody touched since.
    """
    if not by.may(Permission.IMPORT):
        raise PermissionDenied
    found: dict[str, list[Written]] = {}
    for item in written:
        found.setdefault(item.model_label, []).append(item)
    events, members = found.get(Event._meta.label, []), found.get(Member._meta.label, [])
    try:
        with transaction.atomic():
            problems = _undo_entries(found.get(_ROW, []), by, at)
            if not problems:
                unlink_many(_idle_links([item.pk for item in found.get(_LINK, [])]))
                problems = undo_records(members, importers.members, by=by, at=at)
                problems += undo_records(events, importers.events, by=by, at=at)
            if problems:
                raise _Stopped(problems)
    except _Stopped as stopped:
        return list(stopped.problems)
    return []


def _idle_links(link_ids: Sequence[int]) -> list[int]:
    """Links to groups at whose events the person was at no time but by this import."""
    others = Attendance.objects.filter(attended=True, member=OuterRef("member"), event__group=OuterRef("group"))
    found: list[int] = []
    for batch in batches(link_ids):
        links = GroupMember.objects.filter(~Exists(others), pk__in=batch, how=GroupMember.How.CAME)
        found += links.values_list("pk", flat=True)
    return found


def _made(written: Iterable[Written]) -> set[int]:
    return {item.pk for item in written if item.before is None}


def _undo_entries(rows: Sequence[Written], by: Actor, at: datetime) -> list[Problem]:
    operations = {item.pk: [UUID(operation) for operation in item.after["operations"]] for item in rows}
    lines = {item.pk: item.line for item in rows}
    there = bulk.hold_rows(list(operations))
    problems = [
        Problem(lines[pk], "", "", _("This attendance was deleted since the import."))
        for pk in lines
        if pk not in there
    ]
    # Of a row that was there before and got a note only, later scans say nothing.
    newer = bulk.touched_since(
        {item.pk: operations[item.pk] for item in rows if item.before is None or operations[item.pk]}
    )
    for item in rows:
        row = there.get(item.pk)
        if row is not None and (item.pk in newer or not _holds(row, item)):
            reason = _("This attendance was changed since the import.")
            problems.append(Problem(item.line, "", row.name[:_SHOWN], reason))
    if problems:
        return problems
    made = _made(rows)
    bulk.forget(sorted(made))
    stays = [item for item in rows if item.pk not in made]
    notes = {item.pk: str((item.before or {}).get("note", "")) for item in stays}
    bulk.take_back({item.pk: operations[item.pk] for item in stays}, notes, by=by, at=at)
    return []


def _holds(row: Attendance, item: Written) -> bool:
    return (row.note, row.registration) == (item.after["note"], item.after["registration"])
