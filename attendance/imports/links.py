"""Which event and which person a row is about: through the importers of events and members, so by the same rules."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from attendance.imports.columns import Line
from checkin_project.platform.imports import Duplicates, Likely, Options, Placement, Record
from checkin_project.platform.imports.planning import decided
from checkin_project.platform.legacy import clean_id, is_blank
from checkin_project.platform.text import words
from events.imports import EventImporter
from members.imports import MemberImporter
from members.models import Member

_KEYS = ("legacy_id", "v_number", "student_email", "personal_email")


@dataclass(frozen=True, slots=True)
class Link:
    """A record's number, or why there is none. `is_new`: `settle` makes the record first. `reading`: what it brings."""

    record: int | None = None
    is_new: bool = False
    is_left_out: bool = False
    problems: tuple[tuple[str, str], ...] = ()
    likely: tuple[Likely, ...] = ()
    notes: tuple[str, ...] = ()
    reading: Any = None


class Links(ABC):
    """Events or people of one plan.

    `create`: may what is missing be made? `fills`: may blanks of what is known be filled?
    """

    importer: EventImporter | MemberImporter

    def __init__(self, options: Options, *, create: bool, fills: bool) -> None:
        self._options, self._create, self._fills = options, create, fills
        self._cache: dict[tuple[tuple[str, str], ...], int] = {}
        self._candidates: dict[tuple[tuple[str, str], ...], list[int]] = {}

    def known(self, cells: Mapping[str, str]) -> int | None:
        """What the same cells of an earlier row were settled to be."""
        return self._cache.get(tuple(sorted(cells.items())))

    def pk(self, number: int) -> int | None:
        return self.importer.records[number].pk

    def candidates(self, line: Line) -> list[int]:
        """Whom or what the row may mean, as far as can be told before anything is settled."""
        cells = self._cells(line)
        key = tuple(sorted(cells.items()))
        if key not in self._candidates:
            self._candidates[key] = self._look_for_candidates(line)
        return self._candidates[key]

    @abstractmethod
    def _cells(self, line: Line) -> dict[str, str]: ...

    @abstractmethod
    def _look_for_candidates(self, line: Line) -> list[int]: ...

    def settle(self, link: Link, line: int, cells: Mapping[str, str]) -> int:
        """The record's number; new records are made, known ones filled in where they are blank."""
        records = self.importer.records
        number = link.record
        if number is None:
            number = len(records)
            records.append(Record(None))
        record = records[number]
        if link.reading is not None and (record.pk is None or self._fills):
            if record.pk is not None or record.line:
                _leave_blanks(link.reading, record, self.importer.automatic)
            record.line = record.line or line
            self.importer.merge(number, link.reading)
        if self._may_cache(cells):
            self._cache[tuple(sorted(cells.items()))] = number
        return number

    def _may_cache(self, cells: Mapping[str, str]) -> bool:
        return True

    def _decide(self, link: Link, line: int) -> Link:
        """The operator's word about a row that is likely somebody or something known."""
        decision = self._options.duplicate(line)
        if not link.likely or link.record is not None:
            return link
        if decision is Duplicates.SKIP:
            return replace(link, is_left_out=True)
        found = decided(Placement(likely=link.likely), decision)
        return replace(link, record=found.record, notes=found.notes)

    def _new(self, link: Link, line: int, missing: tuple[str, str]) -> Link:
        link = self._decide(link, line)
        if link.record is not None or link.is_left_out:
            return link
        if not self._create:
            return Link(problems=(missing,), likely=link.likely)
        return replace(link, is_new=True)


def _leave_blanks(reading: Any, record: Record, automatic: tuple[str, ...]) -> None:
    """A joined file is a copy: it fills in what is missing and changes nothing that is known."""
    names_known = bool(record.get("first_name") or record.get("last_name"))
    for name in list(reading.values):
        is_known = record.get(name) not in (None, "")
        if name != "legacy_id" and (
            is_known or name in automatic or (names_known and name in ("first_name", "last_name"))
        ):
            del reading.values[name]
    for name in ("starts_at", "ends_at", "all_day"):
        if record.get("starts_at") is not None:
            # Asked for by the importer of events, which keeps them as they are.
            reading.values[name] = record.get(name)
    known = record.get("extra") or {}
    reading.extra = {key: value for key, value in reading.extra.items() if key not in known}


