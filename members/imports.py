"""Members from spreadsheets of several generations, onto the people who are there already."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from sys import intern
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models.functions import Lower
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from checkin_project.platform import imports
from checkin_project.platform.access import Actor
from checkin_project.platform.imports import ImportReport, Likely, Options, Placement, Plan, Record, batches
from checkin_project.platform.imports.kinds import Kind
from checkin_project.platform.imports.stored import stored_row
from checkin_project.platform.imports.tables import TableImport
from checkin_project.platform.legacy import other_legacy_ids, with_legacy_id
from checkin_project.platform.sheets import Problem, Sheet
from checkin_project.platform.text import fold, words
from members import legacy, matching
from members.legacy import Reading
from members.matching import LIKELY, Found, KeyIndex, Person
from members.models import Member, MemberWord

_FIELDS = [
    "legacy_id",
    "first_name",
    "last_name",
    "classification",
    "major",
    "v_number",
    "student_email",
    "personal_email",
    "phone",
    "status",
    "extra",
    "created_at",
]
_Row = stored_row(_FIELDS)
# Thousands of people share these; their records share the text, too.
_SHARED = [_Row.places[name] for name in ("first_name", "last_name", "classification", "major", "status")]
_EXTRA = _Row.places["extra"]
_PERSON = ("first_name", "last_name", "v_number", "student_email", "personal_email", "classification", "major")
_KEY_COLUMNS = {
    "legacy_id": ("legacy_id",),
    "v_number": ("v_number",),
    "student_email": ("student", "personal"),
    "personal_email": ("student", "personal"),
}
_NAME = ("first_name", "last_name")
_ADDRESSES = ("student_email", "personal_email")
_REMEMBERED = frozenset({*_NAME, *_KEY_COLUMNS, "extra"})  # what people are found by
_MOST_NAMESAKES = 3


class MemberImporter(imports.Importer[Member, Reading]):
    model = Member
    parts = (MemberWord,)
    by_rows = True
    aliases = legacy.ALIASES
    needs = (
        frozenset({"first_name", "last_name", "name", "v_number", "student_email", "personal_email", "legacy_id"}),
    )

    def __init__(self, zone: ZoneInfo | None = None) -> None:
        super().__init__()
        self._zone = zone or ZoneInfo(settings.TIME_ZONE)
        self._index = KeyIndex()

    def load(self) -> None:
        nothing: dict[str, Any] = {}
        for pk, *values in Member.objects.order_by("pk").values_list("pk", *_FIELDS).iterator():
            for place in _SHARED:
                values[place] = intern(values[place])
            values[_EXTRA] = values[_EXTRA] or nothing
            stored = _Row(values)
            self._remember(len(self.records), stored.get)
            self.records.append(Record(pk, stored))

    def _remember(self, number: int, get: Callable[[str], Any]) -> None:
        extra = get("extra")
        ids = filter(None, (get("legacy_id"), *(other_legacy_ids(extra) if extra else ())))
        self._index.add(number, _person(get), ids)

    def read(self, cells: Mapping[str, str], unknown: Mapping[str, str]) -> Reading:
        return legacy.read_row(cells, unknown, self._zone)

    def place(self, reading: Reading) -> Placement:
        person = _person(reading.values.get)
        found = self._index.find(person, reading.values.get("legacy_id", ""))
        # A shared address says nothing against a key that belongs to one person only.
        fitting = [] if found.places else [number for number in found.weak if self._is_same(number, person)]
        unchanged = [number for number in fitting if self._adds_nothing(number, reading)]
        numbers = list(found.places) or unchanged[:1] or fitting
        if len(numbers) > 1:
            return Placement(problems=(self._conflict(found, fitting),))
        if numbers:
            problem = self._somebody_else(numbers[0], found, person)
            return Placement(numbers[0], problems=(problem,) if problem else ())
        if not (person.first_name or person.last_name):
            return Placement(problems=(("first_name", _("A new person needs a name.")),))
        twin = self._twin(reading, person)
        return Placement(twin) if twin is not None else Placement(likely=self._likely(person, found.weak))

    def namesakes(self, reading: Reading) -> list[int]:
        """Everybody with just this name."""
        return self._index.namesakes(_person(reading.values.get))

    def has_key(self, number: int) -> bool:
        """Is the person known by more than a name?"""
        return _has_key(self.records[number].get)

    def _twin(self, reading: Reading, person: Person) -> int | None:
        """Somebody known by name only, to whom this row adds nothing and has no key either."""
        if _has_key(reading.values.get):
            return None
        for number in self._index.namesakes(person):
            if self._adds_nothing(number, reading) and not _has_key(self.records[number].get):
                return number
        return None

    def _is_same(self, number: int, person: Person) -> bool:
        """An address alone may be a family's: the first name has to fit, and no V-number may speak against it."""
        other = _person(self.records[number].get)
        if person.v_number and other.v_number and person.v_number != other.v_number:
            return False
        if person.first_name and other.first_name:
            return matching.share_first_name(person.first_name, other.first_name)
        named, known = (set(words(f"{one.first_name} {one.last_name}")) for one in (person, other))
        return not named or not known or bool(named & known)

    def _adds_nothing(self, number: int, reading: Reading) -> bool:
        record = self.records[number]
        extra = record.get("extra") or {}
        values = ((name, value) for name, value in reading.values.items() if name not in self.automatic)
        return all(record.get(name) == value for name, value in values) and all(
            extra.get(key) == value for key, value in reading.extra.items()
        )

    def _conflict(self, found: Found, same: list[int]) -> tuple[str, str]:
        owners = [(places[0], number) for number, places in found.places.items()]
        owners += [("personal_email", number) for number in same]
        says = "; ".join(f"{name}: {self.describe(self.records[number])}" for name, number in owners)
        return owners[-1][0], _("This row points at different people (%(says)s).") % {"says": says}

    def _somebody_else(self, number: int, found: Found, person: Person) -> tuple[str, str] | None:
        """A key of one person with the name or another key of somebody else, as when two lists number differently.

        Two keys together may rename somebody or correct a third, unless an earlier row of the file speaks against it.
        """
        record = self.records[number]
        other = _person(record.get)
        if person[:4] == other[:4]:
            return None  # same name, V-number and student's address: most rows of a list that comes again
        contradicts = any(
            mine and yours and mine != yours and mine not in other.emails
            for mine, yours in ((person.v_number, other.v_number), (person.student_email, other.student_email))
        )
        named = set(words(f"{person.first_name} {person.last_name}"))
        renames = bool(named) and not named & set(words(f"{other.first_name} {other.last_name}"))
        is_sure = not record.line and len(found.places.get(number, ())) > 1
        if not (contradicts or renames) or (is_sure and not (contradicts and renames)):
            return None
        key = found.places[number][0] if number in found.places else "personal_email"
        return key, _("This belongs to %(name)s, but the row describes somebody else.") % {
            "name": self.describe(record)
        }

    def _likely(self, person: Person, weak: list[int]) -> tuple[Likely, ...]:
        found = []
        for number in dict.fromkeys([*weak, *self._index.namesakes(person)]):
            record = self.records[number]
            known = record.get("v_number")
            if person.v_number and known and known != person.v_number and number not in weak:
                continue  # another number and no common address: below LIKELY, whatever the names
            score, reasons = matching.compare(person, _person(record.get))
            if score >= LIKELY:
                line = 0 if record.pk else record.line
                found.append(Likely(self.label(record), reasons, score, record.pk, line, number))
        return tuple(sorted(found, key=lambda likely: -likely.score)[:_MOST_NAMESAKES])

    def merge(self, number: int, reading: Reading) -> None:
        record = self.records[number]
        values = dict(reading.values)
        known = record.get("extra") or {}
        extra = {**known, **reading.extra} if reading.extra else known
        legacy_id, known_id = values.pop("legacy_id", ""), record.get("legacy_id")
        if legacy_id and not known_id:
            values["legacy_id"] = legacy_id
        elif legacy_id and legacy_id != known_id:
            extra = with_legacy_id(extra, legacy_id)
        for name, other_name in (("student_email", "personal_email"), ("personal_email", "student_email")):
            # Known in the other column already: written here as well it would push out the address that is here.
            if values.get(name) and values[name] == record.get(other_name):
                del values[name]
        if reading.is_split_name:
            full_name = f"{values.get('first_name', '')} {values.get('last_name', '')}"
            if fold(full_name) == fold(self.label(record)):
                values.pop("first_name", None)
                values.pop("last_name", None)
        created_at, known_at = values.get("created_at"), record.get("created_at")
        if created_at and known_at and created_at >= known_at:
            del values["created_at"]
        if record.pk is not None:
            values.pop("updated_at", None)
        if extra != known:
            values["extra"] = extra
        if record.take(values) & _REMEMBERED:
            self._remember(number, record.get)

    def label(self, record: Record) -> str:
        return _name(record) or _("a person without a name")

    def taken(self, records: Sequence[Record]) -> Iterator[Problem]:
        owners = self._new_keys(records)
        if not any(owners.values()):
            return
        people = Member.objects.annotate(student=Lower("student_email"), personal=Lower("personal_email"))
        columns = ("legacy_id", "v_number", "student", "personal")
        for pk, *stored in people.order_by("pk").values_list("pk", *columns).iterator():
            values = dict(zip(columns, stored, strict=True))
            for name, places in _KEY_COLUMNS.items():
                for value in filter(None, (values[place] for place in places)):
                    owner = owners[name].get(value)
                    if owner is not None and owner.pk != pk:
                        reason = _("Somebody with this was added since the preview.")
                        yield Problem(owner.line, name, value, reason)

    def _new_keys(self, records: Sequence[Record]) -> dict[str, dict[str, Record]]:
        """By field: the keys that these records bring, and whose they are."""
        new = {
            name: {
                record.values[name]: record
                for record in records
                if record.values.get(name) not in (None, record.stored.get(name))
            }
            for name in _KEY_COLUMNS
        }
        if any(new.values()):
            # A shared family address that was there when the plan was made is no surprise.
            for known in (record.stored.get(name) for record in self.records for name in _ADDRESSES):
                for owners in new.values():
                    owners.pop(known, None)
        return new

    def build(self, values: Mapping[str, Any]) -> Member:
        return Member(**{name: value for name, value in values.items() if name not in self.automatic})

    def finish(self, created: Sequence[Member], updated: Sequence[Member]) -> None:
        for batch in batches([*created, *updated]):
            MemberWord.objects.rebuild(batch)

    def finish_rows(self, keys: Sequence[int], created: Sequence[Record], updated: Sequence[Record]) -> None:
        MemberWord.objects.write_first((key, _name(record)) for key, record in zip(keys, created, strict=True))
        renamed = (record for record in updated if not record.changed.keys().isdisjoint(_NAME))
        for batch in batches(renamed):
            MemberWord.objects.rewrite({record.pk or 0: _name(record) for record in batch})


def _name(record: Record) -> str:
    return f"{record.get('first_name') or ''} {record.get('last_name') or ''}".strip()


def _person(get: Callable[[str], Any]) -> Person:
    return Person._make([get(name) or "" for name in _PERSON])


def _has_key(get: Callable[[str], Any]) -> bool:
    return any(get(name) for name in _KEY_COLUMNS)


def kind() -> Kind:
    """Members as a kind of file."""

    def make(options: Options) -> TableImport[Member, Reading]:
        return TableImport(lambda: MemberImporter(options.zone), options)

    return Kind("members", _lazy("Members"), legacy.FIELDS, legacy.ALIASES, MemberImporter.needs, make)


def plan(sheet: Sheet, *, zone: ZoneInfo | None = None, progress: Callable[[int], None] | None = None) -> Plan:
    """What importing these members would do; nothing is written. Times without a zone are in `zone`."""
    return imports.make_plan(sheet, MemberImporter(zone), progress=progress)


def apply(plan: Plan, *, by: Actor, at: datetime) -> ImportReport:
    """Write what `plan` shows, or nothing: see `checkin_project.platform.imports.apply_plan`."""
    importer = MemberImporter()
    importer.records = plan.records
    return imports.apply_plan(plan, importer, by=by, at=at)
