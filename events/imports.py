"""Events from spreadsheets of several generations, onto the events that are there already."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from difflib import SequenceMatcher
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from simple_history.utils import bulk_create_with_history

from checkin_project.platform import imports
from checkin_project.platform.access import Actor
from checkin_project.platform.imports import ImportReport, Likely, Options, Placement, Plan, Record, batches
from checkin_project.platform.imports.kinds import Kind
from checkin_project.platform.imports.tables import TableImport
from checkin_project.platform.legacy import other_legacy_ids, with_legacy_id
from checkin_project.platform.sheets import Problem, Sheet
from checkin_project.platform.text import fold
from events import legacy
from events.legacy import Reading
from events.models import CheckInSettings, Event

_FIELDS = [
    "legacy_id",
    "name",
    "starts_at",
    "ends_at",
    "all_day",
    "location",
    "hidden",
    "created_at",
    "timezone",
    "extra",
    "code",
]
_SIMILAR = 0.8  # share of letters in order: "Linkdln Workshop" and "LinkedIn Workshop" have 0.91
_MOST_LIKELY = 3

# What makes two rows one event where no id does: folded name, local date, folded location.
Identity = tuple[str, date, str]


class EventImporter(imports.Importer[Event, Reading]):
    model = Event
    parts = (CheckInSettings,)
    aliases = legacy.ALIASES
    needs = (frozenset({"name"}), frozenset({"event_date"}))

    def __init__(self, zone: ZoneInfo | None = None) -> None:
        super().__init__()
        self._zone = zone or ZoneInfo(settings.TIME_ZONE)
        self._by_id: dict[str, int] = {}
        self._by_code: dict[str, int] = {}
        self._by_identity: dict[Identity, int] = {}
        self._by_day: dict[date, list[int]] = {}

    def load(self) -> None:
        for pk, *values in Event.objects.order_by("pk").values_list("pk", *_FIELDS).iterator():
            self.records.append(Record(pk, dict(zip(_FIELDS, values, strict=True))))
            self._by_code[self.records[-1].get("code")] = len(self.records) - 1
            self._remember(len(self.records) - 1)

    def _remember(self, number: int) -> None:
        record = self.records[number]
        for legacy_id in (record.get("legacy_id"), *other_legacy_ids(record.get("extra") or {})):
            if legacy_id:
                self._by_id.setdefault(legacy_id, number)
        identity = self._identity(record.get)
        self._by_identity.setdefault(identity, number)
        same_day = self._by_day.setdefault(identity[1], [])
        if number not in same_day:
            same_day.append(number)

    def _identity(self, get: Callable[[str], Any]) -> Identity:
        """The date is the event's own; a new event is in the zone of this import."""
        zone = ZoneInfo(get("timezone")) if get("timezone") else self._zone
        return fold(get("name")), get("starts_at").astimezone(zone).date(), fold(get("location") or "")

    def read(self, cells: Mapping[str, str], unknown: Mapping[str, str]) -> Reading:
        return legacy.read_row(cells, unknown, self._zone)

    def with_id(self, legacy_id: str) -> int | None:
        """The event that one of its ids, or else its code, names."""
        return self._by_id.get(legacy_id, self._by_code.get(legacy_id))

    def place(self, reading: Reading) -> Placement:
        identity = self._identity(reading.values.get)
        by_id = self.with_id(reading.values.get("legacy_id", ""))
        by_identity = self._by_identity.get(identity)
        if by_id is None and by_identity is None:
            return Placement(likely=self._likely(identity))
        if by_id is None or by_identity in (None, by_id) or self._is_described(by_id, identity, reading):
            return self._one(by_identity if by_id is None else by_id, identity, reading)
        says = {"by_id": self.describe(self.records[by_id]), "other": self.describe(self.records[by_identity or 0])}
        reason = _("The id belongs to %(by_id)s, but name, date and location to %(other)s.")
        return Placement(problems=(("legacy_id", reason % says),))

    def _is_described(self, number: int, identity: Identity, reading: Reading) -> bool:
        """Two events may share name, date and place; then the id says which.

        A moment has its date on the event's clock.
        """
        record = self.records[number]
        there = self._identity({**reading.values, "timezone": record.get("timezone")}.get)
        return self._identity(record.get) in (identity, there)

    def _one(self, number: int | None, identity: Identity, reading: Reading) -> Placement:
        record = self.records[number or 0]
        other = self._identity(record.get)
        if other[0] != identity[0] and other[1] != identity[1]:
            reason = _("The id belongs to %(name)s on %(day)s, but the row describes another event.")
            names = {"name": self.describe(record), "day": other[1].isoformat()}
            return Placement(problems=(("legacy_id", reason % names),))
        return Placement(number)

    def _likely(self, identity: Identity) -> tuple[Likely, ...]:
        """Events of that day with this name elsewhere, or with a name that is nearly this one."""
        found = []
        for number in self._by_day.get(identity[1], ()):
            record = self.records[number]
            score = SequenceMatcher(None, identity[0], fold(record.get("name"))).ratio()
            if score >= _SIMILAR:
                reasons = (_("same day"), _("same name") if score == 1 else _("similar name"))
                line = 0 if record.pk else record.line
                found.append(Likely(self.label(record), reasons, round(100 * score), record.pk, line, number))
        return tuple(sorted(found, key=lambda likely: -likely.score)[:_MOST_LIKELY])

    def merge(self, number: int, reading: Reading) -> None:
        record = self.records[number]
        values = dict(reading.values)
        extra = {**(record.get("extra") or {}), **reading.extra}
        legacy_id, known_id = values.pop("legacy_id", ""), record.get("legacy_id")
        if legacy_id == record.get("code"):
            legacy_id = ""  # our own exports name events without an older id so
        if legacy_id and not known_id:
            values["legacy_id"] = legacy_id
        elif legacy_id and legacy_id != known_id:
            extra = with_legacy_id(extra, legacy_id)
        if self._keeps_times(record, values):
            for name in ("starts_at", "ends_at", "all_day"):
                values.pop(name, None)
        known_at = record.get("created_at")
        if known_at and values.get("created_at", known_at) >= known_at:
            values.pop("created_at", None)
        record.values |= values
        if extra != (record.get("extra") or {}):
            record.values["extra"] = extra
        self._remember(number)

    @staticmethod
    def _keeps_times(record: Record, values: Mapping[str, Any]) -> bool:
        """Staff may have set hours; a date alone does not take them away, nor does a missing end set one."""
        if record.get("starts_at") is None:
            return False
        if not values["all_day"]:
            return bool(record.get("starts_at") == values["starts_at"])
        return bool(values["starts_at"] <= record.get("starts_at") < values["ends_at"])

    def label(self, record: Record) -> str:
        return str(record.get("name"))

    def taken(self, records: Sequence[Record]) -> Iterator[Problem]:
        new = {record.values["legacy_id"]: record for record in records if record.values.get("legacy_id")}
        for batch in batches(legacy_id for legacy_id, record in new.items() if not record.stored.get("legacy_id")):
            for legacy_id in Event.objects.filter(legacy_id__in=batch).values_list("legacy_id", flat=True):
                reason = _("An event with this id was added since the preview.")
                yield Problem(new[legacy_id or ""].line, "legacy_id", legacy_id or "", reason)
        yield from self._twins([record for record in records if record.pk is None])

    def _twins(self, new: Sequence[Record]) -> Iterator[Problem]:
        """Events stored since the plan was made that are what the file calls new."""
        known = {record.pk for record in self.records}
        identities = {self._identity(record.get): record for record in new}
        for batch in batches({record.get("starts_at") for record in new}):
            found = Event.objects.filter(starts_at__in=batch).values("pk", "name", "starts_at", "location", "timezone")
            for row in found:
                twin = identities.get(self._identity(row.get))
                if twin is not None and row["pk"] not in known:
                    yield Problem(twin.line, "name", row["name"], _("This event was added since the preview."))

    def build(self, values: Mapping[str, Any]) -> Event:
        fields = {name: value for name, value in values.items() if name not in self.automatic}
        return Event(**fields, source=Event.Source.IMPORT, timezone=self._zone.key)

    def held(self, pks: Sequence[int]) -> Iterator[tuple[int, str]]:
        """Events whose settings somebody changed."""
        changed = CheckInSettings.history.filter(event_id__in=pks, history_type="~")
        for pk in changed.order_by().values_list("event_id", flat=True).distinct():
            yield pk, _("The check-in settings of this event were changed since the import.")

    def finish(self, created: Sequence[Event], updated: Sequence[Event]) -> None:
        """As Event.save() does: every event has its CheckInSettings from the start."""
        if created:
            rows = [CheckInSettings(event=event) for event in created]
            bulk_create_with_history(rows, CheckInSettings, batch_size=1000, default_change_reason="import")


def kind() -> Kind:
    """Events as a kind of file."""

    def make(options: Options) -> TableImport[Event, Reading]:
        return TableImport(lambda: EventImporter(options.zone), options)

    return Kind("events", _lazy("Events"), legacy.FIELDS, legacy.ALIASES, EventImporter.needs, make)


def plan(sheet: Sheet, *, zone: ZoneInfo | None = None, progress: Callable[[int], None] | None = None) -> Plan:
    """What importing these events would do; nothing is written. Dates and times without a zone are in `zone`."""
    return imports.make_plan(sheet, EventImporter(zone), progress=progress)


def apply(plan: Plan, *, by: Actor, at: datetime, zone: ZoneInfo | None = None) -> ImportReport:
    """Write what `plan` shows, or nothing: see `checkin_project.platform.imports.apply_plan`."""
    importer = EventImporter(zone)
    importer.records = plan.records
    return imports.apply_plan(plan, importer, by=by, at=at)