class EventLinks(Links):
    importer: EventImporter

    def __init__(self, options: Options, *, create: bool, fills: bool) -> None:
        super().__init__(options, create=create, fills=fills)
        self.importer = EventImporter(options.zone)

    def _cells(self, line: Line) -> dict[str, str]:
        return line.event

    def _look_for_candidates(self, line: Line) -> list[int]:
        link = self.find(line, 0)
        found = [] if link.record is None else [link.record]
        return found + [one.record for one in link.likely if one.record >= 0]

    def find(self, line: Line, number: int) -> Link:
        cells = {name: cell for name, cell in line.event.items() if name != "code"}
        code = line.event.get("code", "")
        try:
            legacy_id = clean_id(cells.get("legacy_id", ""))
        except ValidationError as error:
            return Link(problems=(("event_id", error.messages[0]),))
        by_id = self.importer.with_id(code.strip()) if not is_blank(code) else None
        by_id = by_id if by_id is not None else self.importer.with_id(legacy_id) if legacy_id else None
        says_enough = not is_blank(cells.get("name", "")) and not is_blank(cells.get("event_date", ""))
        if by_id is not None and (not says_enough or self.importer.records[by_id].get("code") in (code, legacy_id)):
            return Link(by_id)
        if not says_enough:
            where = ("event_id", _("There is no event with this id, and the row does not say enough to make one."))
            return Link(problems=(where,))
        reading = self.importer.read(cells, {})
        if reading.problems:
            return Link(problems=_renamed(reading.problems, _event_column))
        found = self.importer.place(reading)
        link = Link(
            found.record, problems=_renamed(found.problems, _event_column), likely=found.likely, reading=reading
        )
        if link.problems or link.record is not None:
            return link
        missing = _("There is no such event. Import events first, or allow missing ones to be made.")
        return self._new(link, number, ("event_id" if legacy_id else "event_name", missing))


class MemberLinks(Links):
    importer: MemberImporter

    def __init__(self, options: Options, *, create: bool, fills: bool) -> None:
        super().__init__(options, create=create, fills=fills)
        self.importer = MemberImporter(options.zone)

    def _may_cache(self, cells: Mapping[str, str]) -> bool:
        """A name alone may be somebody else's at another event."""
        return any(not is_blank(cells.get(name, "")) for name in _KEYS)

    def _cells(self, line: Line) -> dict[str, str]:
        return line.member

    def _look_for_candidates(self, line: Line) -> list[int]:
        reading = self.importer.read(line.member, {})
        if reading.problems:
            return []
        found = self.importer.place(reading)
        likely = [one.record for one in found.likely if one.record >= 0]
        if _has_key(reading):
            return [found.record] if found.record is not None else likely
        return self.importer.namesakes(reading)

    def find(self, line: Line, number: int, is_on_list: Callable[[int], bool]) -> Link:
        """`is_on_list`: is this record on the list of the row's event already?"""
        reading = self.importer.read(line.member, {})
        if reading.problems:
            return Link(problems=_renamed(reading.problems, _member_column))
        if not _has_key(reading):
            return self._by_name(reading, number, is_on_list)
        found = self.importer.place(reading)
        has_name = bool(reading.values.get("first_name") or reading.values.get("last_name"))
        if found.record is None and not has_name and [name for name, _reason in found.problems] in ([], ["first_name"]):
            key = next(name for name in _KEYS if reading.values.get(name))
            reason = _("Nobody on record has this, and the row does not say enough to add the person.")
            return Link(problems=((_member_column(key), reason),))
        problems = _renamed(found.problems, _member_column)
        link = Link(found.record, problems=problems, likely=found.likely, notes=found.notes, reading=reading)
        if problems or link.record is not None:
            return link
        key = next(name for name in _KEYS if reading.values.get(name))
        return self._new(link, number, (_member_column(key), _nobody()))

    def _by_name(self, reading: Any, number: int, is_on_list: Callable[[int], bool]) -> Link:
        """By a name alone: who is on this event's list, else who is known by it alone, else the only one called so."""
        if not (reading.values.get("first_name") or reading.values.get("last_name")):
            return Link(problems=(("member_id", _("The row names nobody.")),))
        if not words(f"{reading.values.get('first_name', '')} {reading.values.get('last_name', '')}"):
            # Looked up by words, such a person would be new each time.
            return Link(problems=(("member_name", _("Nobody can be found by a name without letters.")),))
        people = self.importer.namesakes(reading)
        listed = [person for person in people if is_on_list(person)]
        by_name_only = [person for person in people if not self.importer.has_key(person)]
        if listed or by_name_only or len(people) == 1:
            return Link((listed or by_name_only or people)[0])
        reading.values["status"] = Member.Status.PROVISIONAL.value
        likely = tuple(self._likely(person) for person in people)
        if not likely:
            return self._new(Link(reading=reading), number, ("member_name", _nobody()))
        reason = _("%(count)d people on record are called so. Choose one, or allow a new person to be added.")
        missing = ("member_name", reason % {"count": len(people)})
        return self._new(Link(likely=likely, reading=reading), number, missing)

    def _likely(self, person: int) -> Likely:
        record = self.importer.records[person]
        line = 0 if record.pk else record.line
        return Likely(self.importer.label(record), (_("same name"),), 60, record.pk, line, person)


def _nobody() -> str:
    return _("Nobody on record is this person. Import members first, or allow missing ones to be added.")


def _has_key(reading: Any) -> bool:
    return any(reading.values.get(name) for name in _KEYS)


def _event_column(name: str) -> str:
    return {"legacy_id": "event_id", "event_date": "event_date"}.get(name, f"event_{name}")


def _member_column(name: str) -> str:
    return "member_id" if name == "legacy_id" else f"member_{name}"


def _renamed(
    problems: tuple[tuple[str, str], ...] | list[tuple[str, str]], rename: Callable[[str], str]
) -> tuple[tuple[str, str], ...]:
    return tuple((rename(name), reason) for name, reason in problems)
